"""What the demo's events say in German beside English: a letter in German names teapots as Germans do. Pure."""

import re
from typing import Any

SPOKEN = ("what", "tip", "text", "arrives", "device", "month", "day")  # values that are words
_DE = {
    # what the shop has
    "Enamel teapot": "Emailkanne", "Darjeeling, 250 g": "Darjeeling, 250 g", "Stoneware cup": "Steingutbecher", "Oolong, 100 g": "Oolong, 100 g", "Bamboo whisk": "Bambusbesen",
    "Gift card": "Geschenkkarte", "Kettle with thermometer": "Wasserkessel mit Thermometer", "Linen towel": "Leinentuch", "Honey from the heath": "Heidehonig", "Tea tin": "Teedose",
    "stoneware cups": "Steingutbecher", "green teas": "grüne Tees", "kettles": "Wasserkessel", "tea tins": "Teedosen", "everything for travelling": "alle Reisesachen",
    "shipping": "die Versandkosten", "enamel teapots": "Emailkannen", "the autumn shelf": "alle Sachen im Herbstregal", "first flush Darjeeling": "alle Darjeelings der ersten Pflückung",
    "twenty-four small teas": "vierundzwanzig kleine Tees", "gift cards": "Geschenkkarten",
    # tips
    "Three ways to brew oolong": "Drei Arten, Oolong aufzugießen",
    "Cooler water, a smaller pot, shorter steeps: the same leaves give five cups, each of them different.":
        "Kühleres Wasser, eine kleinere Kanne, kürzere Aufgüsse: Dieselben Blätter geben fünf Tassen, und jede schmeckt anders.",
    "How to descale a kettle": "So wird der Wasserkessel wieder blank",
    "Half vinegar, half water, one hour, then twice clear water: nothing else is needed, and nothing scratches.":
        "Halb Essig, halb Wasser, eine Stunde, dann zweimal klares Wasser: Mehr braucht es nicht, und nichts zerkratzt.",
    "Half vinegar, half water, one hour.": "Halb Essig, halb Wasser, eine Stunde.",
    "Where the new harvest comes from": "Woher die neue Ernte kommt",
    "Four gardens, two thousand metres up, picked in the first two weeks of spring. We were there.":
        "Vier Gärten, zweitausend Meter hoch, gepflückt in den ersten zwei Wochen des Frühlings. Wir waren dabei.",
    "Tea that keeps for years": "Tee, der Jahre hält",
    "Some teas become better with age. What you need is a dry shelf, a tin that breathes, and patience.":
        "Manche Tees werden mit den Jahren besser. Es braucht ein trockenes Regal, eine Dose, die atmet, und Geduld.",
    "One leaf, five cups": "Ein Blatt, fünf Tassen",
    "Every Monday a leaf, and what to do with it.": "Jeden Montag ein Blatt, und was man damit macht.",
    "How cold is cold brew?": "Wie kalt ist kalter Aufguss?", "Cold brew that is not bitter": "Kalter Aufguss, der nicht bitter ist",
    "A tip, a picture, and one thing to try this week.": "Ein Tipp, ein Bild und etwas, das Sie diese Woche versuchen können.",
    # talk
    "Did the teapot arrive in one piece?": "Ist die Kanne heil angekommen?", "The second steep is the best one.": "Der zweite Aufguss ist der beste.",
    "I can bring the cups on Saturday.": "Ich kann die Becher am Samstag mitbringen.", "Which water do you use?": "Welches Wasser nimmst du?",
    "Thank you, that was exactly it.": "Danke, genau das war es.", "Shall we order together?": "Bestellen wir zusammen?", "It tastes of apricots.": "Er schmeckt nach Aprikosen.",
    "Who has the recipe for the biscuits?": "Wer hat das Rezept für die Kekse?",
    # days, months, things
    "Monday": "Montag", "Tuesday": "Dienstag", "Wednesday": "Mittwoch", "Thursday": "Donnerstag", "Friday": "Freitag", "Saturday": "Samstag", "Sunday": "Sonntag",
    "January": "Januar", "February": "Februar", "March": "März", "April": "April", "May": "Mai", "June": "Juni", "July": "Juli", "August": "August", "September": "September",
    "October": "Oktober", "November": "November", "December": "Dezember", "a phone": "einem Telefon", "a laptop": "einem Laptop", "a tablet": "einem Tablet",
}  # fmt: skip


def spoken(data: dict[str, Any]) -> dict[str, Any]:
    """Data of an event with its words in German beside them: `what` and `what_de`. Raises `KeyError` for words that have no German."""
    made = {**data, **{f"{name}_de": _DE[data[name]] for name in SPOKEN if name in data}}
    if "lines" in data:
        made["lines"] = [{**line, "name_de": _DE[line["name"]]} for line in data["lines"]]
    return made


def in_german(source: str) -> str:
    """A template's German: it reads the German words, and the others where a program hands in none."""
    return re.sub(rf"\b(data\.(?:{'|'.join(SPOKEN)})|line\.name)\b", r"(\1_de|default(\1))", source)
