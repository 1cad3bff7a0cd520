"""Kinds: every one speaks plainly in two languages, and what is typed into its fields is checked before anything is made of it."""

import pytest

from backend.channels import fields, smtp_kind
from backend.channels.kinds import Given, Parts
from backend.channels.registry import KINDS, kind_of
from backend.clock import HeldClock
from backend.domain.delivery import ROUTE_CHANNEL
from backend.domain.errors import Invalid
from backend.security.sealing import Sealer
from tests.channels.mailserver import NOON
from tests.channels.test_router import Nowhere, report

PARTS = Parts(HeldClock(NOON), Sealer(b"k" * 32), Nowhere(), report)
MAIL = {"host": "mail.example.com", "user": "me", "password": "secret"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_a_kind_says_what_it_needs_in_both_languages(kind):
    assert ROUTE_CHANNEL[kind.way] == kind.channel
    assert kind.key.isascii()
    assert len({field.name for field in kind.fields}) == len(kind.fields)
    for said in [kind.needs, *(field.title for field in kind.fields), *(field.hint for field in kind.fields if field.hint)]:
        assert set(said) == {"en", "de"}
        assert all(said.values())
    for field in kind.fields:
        assert bool(field.choices) == (field.form == "choice")
        if field.form == "number" and field.usual:
            assert field.low <= int(field.usual) <= field.high
        for _, said in field.choices:
            assert set(said) == {"en", "de"}


def test_keys_are_unique_and_a_wrong_one_is_refused():
    assert len({kind.key for kind in KINDS}) == len(KINDS)
    with pytest.raises(Invalid, match="no kind of provider 'pigeon'"):
        kind_of("pigeon")


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"host": ""}, "host", "is empty"),
        ({"host": "smtp://mail.example.com"}, "host", "without smtp://"),
        ({"host": "mail.example.com\r\nRCPT TO:<x@y.example>"}, "host", "line break"),
        ({"user": "me\nAUTH"}, "user", "line break"),
        ({"password": "a\r\nb"}, "password", "line break"),
        ({"password": "p" * 1_025}, "password", "at most 1024"),
        ({"port": "0"}, "port", "from 1 to 65535"),
        ({"port": "1e3"}, "port", "from 1 to 65535"),
        ({"port": "٣"}, "port", "from 1 to 65535"),
        ({"encryption": "rot13"}, "encryption", "one of starttls, tls, none"),
        ({"colour": "red"}, "colour", "no field"),
    ],
)
def test_what_is_typed_wrongly_names_its_field_and_the_repair(changed, field, words):
    with pytest.raises(Invalid, match=words) as refused:
        fields.read(smtp_kind.KIND, {**MAIL, **changed})
    assert refused.value.facts["field"] == field


def test_what_is_left_empty_is_as_usual():
    read = fields.read(smtp_kind.KIND, {"host": " mail.example.com "})
    assert (read["host"], read["port"], read["encryption"], read["user"], read["rate"]) == ("mail.example.com", "587", "starttls", "", "0")


@pytest.mark.parametrize(("given", "missing"), [({"user": "me"}, "password"), ({"password": "secret"}, "user")])
def test_a_user_and_a_password_go_together(given, missing):
    typed = fields.read(smtp_kind.KIND, {"host": "mail.example.com", **given})
    with pytest.raises(Invalid, match="go together") as refused:
        smtp_kind.KIND.make(Given("main", typed), PARTS)
    assert refused.value.facts["field"] == missing


def test_a_mail_server_is_made_of_its_fields():
    provider = smtp_kind.KIND.make(Given("main", fields.read(smtp_kind.KIND, {**MAIL, "connections": "3", "rate": "14"})), PARTS)
    assert (provider.key, provider.channel, provider.route, provider.lanes, provider.rate) == ("main", "email", "email", 1 << 20, 14)
