"""German for what a file of people is refused with, and for what became of an import; see `refusals`."""

_SAVE = "Speichern Sie sie noch einmal als „CSV UTF-8“ und senden Sie diese."

SENTENCES = {
    "The file is empty. Send one with a line of column names and a line for each person.": "Die Datei ist leer. Senden Sie eine mit einer Zeile der Spaltennamen und einer Zeile je Person.",
    "The file names columns and nobody: no row follows. Send one with a line for each person.": "Die Datei nennt Spalten und niemanden: Es folgt keine Zeile. Senden Sie eine mit einer Zeile je Person.",
    "The first line has no columns. Begin the file with a line of column names.": "Die erste Zeile hat keine Spalten. Beginnen Sie die Datei mit einer Zeile der Spaltennamen.",
    "The file is larger than {} MB. Divide it and import the parts one after the other.": "Die Datei ist größer als {0} MB. Teilen Sie sie und importieren Sie die Teile nacheinander.",
    "The file has more than {} rows. Divide it and import the parts one after the other.": "Die Datei hat mehr als {0} Zeilen. Teilen Sie sie und importieren Sie die Teile nacheinander.",
    "Line {} has {} columns, {} at most are read. Take out what notifications do not need.": "Zeile {0} hat {1} Spalten, höchstens {2} werden gelesen. Nehmen Sie heraus, was Benachrichtigungen nicht brauchen.",
    "Line {} is not UTF-8, though the file says that it is. {}": f"Zeile {{0}} ist nicht in UTF-8, obwohl die Datei es von sich sagt. {_SAVE}",
    "Line {} is not UTF-8, though lines before it are. {}": f"Zeile {{0}} ist nicht in UTF-8, obwohl Zeilen davor es sind. {_SAVE}",
    "Line {} is not UTF-16, though the file begins so. {}": f"Zeile {{0}} ist nicht in UTF-16, obwohl die Datei so beginnt. {_SAVE}",
    "Line {} is written in neither UTF-8 nor Windows-1252. {}": f"Zeile {{0}} ist weder in UTF-8 noch in Windows-1252 geschrieben. {_SAVE}",
    "Line {} holds the character NUL, which no text has. Is this a CSV file? {}": f"Zeile {{0}} enthält das Zeichen NUL, das in keinem Text steht. Ist das eine CSV-Datei? {_SAVE}",
    'A cell that begins in line {} or soon after never ends: its quotation mark (") is not closed. Close it, or write a mark within a cell twice.':
        'Eine Zelle, die in Zeile {0} oder bald danach beginnt, endet nie: Ihr Anführungszeichen (") ist nicht geschlossen. Schließen Sie es, oder schreiben Sie es innerhalb einer Zelle doppelt.',
    'In or behind line {} something follows a closing quotation mark ("). Write a mark within a cell twice.':
        'In oder nach Zeile {0} folgt etwas auf ein schließendes Anführungszeichen ("). Schreiben Sie es innerhalb einer Zelle doppelt.',
    "Line {} cannot be read as CSV. {}": f"Zeile {{0}} ist nicht als CSV zu lesen. {_SAVE}",
    "{} files are being read or imported. Wait until one is done, then send the next.": "{0} Dateien werden gerade gelesen oder importiert. Warten Sie, bis eine fertig ist, dann senden Sie die nächste.",
    "The import was cancelled while its file was sent. Send the file again.": "Der Import wurde aufgegeben, während seine Datei gesendet wurde. Senden Sie die Datei erneut.",
    "The connection ended before the body did. Send the request again.": "Die Verbindung endete, bevor alles da war. Senden Sie es erneut.",
    "The upload broke off before the file was whole. Nothing was changed. Send the file again.": "Das Hochladen brach ab, bevor die Datei ganz war. Nichts wurde geändert. Senden Sie die Datei erneut.",
    "The file was not kept whole. Nothing was changed. Send the file again.": "Die Datei wurde nicht ganz aufbewahrt. Nichts wurde geändert. Senden Sie die Datei erneut.",
    # ---- what columns are
    "The file has no column {}. Map those it has.": "Die Datei hat keine Spalte {0}. Ordnen Sie die zu, die sie hat.",
    "{} is nothing a column can be. Use one of {} or attribute:<name>.": "{0} kann eine Spalte nicht sein. Wählen Sie {1} oder attribute:<Name>.",
    "An attribute's name is 1 to 64 characters without quotation marks, bars and control characters. Choose another.":
        "Der Name eines Merkmals hat 1 bis 64 Zeichen ohne Anführungszeichen, senkrechte Striche und Steuerzeichen. Wählen Sie einen anderen.",
    "Two columns are taken for {}. Let one of them be ignored.": "Zwei Spalten werden für {0} genommen. Lassen Sie eine davon weg.",
    "A column is the user id, and the e-mail address is to be it, too. Choose one of them.": "Eine Spalte ist die Nutzer-ID, und die E-Mail-Adresse soll es auch sein. Wählen Sie eines von beiden.",
    "No column is the user id. Say which one is, or let the e-mail address be it.": "Keine Spalte ist die Nutzer-ID. Sagen Sie, welche es ist, oder lassen Sie es die E-Mail-Adresse sein.",
    "The user id is to be the e-mail address, and no column is that. Say which one is.": "Die Nutzer-ID soll die E-Mail-Adresse sein, und keine Spalte ist das. Sagen Sie, welche es ist.",
    "Only a marketing category asks people for consent. Choose one of those, or none.": "Nur eine Kategorie der Werbung fragt nach Zustimmung. Wählen Sie eine von diesen oder keine.",
    "An import is no opt-in. To note that these people agreed, say where they did (source) and what shows it (evidence).":
        "Ein Import ist keine Zustimmung. Um zu vermerken, dass diese Personen zugestimmt haben, sagen Sie, wo sie es taten und was es belegt.",
    "There is no list {}. Give it a name to have it made, or choose one that is there.": "Die Liste {0} gibt es nicht. Geben Sie ihr einen Namen, um sie anzulegen, oder wählen Sie eine, die da ist.",
    "{} is a rule: who it names follows from what is known of them. Choose a list.": "{0} ist eine Regel: Wen sie nennt, folgt aus dem, was bekannt ist. Wählen Sie eine Liste.",
    # ---- what is done with it
    "This import is {}; it cannot be changed any more. Send the file again to import it anew.": "An diesem Import ist nichts mehr zu ändern. Senden Sie die Datei erneut, um sie neu zu importieren.",
    "The rows are not checked yet. Say what the columns are and wait until every row was looked at.": "Die Zeilen sind noch nicht geprüft. Sagen Sie, was die Spalten sind, und warten Sie, bis jede Zeile angesehen wurde.",
    "Every row is refused, so there is nothing to apply. Look at the file of errors, and send the file again.":
        "Jede Zeile ist abgelehnt, es gibt nichts zu übernehmen. Sehen Sie in die Datei der abgelehnten Zeilen, und senden Sie die Datei erneut.",
    "{} rows would be applied, {} were confirmed. Look at it again and confirm that number.": "{0} Zeilen würden übernommen, {1} wurden bestätigt. Sehen Sie es noch einmal an und bestätigen Sie diese Zahl.",
    "It was started, and {} rows are left: it goes through to its end within moments, so that nothing stays half done.":
        "Er wurde gestartet, {0} Zeilen stehen noch aus: Er läuft binnen Augenblicken bis zum Ende durch, damit nichts halb getan bleibt.",
    "There is no such import here. Take its id from the list of imports.": "Diesen Import gibt es hier nicht. Öffnen Sie ihn aus der Liste der Importe.",
}  # fmt: skip
