"""The public list of reason codes (contracts.md) with their sentences, made when they are read: for staff and for the person.

A sentence is ours; what is put into it (keys, times, words of a provider) is text and stays text: the reader escapes it.
A code is added here and nowhere else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from backend.domain.decision import Reason
from backend.domain.quiet import zone

Audience = Literal["staff", "person"]
LOCALES = ("en", "de")


class Sentences(msgspec.Struct, frozen=True):
    """One code in two languages for two readers; {names} are parameters of the reason, {until} and {at} times in the reader's zone."""

    staff: str
    person: str
    staff_de: str
    person_de: str

    def pick(self, audience: Audience, locale: str) -> str:
        """The sentence for a reader; English where we do not speak the language."""
        german = locale.replace("_", "-").lower().split("-")[0] == "de"
        if audience == "staff":
            return self.staff_de if german else self.staff
        return self.person_de if german else self.person


S = Sentences
SENTENCES: dict[str, Sentences] = {
    "erased": S("The person was erased; nothing is sent to them any more.", "Your data was erased, so nothing is sent to you any more.",
                "Die Person wurde gelöscht; es wird ihr nichts mehr gesendet.", "Ihre Daten wurden gelöscht; Ihnen wird nichts mehr gesendet."),
    "expired": S("It was of use until {at} only and could not go out before.", "It was of use until {at} only, so it was not sent late.",
                 "Sie war nur bis {at} von Nutzen und konnte vorher nicht hinausgehen.", "Sie war nur bis {at} von Nutzen und wurde nicht verspätet gesendet."),
    "cancelled": S("The event was cancelled by {by} at {at}, before the time it was planned for.", "It was called back before it was sent.",
                   "Das Ereignis wurde von {by} am {at} zurückgezogen, bevor seine Zeit kam.", "Sie wurde zurückgezogen, bevor sie gesendet wurde."),
    "superseded": S("A newer event with the same collapse key ({key}) took its place.", "A newer notification about the same thing took its place.",
                    "Ein neueres Ereignis mit demselben Schlüssel ({key}) ist an seine Stelle getreten.", "Eine neuere Benachrichtigung zum selben Thema ist an ihre Stelle getreten."),
    "halted": S("Sending is halted for {scope}; asked again at {until}.", "Sending is stopped for the moment. It waits and goes out when sending goes on.",
                "Der Versand ist angehalten für {scope}; nächste Prüfung {until}.", "Der Versand ruht im Moment. Sie wartet und geht hinaus, sobald es weitergeht."),
    "holdout": S("The person belongs to the holdout group that gets nothing, to measure the effect.", "You are in a group that did not get this one.",
                 "Die Person gehört zur Vergleichsgruppe, die nichts erhält, damit die Wirkung messbar ist.", "Sie gehören zu einer Gruppe, die diese Nachricht nicht erhalten hat."),
    "suppressed": S("The {channel} address is suppressed: {why}.", "Your {channel} address is blocked for sending: {why}.",
                    "Die Adresse ({channel}) ist gesperrt: {why}.", "Ihre Adresse ({channel}) ist für den Versand gesperrt: {why}."),
    "no_consent": S("Category {category} needs a recorded opt-in and there is none.", "You have not asked for news about {category}.",
                    "Die Kategorie {category} braucht eine festgehaltene Einwilligung; es gibt keine.", "Sie haben Nachrichten zu {category} nicht bestellt."),
    "law": S("Advertising by SMS is not allowed there at this hour ({rule}); until {until}.", "The law lets advertising reach you in the daytime only.",
             "Werbung per SMS ist dort zu dieser Stunde nicht erlaubt ({rule}); bis {until}.", "Werbung darf Sie nach dem Gesetz nur tagsüber erreichen."),
    "country_not_allowed": S("The provider's settings do not allow texts to the country of this number.", "We do not send texts to the country of your number.",
                             "Die Einstellungen des Anbieters erlauben keine SMS in das Land dieser Nummer.", "In das Land Ihrer Nummer senden wir keine SMS."),
    "number_unfit": S("No text can reach this number: it is a landline, or nobody can have it.", "Your number cannot take texts.",
                      "Diese Nummer kann keine SMS empfangen: es ist ein Festnetzanschluss, oder es kann sie nicht geben.", "Ihre Nummer kann keine SMS empfangen."),
    "spend_cap": S("What the provider may cost in a day is spent; it waits, asked again at {until}.", "It waits for its turn and goes out later.",
                   "Was der Anbieter am Tag kosten darf, ist ausgegeben; sie wartet, nächste Prüfung {until}.", "Sie wartet, bis sie an der Reihe ist, und geht später hinaus."),
    "preference_off": S("{channel} is turned off for {category} by {from}.", "{channel} is turned off for {category} by {from}.",
                        "{channel} ist für {category} abgeschaltet durch {from}.", "{channel} ist für {category} abgeschaltet durch {from}."),
    "category_off": S("Category {category} is turned off by {from}.", "{category} is turned off by {from}.",
                      "Die Kategorie {category} ist abgeschaltet durch {from}.", "{category} ist abgeschaltet durch {from}."),
    "locked": S("Category {category} is essential: it is sent although {from} turned it off.", "{category} cannot be turned off: it is about things you must know.",
                "Die Kategorie {category} ist unverzichtbar: sie wird gesendet, obwohl sie durch {from} abgeschaltet ist.", "{category} lässt sich nicht abschalten: es geht um Dinge, die Sie wissen müssen."),
    "no_address": S("The person has no address on {channel}.", "We have no address of yours for {channel}.",
                    "Die Person hat keine Adresse für {channel}.", "Wir haben von Ihnen keine Adresse für {channel}."),
    "no_variant": S("Version {version} of template {template} has no content for {channel}.", "There is no text of it for {channel}.",
                    "Version {version} der Vorlage {template} hat keinen Inhalt für {channel}.", "Es gibt dafür keinen Text für {channel}."),
    "plan_later": S("The plan comes to {channel} in a later step.", "{channel} is used later, if it is still needed.",
                    "Der Plan kommt in einem späteren Schritt zu {channel}.", "{channel} wird später benutzt, wenn es noch nötig ist."),
    "digest": S("It waits to be folded into a digest.", "It comes with your next summary.",
                "Sie wartet darauf, in eine Zusammenfassung zu gehen.", "Sie kommt mit Ihrer nächsten Zusammenfassung."),
    "quiet_hours": S("Quiet hours {start} to {end} ({zone}), set by {from}; until {until}.", "You have quiet hours from {start} to {end}.",
                     "Ruhezeit {start} bis {end} ({zone}), gesetzt durch {from}; bis {until}.", "Sie haben Ruhezeit von {start} bis {end}."),
    "send_window": S("Outside the send window; until {until}.", "You asked to get what can wait together: {until}.",
                     "Außerhalb des Sendefensters; bis {until}.", "Sie möchten, was warten kann, gesammelt erhalten: {until}."),
    "cap": S("The cap of {category} on {channel} is used up.", "You have had enough of {category} for now.",
             "Die Obergrenze für {category} über {channel} ist erreicht.", "Sie haben zu {category} vorerst genug erhalten."),
    "lost_to": S("Another notification was worth more to this person: {winner}.", "Another notification went first.",
                 "Eine andere Benachrichtigung war dieser Person mehr wert: {winner}.", "Eine andere Benachrichtigung hatte Vorrang."),
    "lowered_priority": S("The category allows at most {given}; {asked} was asked for.", "It was sent with less urgency than asked for.",
                          "Die Kategorie erlaubt höchstens {given}; verlangt war {asked}.", "Sie wurde weniger dringend gesendet als verlangt."),
    "breaker_open": S("Provider {provider} keeps failing and is left alone for a while.", "The way to you was disturbed; it is tried again.",
                      "Der Anbieter {provider} versagt fortwährend und wird eine Weile in Ruhe gelassen.", "Der Weg zu Ihnen war gestört; es wird erneut versucht."),
    "no_provider": S("None of the providers of {channel} here reaches this kind of address; add one that does.", "There is no way to you over {channel} at the moment.",
                     "Keiner der Anbieter für {channel} erreicht hier diese Art von Adresse; richten Sie einen ein, der es kann.", "Es gibt zurzeit keinen Weg zu Ihnen über {channel}."),
    "provider_off": S("Every provider of {channel} is switched off; it goes out when one is switched on, asked again at {until}.",
                      "Sending is stopped for the moment. It waits and goes out when sending goes on.",
                      "Jeder Anbieter für {channel} ist ausgeschaltet; sie geht hinaus, sobald einer eingeschaltet ist, nächste Prüfung {until}.",
                      "Der Versand ruht im Moment. Sie wartet und geht hinaus, sobald es weitergeht."),
    "provider_changed": S("The provider was changed or removed while it waited there; it goes to the one that is there now.", "Its way to you changed for a moment; it goes out at once.",
                          "Der Anbieter wurde geändert oder entfernt, während sie dort wartete; sie geht an den, der jetzt da ist.", "Ihr Weg zu Ihnen hat sich kurz geändert; sie geht gleich hinaus."),
    "budget": S("The budget of provider {provider} is used up for now.", "Sending was slowed down for a moment.",
                "Das Kontingent des Anbieters {provider} ist vorerst aufgebraucht.", "Der Versand war kurz gebremst."),
    "provider_refused": S("Provider {provider} refused it: {answer}.", "It could not be delivered to you over {channel}.",
                          "Der Anbieter {provider} hat sie abgelehnt: {answer}.", "Sie konnte Ihnen über {channel} nicht zugestellt werden."),
    "retry_exhausted": S("It failed {attempts} times; the last answer was: {answer}.", "It could not be delivered to you in spite of several tries.",
                         "Sie ist {attempts}-mal gescheitert; die letzte Antwort war: {answer}.", "Sie konnte trotz mehrerer Versuche nicht zugestellt werden."),
    "dead_letter": S("It could not be carried out and lies among the dead letters: {cause}.", "It could not be delivered to you.",
                     "Sie war nicht auszuführen und liegt bei den unzustellbaren: {cause}.", "Sie konnte Ihnen nicht zugestellt werden."),
    "unsubscribed": S("The person unsubscribed from {category}.", "You unsubscribed from {category}.",
                      "Die Person hat {category} abbestellt.", "Sie haben {category} abbestellt."),
    "ordered": S("An earlier one of category {category} is still being tried on {channel}; its turn comes then, asked again at {until}.",
                 "An earlier one about the same thing is still on its way to you, and comes first.",
                 "Eine frühere der Kategorie {category} wird über {channel} noch versucht; danach ist sie an der Reihe, nächste Prüfung {until}.",
                 "Eine frühere zum selben Thema ist noch unterwegs zu Ihnen und kommt zuerst."),
    "paused_by_person": S("The person paused notifications until {until}.", "You paused notifications until {until}.",
                          "Die Person hat Benachrichtigungen angehalten bis {until}.", "Sie haben Benachrichtigungen angehalten bis {until}."),
    # causes of what a run did otherwise than its forecast said
    "joined_since": S("They joined the audience after the forecast was made.", "You were added after this was planned.",
                      "Sie kamen nach der Vorschau in die Zielgruppe.", "Sie kamen hinzu, nachdem dies geplant war."),
    "left_since": S("They left the audience after the forecast was made.", "You were taken off after this was planned.",
                    "Sie haben die Zielgruppe nach der Vorschau verlassen.", "Sie fielen weg, nachdem dies geplant war."),
    "address_new": S("They gave another address after the forecast was made.", "You gave another address after this was planned.",
                     "Nach der Vorschau kam eine weitere Adresse hinzu.", "Sie haben eine weitere Adresse angegeben, nachdem dies geplant war."),
    "address_gone": S("The address, or the channel, was taken away after the forecast was made.", "Your address was taken away after this was planned.",
                      "Die Adresse oder der Kanal fiel nach der Vorschau weg.", "Ihre Adresse fiel weg, nachdem dies geplant war."),
    "no_longer": S("What the forecast saw holds no more: {was}.", "What stood in the way before holds no more: {was}.",
                   "Was die Vorschau sah, gilt nicht mehr: {was}.", "Was vorher im Weg stand, gilt nicht mehr: {was}."),
}  # fmt: skip
CODES = tuple(SENTENCES)

_CHANNELS = {
    "en": {"web": "the inbox", "email": "e-mail", "push": "push", "sms": "SMS"},
    "de": {"web": "der Posteingang", "email": "E-Mail", "push": "Push", "sms": "SMS"},
}
_SOURCES = {
    ("en", "staff"): {"person": "the person", "space": "the default of the space", "default": "default", "group": "group {}"},
    ("en", "person"): {"person": "you", "space": "default", "default": "default", "group": "your group {}"},
    ("de", "staff"): {"person": "die Person", "space": "die Vorgabe des Bereichs", "default": "Vorgabe", "group": "die Gruppe {}"},
    ("de", "person"): {"person": "Sie", "space": "Vorgabe", "default": "Vorgabe", "group": "Ihre Gruppe {}"},
}
_TIME = {"en": "%d %b %Y, %H:%M", "de": "%d.%m.%Y, %H:%M Uhr"}
_OPEN_END = {"en": "further notice", "de": "auf Weiteres"}


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"  # a reason of an older version may lack a parameter; the sentence stays readable


def sentence(reason: Reason, audience: Audience = "staff", locale: str = "en", timezone: str = "UTC") -> str:
    """The reason as a sentence for a reader. A code we do not know (of a newer version) is shown as it is."""
    known = SENTENCES.get(reason.code)
    if known is None:
        return reason.code
    text = known.pick(audience, locale)
    made = text.format_map(_Words(_worded(reason.params, audience, "de" if text in (known.staff_de, known.person_de) else "en", timezone)))
    return made[:1].upper() + made[1:]


def _worded(params: Mapping[str, Any], audience: Audience, language: str, timezone: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for name, value in params.items():
        if name in ("until", "at") and isinstance(value, int | float):
            words[name] = moment_words(float(value), language, timezone)
        elif name == "was":  # a code
            words[name] = str(value).replace("_", " ")
        elif name == "channel":
            words[name] = _CHANNELS[language].get(str(value), str(value))
        elif name == "from":
            kind, _, key = str(value).partition(":")
            words[name] = _SOURCES[language, audience].get(kind, "{}").format(key or kind)
        else:
            words[name] = str(value)
    return words


def moment_words(at: float, language: str, timezone: str) -> str:
    """A moment as a sentence says it, in a reader's zone; 0 is further notice."""
    if at <= 0:
        return _OPEN_END[language]
    try:
        local = datetime.fromtimestamp(at, zone(timezone))
    except (OverflowError, ValueError, OSError):
        return str(at)
    return f"{local.strftime(_TIME[language])} ({local.tzinfo})"
