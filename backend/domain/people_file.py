"""Reading files of people as they come, piece by piece: what a CSV is written in, and its rows. Pure.

A spreadsheet says nowhere how it wrote a file, so it is found out: encoding, delimiter, whether the first line names the columns. What cannot be
read is refused whole, with the line and what to do about it: half a file is worse than none. Reading follows RFC 4180, with quotes doubled.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from backend.domain.errors import Invalid, TooLarge

LARGEST = 32 * 1024 * 1024  # bytes of a file
ROWS = 200_000
COLUMNS = 200
LOOK = 50  # rows that tell the delimiter
GUESS = 4_096  # bytes that tell the encoding
HEAD = 65_536  # characters that are read before the first row is given
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAVE = 'Save it again as "CSV UTF-8" and send that.'
_EMPTY = "The file is empty. Send one with a line of column names and a line for each person."
_BLANK = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"


class Row(NamedTuple):
    """A row and the line of the file that it begins in, 1 being the first."""

    line: int
    cells: list[str]


class Sheet(NamedTuple):
    """A whole file. `columns` are told apart."""

    encoding: str
    delimiter: str
    columns: list[str]
    rows: list[Row]


class _HungryError(Exception):
    """The record goes on in lines that have not come yet."""


class _Lines:
    """The lines of the file that are here; `taken` are those of the record that is being read."""

    def __init__(self) -> None:
        self.ready: deque[str] = deque()
        self.taken: list[str] = []
        self.whole = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.ready:
            self.taken.append(self.ready.popleft())
            return self.taken[-1]
        if self.whole:
            raise StopIteration
        raise _HungryError

    def put_back(self) -> int:
        """Those of the record that is not whole yet; how many characters they are."""
        self.ready.extendleft(reversed(self.taken))
        return sum(map(len, self.taken))


class Text:
    """Bytes as text: utf-8, utf-16 or windows-1252. Refuses with line and repair what is none of them."""

    def __init__(self) -> None:
        self.encoding = ""
        self._bytes = b""  # until there are enough to tell
        self._decoder: codecs.IncrementalDecoder | None = None
        self._marked = False
        self._ascii = True  # so far: a first letter beyond it tells UTF-8 from Windows-1252
        self._lines = 0

    def more(self, data: bytes, *, whole: bool) -> str:
        """What it says; letters that are not whole yet come with the next piece."""
        if self._decoder is None:
            self._bytes += data
            if len(self._bytes) < GUESS and not whole:
                return ""
            data, self._bytes = self._begun(self._bytes, whole=whole), b""
        text = self._decoded(data, whole=whole)
        if (at := text.find("\x00")) >= 0:
            line = self._lines + text.count("\n", 0, at) + 1
            raise Invalid(f"Line {line} holds the character NUL, which no text has. Is this a CSV file? {_SAVE}", field="file", line=line)
        self._lines += text.count("\n")
        self._ascii = self._ascii and text.isascii()
        return text

    def _begun(self, data: bytes, *, whole: bool) -> bytes:
        if whole and not data.strip(_BLANK):
            raise Invalid(_EMPTY, field="file")
        name, self._marked = "utf-8", False
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            name = "utf-16"
        elif data.startswith(codecs.BOM_UTF8):
            data, self._marked = data[3:], True
        else:
            name = _wide(data[:GUESS]) or name
        self.encoding, self._decoder = name[:6], codecs.getincrementaldecoder(name)()
        return data

    def _decoded(self, data: bytes, *, whole: bool) -> str:
        assert self._decoder is not None
        try:
            return self._decoder.decode(data, whole)
        except UnicodeDecodeError as error:
            line = self._lines + error.object.count(b"\n", 0, error.start) + 1
            if self.encoding == "utf-16":
                raise Invalid(f"Line {line} is not UTF-16, though the file begins so. {_SAVE}", field="file", line=line) from None
            if self._marked:
                raise Invalid(f"Line {line} is not UTF-8, though the file says that it is. {_SAVE}", field="file", line=line) from None
            neither = Invalid(f"Line {line} is written in neither UTF-8 nor Windows-1252. {_SAVE}", field="file", line=line)
            if self.encoding != "utf-8":
                raise neither from None
            if not (self._ascii and error.object[: error.start].isascii()):
                raise Invalid(f"Line {line} is not UTF-8, though lines before it are. {_SAVE}", field="file", line=line) from None
            self.encoding, self._decoder = "windows-1252", codecs.getincrementaldecoder("cp1252")()
            try:
                return self._decoder.decode(error.object, whole)
            except UnicodeDecodeError:
                raise neither from None


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: every second byte of western text is NUL."""
    odd, even = head[1::2].count(0), head[0::2].count(0)
    if min(odd, even) * 8 > max(odd, even) or max(odd, even) * 4 < len(head):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


class Reading:
    """A file that comes in pieces. `more` and `end` give the rows that became whole, and raise `Invalid` or `TooLarge` with line and repair.

    `columns`, `encoding` and `delimiter` are known with the first row. It holds on to no more than the record that is not whole yet."""

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.delimiter = ""
        self._text = Text()
        self._size = 0
        self._head: list[str] | None = []  # until there is enough to tell the delimiter
        self._tail: list[str] = []  # of a line that is not whole yet
        self._lines = _Lines()
        self._reader = csv.reader(self._lines)
        self._line = 0
        self._seen = 0
        self._wait = 0  # characters before a record that was not whole is read again: twice as many, so that nothing is read too often

    @property
    def encoding(self) -> str:
        """utf-8, utf-16 or windows-1252, as far as it has come."""
        return self._text.encoding

    def more(self, data: bytes) -> list[Row]:
        """The next piece."""
        self._size += len(data)
        if self._size > LARGEST:
            raise TooLarge(f"The file is larger than {LARGEST // 1024 // 1024} MB. Divide it and import the parts one after the other.", limit=LARGEST)
        return self._take(self._text.more(data, whole=False), whole=False)

    def end(self) -> list[Row]:
        """Nothing more comes."""
        rows = self._take(self._text.more(b"", whole=True), whole=True)
        if not self.columns:
            raise Invalid(_EMPTY, field="file")
        return rows

    def _take(self, text: str, *, whole: bool) -> list[Row]:
        if self._head is not None:
            self._head.append(text)
            if not whole and sum(map(len, self._head)) < HEAD:
                return []
            text, self._head = "".join(self._head), None
            delimiter = delimiter_of(text)
            self.delimiter, self._reader = DELIMITERS[delimiter], csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._divide(text, whole=whole)
        self._lines.whole = whole
        if not whole and self._wait and sum(map(len, self._lines.ready)) < self._wait:
            return []
        return self._rows()

    def _divide(self, text: str, *, whole: bool) -> None:
        """Into lines: at CR, LF or both, as the csv module wants them."""
        if not whole and "\n" not in text and "\r" not in text:
            if text:
                self._tail.append(text)
            return
        lines = [*io.StringIO("".join([*self._tail, text]), newline="")]
        self._tail = []
        if lines and not whole and not lines[-1].endswith("\n"):  # a CR at the end may have its LF in the next piece
            self._tail.append(lines.pop())
        self._lines.ready.extend(lines)

    def _rows(self) -> list[Row]:
        found: list[Row] = []
        while (row := self._next()) is not None:
            if not row.cells:
                continue
            self._seen += 1
            if self._seen > ROWS + 1:
                raise Invalid(f"The file has more than {ROWS:,} rows. Divide it and import the parts one after the other.", field="file", limit=ROWS, line=row.line)
            if not self.columns:
                header = _header(row)
                self.columns = _columns(row.cells if header else [""] * len(row.cells))
                if header:
                    continue
            if any(cell.strip() for cell in row.cells):  # as wide as the header: what is missing is empty. A wider one is refused by itself: its cells have moved
                found.append(Row(row.line, row.cells + [""] * (len(self.columns) - len(row.cells))))
        return found

    def _next(self) -> Row | None:
        """The next record, or None until more has come."""
        line = self._line + 1
        self._lines.taken.clear()
        try:
            cells = next(self._reader)
        except _HungryError:
            self._wait = 2 * self._lines.put_back()
            return None
        except StopIteration:
            return None
        except csv.Error as error:
            raise _broken(str(error), line) from None
        self._line, self._wait = self._line + len(self._lines.taken), 0
        if len(cells) > COLUMNS:
            raise Invalid(f"Line {line} has {len(cells):,} columns, {COLUMNS} at most are read. Take out what notifications do not need.", field="file", line=line)
        return Row(line, cells)


def opened(data: bytes) -> Sheet:
    """A whole file. Raises `Invalid` or `TooLarge` with line and repair."""
    reading = Reading()
    rows = [*reading.more(data), *reading.end()]
    return Sheet(reading.encoding, reading.delimiter, reading.columns, rows)


def delimiter_of(text: str) -> str:
    """What stands between cells: the one that divides the first rows most evenly into the most columns."""
    head, best, most = text[:HEAD], ",", (0.0, 0)
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


def _broken(said: str, line: int) -> Invalid:
    if "end of data" in said or "field larger" in said:
        repair = f'A cell that begins in line {line} or soon after never ends: its quotation mark (") is not closed. Close it, or write a mark within a cell twice.'
    elif "expected after" in said:
        repair = f'In or behind line {line} something follows a closing quotation mark ("). Write a mark within a cell twice.'
    else:
        repair = f"Line {line} cannot be read as CSV. {_SAVE}"
    return Invalid(repair, field="file", line=line)


def _header(first: Row) -> bool:
    """Whether the first row names the columns, or somebody already."""
    if not any(cell.strip() for cell in first.cells):
        raise Invalid("The first line has no columns. Begin the file with a line of column names.", field="file", line=first.line)
    return not any(_value(cell) for cell in first.cells)


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
