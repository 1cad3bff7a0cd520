"""Mail bytes against the parser of the standard library."""

import email
import email.policy
from email.headerregistry import Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.errors import HeaderUnsafe
from backend.domain.mime import build

ANY = st.text(st.characters(exclude_categories=["Cs"]))
ONE_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=300)


def make(**changes):
    given = {
        "message_id": "d-1.ab@mail.example.com",
        "from_": ("Carillon", "bells@example.com"),
        "to": "mia@example.com",
        "subject": "Your order",
        "html": "<p>Hi</p>",
        "text": "Hi",
    }
    return build(**{**given, **changes})


def read(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def lines_are_legal(raw):
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    head, _, _ = raw.partition(b"\r\n\r\n")
    assert head.isascii()


def same(text):
    return text.replace("\r\n", "\n")


@settings(deadline=None)  # a busy machine is no failure
@given(subject=ONE_LINE, text=ANY, html=ANY)
def test_any_text_comes_back(subject, text, html):
    raw = make(subject=subject, text=text, html=html)
    lines_are_legal(raw)
    mail = read(raw)
    assert mail["subject"] == subject
    assert mail.get_content_type() == "multipart/alternative"
    plain, rich = mail.iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    for part, sent in ((plain, text), (rich, html)):
        assert same(part.get_payload(decode=True).decode("utf-8")) == same(sent)
        assert not part.defects
    assert not mail.defects


@settings(deadline=None)
@given(name=ONE_LINE.filter(lambda n: n.strip() == n))
def test_any_display_name_comes_back(name):
    raw = make(from_=(name, "bells@example.com"))
    lines_are_legal(raw)
    found = read(raw)["from"].addresses
    assert [a.addr_spec for a in found] == ["bells@example.com"]
    # the parser squeezes blanks in a phrase
    assert "".join(found[0].display_name.split()) == "".join(name.split())


def test_equals_what_the_standard_library_would_say():
    mine = read(make(subject="Grüße 🔔", from_=("Jörg, Müller", "j@example.com"), text="Zeile 1\nZeile 2 ü\n"))
    theirs = email.message.EmailMessage(policy=email.policy.SMTP)
    theirs["Subject"], theirs["From"] = "Grüße 🔔", Address("Jörg, Müller", addr_spec="j@example.com")
    theirs.set_content("Zeile 1\nZeile 2 ü\n")
    theirs = read(theirs.as_bytes())
    assert mine["subject"] == theirs["subject"]
    assert mine["from"].addresses == theirs["from"].addresses
    assert mine.get_body(("plain",)).get_content() == theirs.get_content()


def test_only_text_that_needs_it_is_encoded():
    raw = make(subject="Plain words", text="plain\n\tindented", html="<p>ü</p>")
    assert b"Subject: Plain words\r\n" in raw
    assert b"7bit\r\n\r\nplain\r\n\tindented" in raw
    assert raw.count(b"base64") == 1


def test_long_headers_are_folded_and_come_back():
    links = ", ".join(f"<https://example.com/u/{n}{'x' * 60}>" for n in range(12))
    raw = make(headers={"List-Unsubscribe": links, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}, subject="word " * 60 + "end")
    assert max(map(len, raw.split(b"\r\n\r\n")[0].split(b"\r\n"))) < 110  # one address cannot be folded
    mail = read(raw)
    assert mail["list-unsubscribe"] == links
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert mail["subject"] == "word " * 60 + "end"


@pytest.mark.parametrize("evil", ["a\r\nBcc: x@example.com", "a\nb", "a\rb", "ä\r\nBcc: x@example.com", "a\0b", "\n"])
@pytest.mark.parametrize("place", ["subject", "name", "header", "to", "from", "message_id", "reply"])
def test_line_breaks_are_refused_everywhere(evil, place):
    changes = {
        "subject": {"subject": evil},
        "name": {"from_": (evil, "bells@example.com")},
        "header": {"headers": {"X-Thing": evil}},
        "to": {"to": f"mia{evil}@example.com"},
        "from": {"from_": f"mia@example.com{evil}"},
        "message_id": {"message_id": evil},
        "reply": {"headers": {"Reply-To": f"mia@example.com{evil}"}},
    }[place]
    with pytest.raises(HeaderUnsafe):
        make(**changes)


@pytest.mark.parametrize("name", ["Subject", "bcc", "To", "X Thing", "X:Y", "", "Ü", "A\r\nB", "Content-Type"])
def test_headers_of_ours_and_odd_names_are_refused(name):
    with pytest.raises(HeaderUnsafe):
        make(headers={name: "x"})


@pytest.mark.parametrize(
    "address", ["mia", "@example.com", "mia@", "mia@@example.com", "mia <x@y.example>", "a,b@example.com", "ü@example.com"]
)
def test_addresses_that_cannot_be_written_are_refused(address):
    with pytest.raises(HeaderUnsafe):
        make(to=address)


def test_international_domains_are_written_in_ascii():
    assert read(make(to="mia@bücher.example"))["to"] == "mia@xn--bcher-kva.example"


def test_a_body_cannot_end_its_part():
    boundary = read(make()).get_boundary()
    mail = read(make(text=f"--{boundary}\nContent-Type: text/html\n\nevil", html=f"--{boundary}--"))
    plain, rich = mail.iter_parts()
    assert plain.get_content().startswith(f"--{boundary}")
    assert rich.get_content().strip() == f"--{boundary}--"


def test_date_is_the_one_given():
    assert read(make(now=1_772_366_400.7))["date"].datetime.timestamp() == 1_772_366_400
    assert read(make())["date"] is None
