"""Where links stand in the HTML of a mail: found when it is compiled, replaced when it is rendered, and nothing else is touched."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.follow import LINK, LONGEST, MARK, PICTURE, Follow, followed, marked
from backend.domain.render import compile_content, render
from backend.domain.template import Content, EmailContent

SEEN = Follow(lambda target: f"[{target}]", "<PIC>")


def shown(source: str, follow: Follow | None = SEEN, **data: object) -> str:
    compiled = compile_content(Content(email=EmailContent("s", source, "", "t")), marks=True)
    return render(compiled, "email", {"data": data, "user": {}, "event": {}, "brand": {}, "links": {}}, "", follow).html


def plain(source: str, **data: object) -> str:
    compiled = compile_content(Content(email=EmailContent("s", source, "", "t")))
    return render(compiled, "email", {"data": data, "user": {}, "event": {}, "brand": {}, "links": {}}).html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<a href="https://a.example/?x=1&amp;y=2">A</a>', '<a href="[https://a.example/?x=1&y=2]">A</a><PIC>'),
        ("<a title=\"href='x'\" HREF='http://a.example'>A</a>", "<a title=\"href='x'\" HREF='[http://a.example]'>A</a><PIC>"),
        ("<a href=https://a.example>A</a>", "<a href=[https://a.example]>A</a><PIC>"),
        ('<a href = " https://a.example ">A</a>', '<a href = "[https://a.example]">A</a><PIC>'),
        ('<map><area href="HTTPS://a.example/b"></map>', '<map><area href="[HTTPS://a.example/b]"></map><PIC>'),
        ('<a data-href="https://b.example" href="https://a.example"\n class="x">A</a>', '<a data-href="https://b.example" href="[https://a.example]"\n class="x">A</a><PIC>'),
        ('<p>\n\n<b>ü</b> <a href="https://a.example">A</a></p>', '<p>\n\n<b>ü</b> <a href="[https://a.example]">A</a></p><PIC>'),
        ('<body><a href="mailto:a@b.example">A</a></body>', '<body><a href="mailto:a@b.example">A</a><PIC></body>'),
        ('<a href="tel:+49">A</a><a href="#x">B</a><a href="">C</a><a>D</a><a href>E</a>', '<a href="tel:+49">A</a><a href="#x">B</a><a href="">C</a><a>D</a><a href>E</a><PIC>'),
        ('<a href="{{ a }}">A</a>', '<a href="[https://v.example/?q=1&r=2]">A</a><PIC>'),
        ('<a href="https://a.example/{{ b }}?x={{ b }}">A</a>', '<a href="[https://a.example/n?x=n]">A</a><PIC>'),
        ('{% for x in c %}<a href="https://a.example/{{ x }}">{{ x }}</a>{% endfor %}', '<a href="[https://a.example/1]">1</a><a href="[https://a.example/2]">2</a><PIC>'),
        ('{% if no|default(false) %}<a href="https://a.example">A</a>{% endif %}', "<PIC>"),
        ('<a href="{{ m }}">A</a>', '<a href="mailto:x@y.example">A</a><PIC>'),
        ('<img src="https://a.example/x.png">', '<img src="https://a.example/x.png"><PIC>'),
        ('<!--[if mso]><a href="https://a.example">A</a><![endif]-->', '<!--[if mso]><a href="https://a.example">A</a><![endif]--><PIC>'),
        ("<p>https://a.example in the text</p>", "<p>https://a.example in the text</p><PIC>"),
        ("<body>1</body><!-- </body> -->", "<body>1<PIC></body><!-- </body> -->"),
    ],
)  # fmt: skip
def test_links_of_anchors_and_nothing_else(source: str, expected: str):
    data = {"a": "https://v.example/?q=1&r=2", "b": "n", "c": [1, 2], "m": "mailto:x@y.example"}
    assert shown(source, **data) == expected
    assert shown(source, None, **data) == plain(source, **data)


def test_what_is_left_alone_stays_as_it_was_written():
    long = "https://a.example/" + "x" * LONGEST
    assert shown(f'<a href="{long}">A</a>') == f'<a href="{long}">A</a><PIC>'
    source = '<a href=" https://a.example/?x=1&amp;y=2 ">A</a>'
    assert shown(source, Follow(lambda _: None)) == source


@pytest.mark.parametrize("word", ["\x02", "\x02ab\x03", MARK, f"{MARK}{MARK}", f"{MARK}{LINK}https://evil.example{MARK}"])
def test_a_value_that_brings_marks_breaks_out_of_nothing(word: str):
    """Nobody outside knows the word; if somebody did, no mark would be left and no quote opened."""
    page = shown('<p>{{ x }}</p><a href="https://a.example/{{ x|urlencode }}">A</a>', x=word)
    assert MARK not in page
    assert page.count('"') == 2 and page.count("<a ") == 1


@given(st.lists(st.sampled_from([MARK, LINK, PICTURE, "https://a.example", "text", '"', "\n"]), max_size=12))
def test_no_mark_is_ever_left(parts: list[str]):
    for follow in (SEEN, None):
        assert MARK not in followed("".join(parts), follow).replace("[", "").replace("]", "")


NAMES = st.sampled_from(["a", "A", "area", "p", "img", "td"])
VALUES = st.sampled_from(["https://a.example/x", "http://b.example?y=1&amp;z=2", "mailto:a@b.example", "#c", "", "{{ v }}", "https://{{ w }}/d"])
TAGS = st.builds(lambda name, value, quote, extra: f"<{name} {extra} href={quote}{value}{quote}>t", NAMES, VALUES, st.sampled_from("\"'"), st.sampled_from(["", 'class="h"', "title='>'", 'data-href="https://n.example"']))


@settings(deadline=None)
@given(st.lists(TAGS, max_size=6).map("\n".join))
def test_without_following_a_mail_is_what_it_would_have_been(source: str):
    data = {"v": "https://v.example/", "w": "w.example"}
    assert shown(source, None, **data) == plain(source, **data)
    links = re.findall(r"<(?:a|A|area) [^\n]*?\bhref=[\"'](?:https?:|\{\{)", re.sub(r"data-href=\"[^\"]*\"", "", source))
    assert shown(source, **data).count("[") == len(links)


def test_a_mail_without_marks_is_left_as_it_is():
    assert followed("<p>P L</p>", SEEN) == "<p>P L</p>"
    assert marked('<body><a href="https://a.example">A</a></body>').count(MARK) == 4
