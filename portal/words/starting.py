"""The words of the first steps: invitations, the demo, and the way from the demo to real work."""

EN = {
    "invite.title": "You are invited",
    "invite.sub": "Say how you will sign in.",
    "invite.sub.role": "Your role: {role}. The link works once, until {until}.",
    "invite.login": "Take 2 to 100 letters, digits or . _ @ + -, beginning with a letter or digit.",
    "invite.taken": "This name is in use already. Choose another one.",
    "invite.name.bad": "Take a name of at most 200 letters.",
    "invite.away": "The account could not be made: the database does not answer. Try again in a moment.",
    "invite.foreign": "That form came from another page. Use this one.",
    "invite.over.unknown": "This invitation is not known. Check that the link is complete, or ask for a new one.",
    "invite.over.accepted": "This invitation was used already. Sign in with the account that was made with it.",
    "invite.over.revoked": "This invitation was withdrawn. Ask whoever sent it for a new one.",
    "invite.over.expired": "This invitation was good for seven days, which are over. Ask whoever sent it for a new one.",
}
DE = {
    "invite.title": "Sie sind eingeladen",
    "invite.sub": "Legen Sie fest, wie Sie sich anmelden.",
    "invite.sub.role": "Ihre Rolle: {role}. Der Link gilt einmal, bis {until}.",
    "invite.login": "Nehmen Sie 2 bis 100 Buchstaben, Ziffern oder . _ @ + -, vorn einen Buchstaben oder eine Ziffer.",
    "invite.taken": "Dieser Name ist schon vergeben. Wählen Sie einen anderen.",
    "invite.name.bad": "Nehmen Sie einen Namen mit höchstens 200 Buchstaben.",
    "invite.away": "Das Konto konnte nicht angelegt werden: Die Datenbank antwortet nicht. Versuchen Sie es gleich noch einmal.",
    "invite.foreign": "Dieses Formular kam von einer anderen Seite. Nehmen Sie dieses.",
    "invite.over.unknown": "Diese Einladung ist nicht bekannt. Prüfen Sie, ob der Link vollständig ist, oder bitten Sie um eine neue.",
    "invite.over.accepted": "Diese Einladung wurde schon benutzt. Melden Sie sich mit dem Konto an, das damit angelegt wurde.",
    "invite.over.revoked": "Diese Einladung wurde zurückgezogen. Bitten Sie um eine neue.",
    "invite.over.expired": "Diese Einladung galt sieben Tage, die vorbei sind. Bitten Sie um eine neue.",
}
