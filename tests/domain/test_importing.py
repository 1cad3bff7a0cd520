"""Files of people are read as they were meant, or refused whole with the line."""

import csv
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import importing, people_file
from backend.domain.errors import Invalid, TooLarge

TEXT = "user_id;Name\nmia;Mia Müller\n"
cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=12).filter(str.strip)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16"),
        (TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("cp1252"), "windows-1252"),
    ],
)
def test_a_file_is_read_in_what_it_was_written_in(data: bytes, encoding: str) -> None:
    sheet = people_file.opened(data)
    assert (sheet.encoding, sheet.delimiter, sheet.columns) == (encoding, "semicolon", ["user_id", "Name"])
    assert list(sheet.rows) == [people_file.Row(2, ["mia", "Mia Müller"])]


@pytest.mark.parametrize(
    ("data", "said", "line"),
    [
        (b"", "empty", None),
        (b"\xef\xbb\xbf\r\n \r\n", "empty", None),
        (b",,\nmia,,\n", "no columns", 1),
        (b"user_id\nmia\nza\x00ra\n", "NUL", 3),
        (b"user_id\nmia\nza\x81r\xc3\n", "neither UTF-8 nor", 3),
        (b"\xef\xbb\xbfuser_id\nmi\xffa\n", "not UTF-8", 2),
        ("user_id,name\nmia,Mïa\n".encode() + b"zara,Z\xe4ra\n", "lines before it are", 3),
        (b'user_id,name\nmia,"Mia\nand so on\n', "never ends", 2),
        (b'user_id,name\nmia,"' + b"x" * 200_000 + b"\n", "never ends", 2),
        (b'user_id,name\nmia,"Mia"a\n', "follows a closing", 2),
        (b"user_id," + b"," * 1_000_000 + b"\n", "columns", 1),
        (b"user_id,a\n" + b"x" * 2_000_000, "never ends", 2),
    ],
)
def test_what_cannot_be_read_is_refused_with_line_and_repair(data: bytes, said: str, line: int | None) -> None:
    with pytest.raises(Invalid) as caught:
        list(people_file.opened(data).rows)
    assert said in caught.value.detail and caught.value.facts.get("line") == line


def test_too_large_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_file, "ROWS", 3)
    with pytest.raises(Invalid, match="more than 3 rows"):
        list(people_file.opened(b"user_id\na\nb\nc\nd\n").rows)
    monkeypatch.setattr(people_file, "LARGEST", 10)
    with pytest.raises(TooLarge, match="larger"):
        people_file.opened(b"user_id\nmiamiamia\n")


@given(st.sampled_from(list(people_file.DELIMITERS)), st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_was_written_is_read(delimiter: str, rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["id", "Name", "Plan"], *rows])
    sheet = people_file.opened(out.getvalue().encode("utf-8-sig"))
    assert sheet.columns == ["id", "Name", "Plan"] and [row.cells for row in sheet.rows] == rows


@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(data: bytes) -> None:
    try:
        for row in people_file.opened(data).rows:
            assert row.line >= 1 and all("\x00" not in cell for cell in row.cells)
    except Invalid as refusal:
        assert refusal.detail


ODD = (
    b'id;name\r\nmia;"Mia\r\nM\xc3\xbcller"\r\nzara;"Za ""ra"""\r\n;\r\n\r\nben;5" pipe\r\n',
    'id,name\rmia,Mia\r\nzara,"Zä\n\nra"\r'.encode("utf-16"),
    'id\tname\nmia\tMïa €\nzara\t"Z'.encode("cp1252") + b'\n"\n',
    "user,name\nmia,M\u2028i\x0ba\x85\nzara,Za".encode(),
    "id|name|\nmia|Mia|x|y\nmïa|M".encode(),
    b'id,name\nmia,"Mia\nzara,Zara\n',
    b"id,name\nmia,Mia\nz\xc3",
    b"",
)


def read_in(pieces: list[bytes]) -> object:
    reading, rows = people_file.Reading(), []
    try:
        for piece in pieces:
            rows += reading.more(piece)
        rows += reading.end()
    except Invalid as refusal:
        return refusal.detail, refusal.facts
    return reading.encoding, reading.delimiter, reading.columns, rows


@given(st.one_of(st.sampled_from(ODD), st.binary(max_size=200)), st.lists(st.integers(0, 120), max_size=8), st.integers(4, 40), st.integers(1, 40))
def test_a_file_is_the_same_in_whatever_pieces_it_comes(data: bytes, cuts: list[int], guess: int, head: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people_file, "GUESS", guess)
        patch.setattr(people_file, "HEAD", head)
        at = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        pieces = [data[a:b] for a, b in itertools.pairwise(at)]
        assert read_in(pieces) == read_in([data]) == read_in([data[n : n + 1] for n in range(len(data))])


def test_rows_are_read_as_the_csv_module_reads_the_whole_text() -> None:
    for data in ODD[:5]:
        sheet = people_file.opened(data)
        text = data.decode({"windows-1252": "cp1252"}.get(sheet.encoding, sheet.encoding))
        delimiter = next(sign for sign, name in people_file.DELIMITERS.items() if name == sheet.delimiter)
        whole = [cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(cell.strip() for cell in cells)]
        assert [row.cells for row in sheet.rows] == [cells + [""] * (len(sheet.columns) - len(cells)) for cells in whole[1:]]


def test_what_is_not_whole_is_not_read_again_for_each_piece() -> None:
    reading, tried = people_file.Reading(), 0
    reading.more(b"id,a\n" + b"mia,x\n" * 20_000)
    true_next = reading._next

    def counted() -> people_file.Row | None:
        nonlocal tried
        tried += 1
        return true_next()

    reading._next = counted  # type: ignore[method-assign]
    reading.more(b'mia,"a\n')
    pieces = (b"b\n" * 10 for _ in range(20_000))
    with pytest.raises(Invalid, match="never ends"):
        [reading.more(piece) for piece in pieces]
    assert tried < 40


def test_a_file_without_names_of_columns_keeps_its_first_row() -> None:
    sheet = people_file.opened(b"mia,mia@example.com\nzara,zara@example.com\n")
    assert sheet.columns == ["column 1", "column 2"] and [row.line for row in sheet.rows] == [1, 2]


def test_columns_are_told_apart_and_guessed() -> None:
    sheet = people_file.opened(b"Kundennummer,E-Mail,Telefon,Zeitzone,Sprache,Gruppe,Plan,Plan,email\n1,2,3,4,5,6,7,8,9\n")
    assert sheet.columns[-3:] == ["Plan", "Plan (2)", "email"]
    assert list(importing.guessed(sheet.columns).values()) == [
        "user_id", "email", "phone", "timezone", "locale", "group", "attribute:Plan", "attribute:Plan (2)", "attribute:email",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "by_email", "said"),
    [
        ({"a": "email"}, False, "No column is the user id"),
        ({"a": "name"}, True, "no column is that"),
        ({"a": "user_id", "b": "email"}, True, "Choose one"),
        ({"a": "user_id", "b": "user_id"}, False, "Two columns"),
        ({"a": "user_id", "b": "attribute:x", "c": "number:x"}, False, "Two columns"),
        ({"a": "user_id", "z": "email"}, False, "no column"),
        ({"a": "user_id", "b": "password"}, False, "nothing a column can be"),
        ({"a": "user_id", "b": 'attribute:"'}, False, "name"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: dict[str, str], by_email: bool, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        importing.checked(mapping, ["a", "b", "c"], email_is_id=by_email)


def test_a_row_says_what_it_says() -> None:
    targets = ["user_id", "group", "number:age", "flag:vip", "date:since", "attribute:note", "ignore", "group"]
    user, found = importing.fields_of([" mia ", "a; b", "12.50", "Ja", "2026-11-26", "=1+1", "x", "c"], targets, email_is_id=False)
    assert user == "mia" and found["groups"] == ["a", "b", "c"]
    assert found["attributes"] == {"age": 12.5, "vip": True, "since": "2026-11-26", "note": "=1+1"}
    assert importing.fields_of(["", "MIA@example.com"], ["ignore", "email"], email_is_id=True)[0] == "mia@example.com"


@pytest.mark.parametrize(("kind", "text"), [("number", "nan"), ("number", "inf"), ("number", "1e999"), ("number", "1,5"), ("flag", "maybe"), ("date", "26.11.2026"), ("date", "2026-02-30")])
def test_a_value_of_another_kind_is_refused(kind: str, text: str) -> None:
    with pytest.raises(Invalid):
        importing.value_of(text, kind, "field")


@given(st.text(max_size=20))
def test_no_cell_leaves_as_a_formula(text: str) -> None:
    assert not importing.harmless(text).lstrip(" \u00a0").startswith(tuple("=+-@\t\r\n＝＋－＠"))
    (read,) = csv.reader(io.StringIO(importing.line_of([text, "x"]), newline=""))
    assert read[0] == importing.harmless(text)
