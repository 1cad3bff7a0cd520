"""Files of people: what a CSV is written in, its rows, and what its columns are taken for. Pure.

A spreadsheet says nowhere how it wrote a file, so it is found out: encoding, delimiter, whether the first line names the columns. What cannot be
read is refused whole, with the line and what to do about it: half a file is worse than none. Reading follows RFC 4180, with quotes doubled.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backend.domain.errors import Invalid
from backend.domain.fields import kind_of, named
from backend.domain.row_reasons import RowRefused

LARGEST = 32 * 1024 * 1024  # bytes of a file
ROWS = 200_000
COLUMNS = 200
LOOK = 50  # rows that tell delimiter and header
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
TARGETS = ("user_id", "email", "phone", "name", "timezone", "locale", "group")
KINDS = ("attribute", "number", "flag", "date")  # of an attribute: text as it stands, or what it is to be read as
IGNORE = "ignore"
_SAVE = 'Save it again as "CSV UTF-8" and send that.'
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # a spreadsheet takes a cell that begins so for a formula
_YES = frozenset({"true", "yes", "y", "1", "x", "ja", "j", "wahr", "on"})
_NO = frozenset({"false", "no", "n", "0", "nein", "falsch", "off"})
_LIKE = {
    "user_id": "user_id userid user id uid external_id externalid customer_id customerid customer_number kunde kundennummer kundennr kunden_id nutzer_id benutzer_id benutzer mitgliedsnummer",
    "email": "email e_mail mail email_address mailadresse e_mail_adresse emailadresse email_adresse mail_address",
    "phone": "phone phone_number telephone mobile mobile_number cell sms telefon telefonnummer handy handynummer mobil mobilnummer rufnummer",
    "name": "name full_name fullname display_name vollständiger_name voller_name anzeigename",
    "timezone": "timezone time_zone tz zone zeitzone",
    "locale": "locale language lang language_code sprache spracheinstellung",
    "group": "group groups gruppe gruppen team segment",
}
_MEANS = {word: target for target, words in _LIKE.items() for word in words.split()}


class Row(NamedTuple):
    """A row and the line of the file that it begins in, 1 being the first."""

    line: int
    cells: list[str]


class Sheet(NamedTuple):
    """A file that can be read. `columns` are told apart; `rows` come one after the other and may still refuse."""

    encoding: str
    delimiter: str
    columns: list[str]
    rows: Iterator[Row]


def decoded(data: bytes) -> tuple[str, str]:
    """The text and what it was written in: utf-8, utf-16 or windows-1252. Raises `Invalid` with line and repair."""
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise Invalid("The file is empty. Send one with a line of column names and a line for each person.", field="file")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf16(data, "utf-16")
    if data.startswith(codecs.BOM_UTF8):
        return _utf8(data[3:])
    if guess := _wide(data[:4096]):
        return _utf16(data, guess)
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError as error:
        return _western(data, error)


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: every second byte of western text is NUL."""
    odd, even = head[1::2].count(0), head[0::2].count(0)
    if min(odd, even) * 8 > max(odd, even) or max(odd, even) * 4 < len(head):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _utf8(data: bytes) -> tuple[str, str]:
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(f"Line {line} is not UTF-8, though the file says that it is. {_SAVE}", field="file", line=line) from None


def _utf16(data: bytes, name: str) -> tuple[str, str]:
    try:
        return data.decode(name), "utf-16"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(f"Line {line} is not UTF-16, though the file begins so. {_SAVE}", field="file", line=line) from None


def _western(data: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    try:
        return data.decode("cp1252"), "windows-1252"
    except UnicodeDecodeError:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(f"Line {line} is written in neither UTF-8 nor Windows-1252. {_SAVE}", field="file", line=line) from None


def opened(data: bytes) -> Sheet:
    """The file as rows. Raises `Invalid` with line and repair."""
    if len(data) > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST // 1024 // 1024} MB. Divide it and import the parts one after the other.", field="file", limit=LARGEST)
    text, encoding = decoded(data)
    if (at := text.find("\x00")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise Invalid(f"Line {line} holds the character NUL, which no text has. Is this a CSV file? {_SAVE}", field="file", line=line)
    delimiter = delimiter_of(text)
    rows = _rows(text, delimiter)
    first = next(rows, None)
    if first is None:
        raise Invalid("The file is empty. Send one with a line of column names and a line for each person.", field="file")
    if not any(cell.strip() for cell in first.cells):
        raise Invalid("The first line has no columns. Begin the file with a line of column names.", field="file", line=first.line)
    header = not any(_value(cell) for cell in first.cells)
    columns = _columns(first.cells if header else [""] * len(first.cells))
    return Sheet(encoding, DELIMITERS[delimiter], columns, _even(rows if header else _before(first, rows), len(columns)))


def delimiter_of(text: str) -> str:
    """What stands between cells: the one that divides the first rows most evenly into the most columns."""
    head, best, most = text[:65_536], ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths: list[int] = []
        try:
            for cells in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
                if cells:
                    widths.append(len(cells))
                if len(widths) >= LOOK:
                    break
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > most:
            best, most = delimiter, score
    return best


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    seen = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(str(error), line) from None
        if len(cells) > COLUMNS:
            raise Invalid(f"Line {line} has {len(cells):,} columns, {COLUMNS} at most are read. Take out what notifications do not need.", field="file", line=line)
        if not cells:
            continue
        seen += 1
        if seen > ROWS + 1:
            raise Invalid(f"The file has more than {ROWS:,} rows. Divide it and import the parts one after the other.", field="file", limit=ROWS, line=line)
        yield Row(line, cells)


def _broken(said: str, line: int) -> Invalid:
    if "end of data" in said or "field larger" in said:
        repair = f'A cell that begins in line {line} or soon after never ends: its quotation mark (") is not closed. Close it, or write a mark within a cell twice.'
    elif "expected after" in said:
        repair = f'In or behind line {line} something follows a closing quotation mark ("). Write a mark within a cell twice.'
    else:
        repair = f"Line {line} cannot be read as CSV. {_SAVE}"
    return Invalid(repair, field="file", line=line)


def _even(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """Rows as wide as the header: what is missing is empty. A wider one stays: it is refused by itself, for its cells have moved."""
    for row in rows:
        if not any(cell.strip() for cell in row.cells):
            continue
        yield row if len(row.cells) >= width else Row(row.line, row.cells + [""] * (width - len(row.cells)))


def _before(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def _value(cell: str) -> bool:
    """Looks like what is known of somebody, not like the name of a column."""
    return bool(re.fullmatch(r"\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*|\s*\+?\d[\d\s/()-]*", cell))


def _columns(cells: Sequence[str]) -> list[str]:
    """Names that are told apart, for each is mapped by its name."""
    names: list[str] = []
    for n, cell in enumerate(cells, 1):
        plain = "".join(c for c in cell.strip() if c.isprintable())[:100] or f"column {n}"
        name, again = plain, 2
        while name in names:
            name, again = f"{plain} ({again})", again + 1
        names.append(name)
    return names


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
