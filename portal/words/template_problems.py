"""German of what is wrong with a template: the sentence without its place, which the studio says itself; `{}` in the English stands for what is named.

`SENTENCES` are ours. `OTHERS` are those of the template language's parser (Jinja), and ours that are put together of two.
"""

SENTENCES = {
    # ---- how it is written
    "the source is longer than {} KB. Make it shorter.": "Der Text ist länger als {0} KB. Kürzen Sie ihn.",
    "the source is nested too deeply. Make it simpler.": "Der Text ist zu tief verschachtelt. Machen Sie ihn einfacher.",
    "nested too deeply. Make it simpler.": "Das ist zu tief verschachtelt. Machen Sie es einfacher.",
    "the source is too complex. Make it simpler.": "Der Text ist zu verwickelt. Machen Sie ihn einfacher.",
    "more than {} loops inside loops.": "Mehr als {0} Schleifen stehen ineinander. Nehmen Sie eine heraus.",
    "'autoescape' is not available in templates. HTML is always escaped, texts never are.": "'autoescape' gibt es in Vorlagen nicht. HTML wird immer geschützt, Text nie.",
    "'{}' is not available in templates. Write the text out where it is needed.": "'{0}' gibt es in Vorlagen nicht. Schreiben Sie den Text dort aus, wo er gebraucht wird.",
    "'raw' is not available in the HTML of a mail. Print the text instead: {{ '{{' }}.": "'raw' gibt es im HTML einer E-Mail nicht. Geben Sie den Text aus: {{ '{{' }}.",
    "'{}' begins with _, and such names are closed. Choose another name.": "'{0}' beginnt mit _, und solche Namen sind gesperrt. Wählen Sie einen anderen.",
    "'{}' is a word of the template language here. Choose another name.": "'{0}' ist hier ein Wort der Vorlagensprache. Wählen Sie einen anderen Namen.",
    "'.{}' is not available: names that begin with _ are closed.": "'.{0}' gibt es nicht: Namen, die mit _ beginnen, sind gesperrt.",
    "'.{}' is not available in templates: names that begin with _ are closed.": "'.{0}' gibt es in Vorlagen nicht: Namen, die mit _ beginnen, sind gesperrt.",
    "there is no test '{}'.": "Die Prüfung '{0}' gibt es nicht.",
    "there is no {}.{}. Did you mean {}.{}? Own values belong in data.": "{0}.{1} gibt es nicht. Meinten Sie {2}.{3}? Eigene Werte stehen in data.",
    "only range() can be called. Use a filter instead: {{ name|upper }}.": "Aufrufen lässt sich nur range(). Nehmen Sie einen Filter: {{ name|upper }}.",
    "Calls are not available in templates, only range(). Use a filter instead: {{ name|upper }}.": "Aufrufen lässt sich in Vorlagen nur range(). Nehmen Sie einen Filter: {{ name|upper }}.",
    "a list may only hold plain texts and numbers. Send lists in data.": "Eine Liste enthält hier nur Texte und Zahlen. Andere Listen gehören in die Daten.",
    "recursive loops are not available in templates.": "Schleifen, die sich selbst aufrufen, gibt es in Vorlagen nicht.",
    "a loop runs over a list of data: {% for item in data.items %}.": "Eine Schleife läuft über eine Liste der Daten: {% for item in data.items %}.",
    "the HTML would be moved apart here. Put values and loops of a table inside its rows and cells.":
        "Hier würde das HTML auseinandergerissen. Setzen Sie Werte und Schleifen einer Tabelle in ihre Zeilen und Zellen.",
    "the styles cannot be read: {}. Check the <style> part.": "Die Stile lassen sich nicht lesen: {0}. Prüfen Sie den Teil <style>.",
    # ---- layouts and partials
    "A text with its layout and partials is longer than {} KB. Make it shorter.": "Ein Text ist mit Rahmen und Bausteinen länger als {0} KB. Kürzen Sie ihn.",
    "the layout '{}' has {} places for the content. Write {% content %} in it once.": "Der Rahmen '{0}' hat {1} Stellen für den Inhalt. Schreiben Sie {{% content %}} genau einmal hinein.",
    "partials inside partials more than {} deep, or one that includes itself. Take one out.":
        "Bausteine stehen mehr als {0} tief ineinander, oder einer enthält sich selbst. Nehmen Sie einen heraus.",
    # ---- languages
    "More than {} locales. Use fewer, such as de instead of de-DE, de-AT and de-CH.": "Das sind mehr als {0} Sprachen. Nehmen Sie weniger, etwa de statt de-DE, de-AT und de-CH.",
    "{} is no locale. Use a tag such as de or de-AT.": "{0} ist keine Sprache. Schreiben Sie sie wie de oder de-AT.",
    "The locale {} holds locales again. Put them side by side.": "In der Sprache {0} stehen noch einmal Sprachen. Stellen Sie sie nebeneinander.",
    "at most four actions, each with its own key.": "Höchstens vier Aktionen, jede mit einer eigenen Kennung.",
    # ---- values
    "the samples do not bring {}. Add it to the samples, or give it a default.": "In den Beispieldaten fehlt {0}. Nehmen Sie es auf, oder geben Sie ihm einen Vorgabewert.",
    "The template {} needs {}, and the event does not bring it. Send it, or give the template a default: {{ name|default('...') }}.":
        "Die Vorlage {0} braucht {1}, und das Ereignis bringt es nicht mit. Geben Sie es mit, oder der Vorlage einen Vorgabewert: {{{{ name|default('...') }}}}.",
    "The template {} needs {} for {}, and the event does not bring it. Send it in data, or give the template a default: {{ name|default('...') }}.":
        "Die Vorlage {0} braucht {1} für {2}, und das Ereignis bringt es nicht mit. Geben Sie es in den Daten mit, oder der Vorlage einen Vorgabewert: {{{{ name|default('...') }}}}.",
    "data is nested deeper than {}. Send it flatter.": "Die Daten sind tiefer als {0} verschachtelt. Machen Sie sie flacher.",
    "data cannot be written as JSON: {}": "Die Daten lassen sich nicht als JSON schreiben: {0}",
    "a value brings a line break, and this must be one line. Remove it from the value.": "Ein Wert bringt einen Zeilenumbruch mit, und hier steht nur eine Zeile. Nehmen Sie ihn aus dem Wert.",
    "nothing is left when it is rendered. It needs a text.": "Ausgefüllt bleibt nichts übrig. Hier gehört ein Text hin.",
    "{} characters; {} are allowed. Shorten it, for example with |truncate.": "Das sind {0} Zeichen; {1} sind erlaubt. Kürzen Sie, zum Beispiel mit |truncate.",
    "this does not work with the data given: {}. Check the value or the filter.": "Mit diesen Daten geht das nicht: {0}. Prüfen Sie den Wert oder den Filter.",
    "Only texts and numbers can be printed. Print one of its values, or use |join or |tojson.":
        "Ausgeben lassen sich nur Texte und Zahlen. Geben Sie einen der Werte darin aus, oder nehmen Sie |join oder |tojson.",
    "'{}' is asked of a value that holds no others. Use a filter: {{ name|upper }}.": "'{0}' wird von einem Wert verlangt, der keine anderen enthält. Nehmen Sie einen Filter: {{{{ name|upper }}}}.",
    "'{}' is for numbers (and + for two texts). Use ~ to put texts together.": "'{0}' ist für Zahlen da (und + für zwei Texte). Texte fügen Sie mit ~ zusammen.",
    "A number is too large to calculate with.": "Eine Zahl ist zu groß, um damit zu rechnen.",
    "A division by zero. Ask first: {% if total %} ... {% endif %}.": "Hier wird durch null geteilt. Fragen Sie zuerst: {% if total %} ... {% endif %}.",
    # ---- loops and length
    "A loop runs over lists of data only. For an object use `for key, value in thing|items`.":
        "Eine Schleife läuft nur über Listen der Daten. Für ein Objekt schreiben Sie `for key, value in thing|items`.",
    "A loop runs over {} rows; {} are allowed. Send fewer rows.": "Eine Schleife läuft über {0} Zeilen; {1} sind erlaubt. Senden Sie weniger.",
    "The loops of this message make more than {} turns together. Use fewer loops inside loops.":
        "Die Schleifen dieser Nachricht laufen zusammen mehr als {0} Mal. Setzen Sie weniger Schleifen ineinander.",
    "range() takes one to three whole numbers.": "range() nimmt eine bis drei ganze Zahlen.",
    "range() may give at most {} numbers, and its step may not be 0. Loop over a list of data instead.":
        "range() gibt höchstens {0} Zahlen, und der Schritt ist nicht 0. Nehmen Sie eine Liste der Daten.",
    "The rendered text is longer than {} KB. Print less, or show fewer rows.": "Der ausgefüllte Text ist länger als {0} KB. Geben Sie weniger aus, oder zeigen Sie weniger Zeilen.",
    # ---- filters
    "{} is not a number that can be shown. Send a number, such as 12.5.": "{0} ist keine Zahl, die sich zeigen lässt. Senden Sie eine, etwa 12.5.",
    "The digits of a number are 0 to 10.": "Eine Zahl hat 0 bis 10 Nachkommastellen.",
    "A currency is three letters, such as EUR.": "Eine Währung hat drei Buchstaben, etwa EUR.",
    "{} is no time zone. Use a name such as Europe/Berlin.": "{0} ist keine Zeitzone. Nehmen Sie einen Namen wie Europe/Berlin.",
    "{} is no date. Send ISO 8601, such as 2026-03-01T12:00:00Z, or seconds since 1970.": "{0} ist kein Datum. Senden Sie ISO 8601, etwa 2026-03-01T12:00:00Z, oder Sekunden seit 1970.",
    "A date is shown as one of: {}.": "Ein Datum lässt sich so zeigen: {0}.",
    "The date lies too far away to be shown in this time zone.": "Das Datum liegt zu weit weg, um es in dieser Zeitzone zu zeigen.",
    "replace() needs a text to look for.": "replace() braucht einen Text, der gesucht wird.",
    "replace() would make the text too long.": "replace() würde den Text zu lang machen.",
    "join() is for lists of at most 1,000 values.": "join() ist für Listen mit höchstens 1.000 Werten.",
    "join() would make the text too long.": "join() würde den Text zu lang machen.",
    "This value cannot be written as JSON.": "Dieser Wert lässt sich nicht als JSON schreiben.",
    "items is for objects.": "items ist für Objekte.",
    "length is for lists, objects and texts.": "length ist für Listen, Objekte und Texte.",
    "first and last are for lists and texts.": "first und last sind für Listen und Texte.",
    # ---- links
    "The link begins with {}:, which may not be sent. Use https, http, mailto or tel.": "Der Link beginnt mit {0}:, und das wird nicht gesendet. Nehmen Sie https, http, mailto oder tel.",
    "The part of the link before ':' is no scheme. Use https, http, mailto or tel.": "Was im Link vor ':' steht, ist kein Schema. Nehmen Sie https, http, mailto oder tel.",
}  # fmt: skip

OTHERS = {
    "there is no layout '{}'. Make it under Templates, Layouts and partials, or choose another.":
        "Den Rahmen '{0}' gibt es nicht. Legen Sie ihn unter Vorlagen, Rahmen und Bausteine an, oder wählen Sie einen anderen.",
    "there is no partial '{}'. Make it under Templates, Layouts and partials, or choose another.":
        "Den Baustein '{0}' gibt es nicht. Legen Sie ihn unter Vorlagen, Rahmen und Bausteine an, oder wählen Sie einen anderen.",
    "there is no filter '{}'. Did you mean '{}'?": "Den Filter '{0}' gibt es nicht. Meinten Sie '{1}'?",
    "there is no filter '{}'. There are: {}.": "Den Filter '{0}' gibt es nicht. Es gibt: {1}.",
    "Encountered unknown tag '{}'. Only if, elif, else, for, set and raw are available in templates.":
        "'{0}' steht hier falsch, oder es gibt es nicht. In Vorlagen gibt es nur if, elif, else, for, set und raw.",
    "Encountered unknown tag '{}'.{} Only if, elif, else, for, set and raw are available in templates.":
        "'{0}' steht hier falsch, oder es gibt es nicht. In Vorlagen gibt es nur if, elif, else, for, set und raw; was geöffnet wird, wird in umgekehrter Folge geschlossen.",
    "Encountered unknown tag '{}'.{}": "'{0}' steht hier falsch, oder es gibt es nicht. Was geöffnet wird, wird in umgekehrter Folge geschlossen.",
    "Unexpected end of template. Jinja was looking for the following tags: {}. The innermost block that needs to be closed is '{}'.":
        "Der Text endet, und '{1}' ist noch offen. Schließen Sie es mit {{% end{1} %}}.",
    "Unexpected end of template.{}": "Der Text endet, bevor alles geschlossen ist.",
    "unexpected end of template, expected 'end of print statement'.": "Der Text endet, und es fehlt }}.",
    "unexpected end of template, expected 'end of statement block'.": "Der Text endet, und es fehlt %}.",
    "unexpected end of template, expected '{}'.": "Der Text endet, und es fehlt '{0}'.",
    "expected token 'end of print statement', got '{}'": "Hier gehört }}}} hin; da steht '{0}'. Ein Wert steht allein zwischen {{{{ und }}}}.",
    "expected token 'end of statement block', got '{}'": "Hier gehört %}} hin; da steht '{0}'.",
    "expected token '{}', got '{}'": "Hier gehört '{0}' hin; da steht '{1}'.",
    "Expected an expression, got '{}'": "Hier fehlt ein Wert; da steht '{0}'.",
    "unexpected char {} at {}": "Das Zeichen {0} gehört hier nicht hin.",
    "unexpected '{}', expected '{}'": "'{0}' gehört hier nicht hin, sondern '{1}'.",
    "unexpected '{}'": "'{0}' gehört hier nicht hin.",
    "Missing end of comment tag": "Der Kommentar wird nicht geschlossen. Schreiben Sie #} an sein Ende.",
    "Missing end of raw directive": "'raw' wird nicht geschlossen. Schreiben Sie {% endraw %} an sein Ende.",
    "tag name expected": "Hinter {% fehlt das Wort, etwa if oder for.",
    "can't assign to '{}'": "'{0}' lässt sich nichts zuweisen.",
    "Invalid character in identifier": "In einem Namen steht ein Zeichen, das nicht dorthin gehört.",
}  # fmt: skip
