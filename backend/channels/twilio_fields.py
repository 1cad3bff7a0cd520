"""What is typed to use Twilio, and what may stand there."""

import re
from collections.abc import Callable, Mapping

import phonenumbers

from backend.channels.kinds import Field
from backend.channels.spending import prices_of
from backend.domain.errors import Invalid

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)


def countries_of(text: str) -> list[str]:
    """ISO codes of a text. Raises `Invalid`."""
    found = [word.upper() for word in re.split(r"[\s,;]+", text) if word]
    unknown = [word for word in found if word not in COUNTRIES]
    if unknown or not found:
        raise Invalid(
            f"{unknown[0][:20]!r} is no country. Write the two letters of each, like: DE, AT, CH." if unknown else "Name the countries that texts may go to.",
            field="countries",
        )
    return list(dict.fromkeys(found))


def together(fields: Mapping[str, str]) -> None:
    """What only goes together. Raises `Invalid`."""
    for one, other in (("api_key", "api_secret"), ("signing_key", "signing_secret")):
        if bool(fields.get(one)) != bool(fields.get(other)):
            raise Invalid("A key and its secret go together: fill in both, or leave both empty.", field=other if fields.get(one) else one)
    if fields.get("edge") and not fields.get("region"):
        raise Invalid("An edge needs its region, like dublin and ie1.", field="region")
    if fields.get("spend_cap", "0") != "0" and "*" not in prices_of(fields.get("prices", "")):
        raise Invalid("A spending limit needs a price for every country: add a line that begins with *, like: * 0.10", field="prices")


def _like(pattern: str, repair: str, field: str) -> Callable[[str], None]:
    exact = re.compile(pattern)

    def check(text: str) -> None:
        if text and not exact.fullmatch(text):
            raise Invalid(repair, field=field)

    return check


def _countries(text: str) -> None:
    countries_of(text)


def _prices(text: str) -> None:
    prices_of(text)


def _help(text: str) -> None:
    if not all(char.isprintable() or char == "\n" for char in text):
        raise Invalid("The answer has characters in it that no phone can show.", field="help_text")


FIELDS = (
    Field(
        name="account_sid", title={"en": "Account SID", "de": "Account SID"}, longest=34,
        hint={"en": "On the first page of Twilio's console; it begins with AC.", "de": "Auf der ersten Seite der Twilio-Konsole; beginnt mit AC."},
        check=_like("AC[0-9a-fA-F]{32}", "An account SID is AC and 32 digits or letters a to f.", "account_sid"),
    ),
    Field(
        name="auth_token", form="secret", title={"en": "Auth token", "de": "Auth Token"}, longest=128,
        hint={
            "en": "Beside the account SID. Also with an API key: what Twilio tells us is signed with it.",
            "de": "Neben der Account SID. Auch mit einem API-Schlüssel nötig: was Twilio meldet, ist damit unterschrieben.",
        },
        check=_like(r"[!-~]{8,128}", "An auth token has no blanks.", "auth_token"),
    ),
    Field(
        name="sender", title={"en": "Messaging service or number", "de": "Messaging Service oder Nummer"}, longest=34,
        hint={
            "en": "The SID of a messaging service (it begins with MG), a number like +4915112345678, a short code, or a name of up to 11 letters.",
            "de": "Die SID eines Messaging Service (beginnt mit MG), eine Nummer wie +4915112345678, eine Kurzwahl oder ein Name mit bis zu 11 Buchstaben.",
        },
        check=_like(
            r"MG[0-9a-fA-F]{32}|\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])(?!MG[0-9a-fA-F]{9})[A-Za-z0-9 +&_-]{1,11}",
            "This is no sender. Write MG and 32 characters, a number with + in front, a short code, or a name of at most 11 letters and digits.", "sender",
        ),
    ),
    Field(
        name="countries", title={"en": "Countries that texts may go to", "de": "Länder, in die SMS gehen dürfen"}, longest=1_000,
        hint={
            "en": "Two letters each, like DE, AT, CH. No text leaves for any other: fraud likes dear countries you have no customers in.",
            "de": "Je zwei Buchstaben, wie DE, AT, CH. In kein anderes geht eine SMS: Betrug liebt teure Länder, in denen Sie keine Kunden haben.",
        },
        check=_countries,
    ),
    Field(
        name="spend_cap", form="number", required=False, usual="0", title={"en": "At most per day", "de": "Höchstens am Tag"},
        hint={
            "en": "In whole units of your currency, days in UTC. Then texts wait for the next day, and operators are told. 0: no limit.",
            "de": "In ganzen Einheiten Ihrer Währung, Tage in UTC. Danach warten SMS auf den nächsten Tag, und der Betrieb erfährt es. 0: keine Grenze.",
        },
    ),
    Field(
        name="prices", rare=True, form="lines", required=False, usual="* 0.10", title={"en": "Price of a segment", "de": "Preis eines Segments"}, longest=8_000,
        hint={
            "en": "A line for each country, like DE 0.0785; * stands for all others. By these the limit is counted; Twilio's bill may differ.",
            "de": "Eine Zeile je Land, wie DE 0,0785; * steht für alle anderen. Danach wird die Grenze gezählt; die Rechnung von Twilio kann abweichen.",
        },
        check=_prices,
    ),
    Field(
        name="plain", rare=True, form="switch", required=False, usual="1", title={"en": "Plain quotation marks and dashes", "de": "Einfache Anführungszeichen und Striche"},
        hint={
            "en": "Curly quotes, long dashes and the like are made plain where that makes a text cost less.",
            "de": "Geschwungene Anführungszeichen, lange Striche und Ähnliches werden schlicht, wo die SMS dadurch weniger kostet.",
        },
    ),
    Field(
        name="help_text", rare=True, required=False, longest=320, title={"en": "Answer to HELP", "de": "Antwort auf HELP"},
        hint={
            "en": "Who you are and how to reach you. Leave it empty where Twilio answers itself, which it does unless you turned that off.",
            "de": "Wer Sie sind und wie man Sie erreicht. Leer lassen, wo Twilio selbst antwortet; das tut es, wenn Sie es nicht abgestellt haben.",
        },
        check=_help,
    ),
    Field(
        name="api_key", rare=True, required=False, longest=34, title={"en": "API key (SID)", "de": "API-Schlüssel (SID)"},
        hint={"en": "Begins with SK. Better than the auth token, for it can be revoked alone.", "de": "Beginnt mit SK. Besser als das Auth Token, denn er lässt sich einzeln sperren."},
        check=_like("SK[0-9a-fA-F]{32}", "The SID of an API key is SK and 32 digits or letters a to f.", "api_key"),
    ),
    Field(name="api_secret", rare=True, form="secret", required=False, longest=128, title={"en": "Secret of the API key", "de": "Geheimnis des API-Schlüssels"}),
    Field(
        name="signing_key", rare=True, required=False, longest=100, title={"en": "Id of the signing key of webhooks", "de": "Kennung des Signaturschlüssels für Webhooks"},
        hint={"en": "Only if you made one: then nothing signed with the auth token is believed any more.", "de": "Nur wenn Sie einen angelegt haben: dann gilt nichts mehr, was mit dem Auth Token unterschrieben ist."},
        check=_like(r"[A-Za-z0-9_-]{1,100}", "The id of a signing key has letters, digits, _ and - only.", "signing_key"),
    ),
    Field(name="signing_secret", rare=True, form="secret", required=False, longest=256, title={"en": "Secret of the signing key", "de": "Geheimnis des Signaturschlüssels"}),
    Field(
        name="region", rare=True, required=False, longest=16, title={"en": "Region", "de": "Region"},
        hint={"en": "Where Twilio works on your texts, like ie1. Empty: United States.", "de": "Wo Twilio Ihre SMS bearbeitet, wie ie1. Leer: Vereinigte Staaten."},
        check=_like("[a-z]{2}[0-9]{1,2}", "A region is like ie1, au1 or us1.", "region"),
    ),
    Field(
        name="edge", rare=True, required=False, longest=32, title={"en": "Edge", "de": "Edge"},
        hint={"en": "The nearest entrance to Twilio's network, like dublin.", "de": "Der nächste Eingang in das Netz von Twilio, wie dublin."},
        check=_like("[a-z]{2,24}(-ix)?", "An edge is one word, like dublin or frankfurt.", "edge"),
    ),
    Field(
        name="open", rare=True, form="number", required=False, usual="64", low=1, high=256, title={"en": "Requests at once", "de": "Anfragen zugleich"},
        hint={"en": "Of each process. Twilio has a limit for an account; too many are answered with 429 and tried again.", "de": "Je Prozess. Twilio hat eine Grenze je Konto; zu viele werden mit 429 beantwortet und später wiederholt."},
    ),
    Field(
        name="rate", rare=True, form="number", required=False, usual="0", title={"en": "Texts a second", "de": "SMS je Sekunde"},
        hint={"en": "Of all processes together. 0: as many as there are.", "de": "Aller Prozesse zusammen. 0: so viele, wie es gibt."},
    ),
)  # fmt: skip
