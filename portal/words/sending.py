"""Words of sending to an audience."""

EN = {
    "send.to.audience": "An audience",
    "send.audience": "Audience",
    "send.audience.choose": "Choose an audience",
    "send.audience.hint": "Everybody whom its rule names when it is sent. For variants, a schedule or a forecast, make a campaign.",
    "send.audience.none": "There is no audience yet. Make one under Audiences, or send to one person.",
    "send.audience.now": "The audience names {count} people now.",
    "send.audience.now.one": "The audience names 1 person now.",
    "send.audience.nobody": "The audience names nobody now.",
    "send.audience.other": "The audience names {now} people now; it was {before} when you checked. Nothing was sent. Check again.",
}
DE = {
    "send.to.audience": "Eine Zielgruppe",
    "send.audience": "Zielgruppe",
    "send.audience.choose": "Zielgruppe wählen",
    "send.audience.hint": "Alle, die ihre Regel beim Senden nennt. Für Varianten, einen Zeitplan oder eine Vorschau legen Sie eine Kampagne an.",
    "send.audience.none": "Es gibt noch keine Zielgruppe. Legen Sie unter Zielgruppen eine an, oder senden Sie an eine Person.",
    "send.audience.now": "Die Zielgruppe nennt jetzt {count} Personen.",
    "send.audience.now.one": "Die Zielgruppe nennt jetzt 1 Person.",
    "send.audience.nobody": "Die Zielgruppe nennt zurzeit niemanden.",
    "send.audience.other": "Die Zielgruppe nennt jetzt {now} Personen; bei der Prüfung waren es {before}. Nichts wurde gesendet. Prüfen Sie noch einmal.",
}
