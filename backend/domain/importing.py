"""Files of people: what their columns are taken for, what a row says of somebody, and rows that leave as CSV. How they are read: `people_file`. Pure."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from backend.domain.errors import Invalid
from backend.domain.fields import kind_of, named
from backend.domain.row_reasons import RowRefused

TARGETS = ("user_id", "email", "phone", "name", "timezone", "locale", "group")
KINDS = ("attribute", "number", "flag", "date")  # of an attribute: text as it stands, or what it is to be read as
IGNORE = "ignore"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # a spreadsheet takes a cell that begins so for a formula
_YES = frozenset({"true", "yes", "y", "1", "x", "ja", "j", "wahr", "on"})
_NO = frozenset({"false", "no", "n", "0", "nein", "falsch", "off"})
_LIKE = {
    "user_id": "user_id userid user id uid external_id externalid customer_id customerid customer_number kunde kundennummer kundennr kunden_id nutzer_id benutzer_id benutzer mitgliedsnummer member_number member_id membership_number subscriber_id client_id client_number",
    "email": "email e_mail mail email_address mailadresse e_mail_adresse emailadresse email_adresse mail_address",
    "phone": "phone phone_number telephone mobile mobile_number cell sms telefon telefonnummer handy handynummer mobil mobilnummer rufnummer",
    "name": "name full_name fullname display_name vollständiger_name voller_name anzeigename",
    "timezone": "timezone time_zone tz zone zeitzone",
    "locale": "locale language lang language_code sprache spracheinstellung",
    "group": "group groups gruppe gruppen team segment",
}
_MEANS = {word: target for target, words in _LIKE.items() for word in words.split()}


# ---- what columns are taken for
def guessed(columns: Sequence[str]) -> dict[str, str]:
    """What each column is likely to be, by its name in English or German; each thing is guessed once, the rest are attributes."""
    mapping: dict[str, str] = {}
    for column in columns:
        word = re.sub(r"[^\wäöüß]+", "_", column.strip().lower()).strip("_")
        target = _MEANS.get(word, "user_id" if word == "id" else "")
        if not target or target in mapping.values():
            target = f"attribute:{column}" if named(column) and not column.startswith("column ") else IGNORE
        mapping[column] = target
    return mapping


def checked(mapping: Mapping[str, str], columns: Sequence[str], *, email_is_id: bool) -> None:
    """Raises `Invalid` with the repair unless the mapping fits the columns and tells whom each row is about."""
    for column, target in mapping.items():
        if column not in columns:
            raise Invalid(f"The file has no column {column[:64]!r}. Map those it has.", field="mapping", given=column[:64])
        kind, colon, name = target.partition(":")
        if target in TARGETS or target == IGNORE:
            continue
        if not colon or kind not in KINDS:
            raise Invalid(f"{target[:64]!r} is nothing a column can be. Use one of {', '.join((*TARGETS, IGNORE))} or attribute:<name>.", field="mapping", given=target[:64])
        if not named(name):
            raise Invalid("An attribute's name is 1 to 64 characters without quotation marks, bars and control characters. Choose another.", field="mapping", given=name[:64])
    taken = [f"attribute:{name}" if (name := target.partition(":")[2]) else target for target in mapping.values() if target != IGNORE]
    twice = sorted({target for target in taken if target != "group" and taken.count(target) > 1})
    if twice:
        raise Invalid(f"Two columns are taken for {twice[0]}. Let one of them be ignored.", field="mapping", given=twice[0])
    if email_is_id and "user_id" in taken:
        raise Invalid("A column is the user id, and the e-mail address is to be it, too. Choose one of them.", field="email_is_id")
    if not email_is_id and "user_id" not in taken:
        raise Invalid("No column is the user id. Say which one is, or let the e-mail address be it.", field="mapping")
    if email_is_id and "email" not in taken:
        raise Invalid("The user id is to be the e-mail address, and no column is that. Say which one is.", field="mapping")


def fields_of(cells: Sequence[str], targets: Sequence[str], *, email_is_id: bool) -> tuple[str, dict[str, Any]]:
    """User id and what the row says of them; empty cells say nothing. `targets`: of each column. Raises `RowRefused`.

    What begins like a formula is text like any other here: nothing computes it. It is made harmless where it leaves as CSV.
    """
    if len(cells) > len(targets):
        raise RowRefused("cells_too_many", str(len(cells)))
    found: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    groups: list[str] = []
    user = ""
    for cell, target in zip(cells, targets, strict=False):
        text = cell.strip()
        if not text or target == IGNORE:
            continue
        if target == "user_id":
            user = text
        elif target == "group":
            groups += [key for part in re.split(r"[,;|]", text) if (key := part.strip())]
        elif target in TARGETS:
            found[target] = text
        else:
            kind, _, name = target.partition(":")
            attributes[name] = value_of(text, kind, name)
    if email_is_id:
        user = found.get("email", "").lower()
    if not user:
        raise RowRefused("email_missing" if email_is_id else "user_missing")
    if attributes:
        found["attributes"] = attributes
    if groups:
        found["groups"] = list(dict.fromkeys(groups))
    return user, found


def value_of(text: str, kind: str, name: str) -> Any:
    """The value of an attribute. Raises `RowRefused` when it is not of this kind."""
    if kind == "number":
        if not _NUMBER.fullmatch(text):
            raise RowRefused("not_a_number", name)
        number = float(text)
        if abs(number) >= 1e15:
            raise RowRefused("number_too_large", name)
        return int(number) if number.is_integer() else number
    if kind == "flag":
        if text.lower() in _YES | _NO:
            return text.lower() in _YES
        raise RowRefused("not_a_flag", name)
    if kind == "date" and kind_of(text) != "date":
        raise RowRefused("not_a_date", name)
    return text


# ---- on the way out
def harmless(cell: str) -> str:
    """A cell no spreadsheet computes: text that begins like a formula gets an apostrophe."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_FORMULA) else cell


def line_of(cells: Sequence[str]) -> str:
    """A line of CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue()
