"""German for what keeps a campaign from starting, and for the refusals of campaigns: by the English sentence, as in `refusals`."""

SENTENCES = {
    "There is no category {}. Choose one.": "Eine Kategorie {0} gibt es nicht. Wählen Sie eine.",
    "A campaign is high, normal or low.": "Eine Kampagne ist hoch, normal oder niedrig.",
    "There is no channel {}. The channels are {}.": "Einen Kanal {0} gibt es nicht. Die Kanäle sind {1}.",
    "There is no message. Add one.": "Es gibt keine Nachricht. Fügen Sie eine hinzu.",
    "There are {} variants, more than {}. Remove some.": "Es sind {0} Varianten, mehr als {1}. Nehmen Sie welche heraus.",
    "Nobody is chosen. Pick an audience.": "Niemand ist gewählt. Wählen Sie eine Zielgruppe.",
    "The pace is 0 (as fast as it goes) to {} people a second.": "Das Tempo ist 0 (so schnell es geht) bis {0} Personen je Sekunde.",
    "It may be of use for at most 30 days.": "Sie kann höchstens 30 Tage von Nutzen sein.",
    "The window needs two different times like 09:00 and 18:00, and at least one day.": "Das Fenster braucht zwei verschiedene Uhrzeiten wie 09:00 und 18:00 und mindestens einen Tag.",
    "Choose a day and a time.": "Wählen Sie Tag und Uhrzeit.",
    "This time is over. Choose one that is to come, or send it now.": "Diese Zeit ist vorbei. Wählen Sie eine künftige, oder senden Sie jetzt.",
    "The weights of the variants come to {}, not to 100. Change one.": "Die Anteile der Varianten ergeben {0}, nicht 100. Ändern Sie einen.",
    "One message and nobody held out: there is nothing to compare. Add a variant, or hold some people out.": (
        "Eine Nachricht und niemand außen vor: es gibt nichts zu vergleichen. Fügen Sie eine Variante hinzu, oder lassen Sie eine Gruppe ohne Nachricht."
    ),
    "At most half of the people are held out, and at least 1 of a hundred is tried on.": "Höchstens die Hälfte bleibt außen vor, und erprobt wird an mindestens 1 von hundert.",
    "A conversion is an event that says what somebody did, like order.placed. Name its type.": "Ein Abschluss ist ein Ereignis, das sagt, was jemand tat, wie order.placed. Nennen Sie seinen Typ.",
    "Many opens are made by machines that look at mails before people do. Clicks or conversions say more.": (
        "Viele Öffnungen stammen von Maschinen, die Mails vor den Personen ansehen. Klicks oder Abschlüsse sagen mehr."
    ),
    "A gain is between 0 and 1, days 1 to 90, people at least 1, and a window 1 to 90 days.": (
        "Ein Zuwachs liegt zwischen 0 und 1, Tage bei 1 bis 90, Personen bei mindestens 1 und ein Fenster bei 1 bis 90 Tagen."
    ),
    "{} is a category of what people did; nobody is told of it. Choose another.": "{0} ist eine Kategorie dessen, was Personen taten; davon erfährt niemand. Wählen Sie eine andere.",
    "Variant {} has no template. Pick one.": "Variante {0} hat keine Vorlage. Wählen Sie eine.",
    "The template {} of variant {} has no published version. Publish it first.": "Die Vorlage {0} der Variante {1} hat keine veröffentlichte Version. Veröffentlichen Sie sie zuerst.",
    "The template {} says nothing on {}. Choose other channels, or another template.": "Die Vorlage {0} sagt nichts für {1}. Wählen Sie andere Kanäle oder eine andere Vorlage.",
    "The template {} says nothing on {}: nobody gets it there.": "Die Vorlage {0} sagt nichts für {1}: dort bekommt sie niemand.",
    "The template {} needs {} for {}. Write it among the values for the messages (data).": "Die Vorlage {0} braucht {1} für {2}. Geben Sie es bei den Werten für die Nachrichten (data) an.",
    "There is no audience {} any more. Pick another.": "Die Zielgruppe {0} gibt es nicht mehr. Wählen Sie eine andere.",
    "This is more than a year ahead. Choose an earlier time.": "Das liegt mehr als ein Jahr voraus. Wählen Sie eine frühere Zeit.",
    "There are {} variants and nothing says how to tell which is better. Choose what is measured.": (
        "Es sind {0} Varianten, und nichts sagt, woran man die bessere erkennt. Wählen Sie, was gemessen wird."
    ),
    "The clock of {} skips {} on that day: it goes at {}.": "Die Uhr von {0} überspringt {1} an diesem Tag: sie geht um {2}.",
    "In some zones this hour is over already: who lives there is told at once, or not at all once it is over by {} minutes.": (
        "In manchen Zonen ist diese Stunde schon vorbei: wer dort lebt, erfährt es sofort, oder gar nicht, wenn sie {0} Minuten vorbei ist."
    ),
    "There is no campaign {} here. Check its key.": "Die Kampagne {0} gibt es hier nicht. Prüfen Sie ihren Schlüssel.",
    "Nobody is in this audience now, so nobody would get it. Look at its rule.": "Niemand ist zurzeit in dieser Zielgruppe, niemand bekäme sie. Sehen Sie sich ihre Regel an.",
    "This goes to {} people, {}. Repeat the number to confirm.": "Das geht an {0} Personen, {1}. Wiederholen Sie die Zahl zur Bestätigung.",
    "A second person has to approve this first. Submit it.": "Eine zweite Person muss erst zustimmen. Bitten Sie um Freigabe.",
    "You submitted this yourself; a second person has to look at it.": "Sie haben selbst darum gebeten; eine zweite Person muss es ansehen.",
    "People were chosen and told already: the audience, the category, the number of variants and the experiment stay as they are. Change texts, pace or window, or cancel it and start another.": (
        "Personen wurden schon gewählt und benachrichtigt: Zielgruppe, Kategorie, Zahl der Varianten und Experiment bleiben. Ändern Sie Texte, Tempo oder Fenster, "
        "oder brechen Sie ab und beginnen Sie eine andere."
    ),
}
