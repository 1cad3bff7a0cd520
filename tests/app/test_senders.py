"""Senders: validated, one default, a category to one of them at most; what DNS should say, and whether it does."""

import asyncio
import struct

import pytest

from backend.app.app import App
from backend.app.senders import SenderIn, records_of
from backend.channels import dns
from backend.domain.errors import Invalid, NotFound, PostalMissing, Stale
from backend.domain.footer import with_postal
from backend.domain.space import Sender
from backend.domain.template import EmailMessage
from backend.store import content
from tests.app.actors import ADMIN, MARKETER, OPERATOR, actor, trail

POSTAL = "Bells & Co, 1 Tower Road, Bellville"


def given(**changes: object) -> SenderIn:
    return SenderIn(**{"name": "Bells", "address": "hello@bells.example", "postal": POSTAL, **changes})  # type: ignore[arg-type]


async def known(app: App, space: int = 1) -> content.Known:
    return await app.facts.content_of(space)


async def test_the_first_is_the_default_and_a_category_has_one_sender(each_app: App) -> None:
    app = each_app
    first = await app.senders.put(OPERATOR, "bells", given(categories=["orders", "chat"]))
    assert (first.default, first.revision) == (True, 1)
    second = await app.senders.put(ADMIN, "shop", given(name="Shop", address="Shop@Bells.Example", categories=["orders"]))
    assert (second.default, second.address) == (False, "shop@bells.example")
    assert [(s.key, s.categories, s.default, s.revision) for s in (await app.senders.list(MARKETER)).items] == [
        ("bells", ["chat"], True, 2), ("shop", ["orders"], False, 1),
    ]  # fmt: skip
    settings = (await known(app)).settings
    assert settings.sender_of("orders").name == "Shop"
    assert settings.sender_of("chat").name == settings.sender_of("system").name == "Bells"
    await app.senders.put(ADMIN, "shop", given(name="Shop", default=True, revision=1))
    assert [s.default for s in (await app.senders.list(ADMIN)).items] == [False, True]
    with pytest.raises(Stale):
        await app.senders.put(ADMIN, "bells", given(revision=1))
    with pytest.raises(Invalid, match="default sender"):
        await app.senders.remove(ADMIN, "shop")
    await app.senders.remove(ADMIN, "bells")
    await app.senders.remove(ADMIN, "shop")
    assert (await known(app)).settings.sender == Sender()
    with pytest.raises(NotFound):
        await app.senders.get(ADMIN, "shop")
    assert [row[1] for row in await trail(app)] == ["sender.put"] * 3 + ["sender.remove"] * 2


async def test_spaces_do_not_see_each_others(app: App) -> None:
    await app.senders.put(ADMIN, "bells", given())
    other = actor("admin", space=2)
    assert (await app.senders.list(other)).items == []
    with pytest.raises(NotFound):
        await app.senders.records(other, "bells")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Eve\r\nBcc: all@example.com"), ("name", "Eve\nX"), ("name", "\u202eelpmaxe"), ("name", "   "), ("name", "a\x00b"),
        ("address", "no address"), ("address", "a@b.example\r\nBcc: x@y.example"), ("address", "a@b.example>"), ("address", "@b.example"),
        ("address", "a@" + "b" * 300), ("reply_to", "x\r\nBcc: all@example.com"), ("reply_to", "nobody"), ("postal", "a\u2028b\x07"),
        ("postal", ""), ("categories", ["no-such"]),
    ],
)  # fmt: skip
async def test_what_no_mail_may_carry_is_refused_at_its_field(app: App, field: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        await app.senders.put(ADMIN, "bells", given(**{field: value}))
    assert refused.value.facts["field"] == field
    assert (await app.senders.list(ADMIN)).items == []


@pytest.mark.parametrize("key", ["", "A", "a b", "-a", "a" * 65, "../a"])
async def test_a_key_is_a_key(app: App, key: str) -> None:
    with pytest.raises(Invalid):
        await app.senders.put(ADMIN, key, given())


async def test_marketing_needs_a_postal_address(app: App) -> None:
    await app.senders.put(ADMIN, "bells", given(postal="Bells\n1 Tower Road\r\nBellville"))
    assert (await app.senders.get(ADMIN, "bells")).postal == "Bells, 1 Tower Road, Bellville"
    assert (await app.senders.put(ADMIN, "alarm", given(postal="", categories=["security"]))).postal == ""
    with pytest.raises(Invalid, match="the category marketing may send some"):
        await app.senders.put(ADMIN, "offers", given(postal="", categories=["marketing"]))


def test_a_template_that_forgets_the_address_gets_it_in_both_parts() -> None:
    mail = EmailMessage("Hi", "<html><body><p>Hi</p></body></html>", "Hi\n")
    done = with_postal(mail, POSTAL)
    assert done.html.endswith("Bells &amp; Co, 1 Tower Road, Bellville</p></body></html>")
    assert done.text == f"Hi\n\n{POSTAL}\n"
    assert with_postal(done, POSTAL) is done
    assert with_postal(EmailMessage("Hi", "<p>Hi", "Hi"), "<b>x</b>").html.endswith("&lt;b&gt;x&lt;/b&gt;</p>")
    with pytest.raises(PostalMissing):
        with_postal(mail, "")


def test_records_name_what_others_can_see() -> None:
    sender = Sender("hello@bücher.example", "Bells")
    assert [(r.purpose, r.host, r.value) for r in records_of(sender, "smtps://u:p@mail.bells.example:465")] == [
        ("spf", "xn--bcher-kva.example", "v=spf1 a:mail.bells.example ~all"),
        ("dmarc", "_dmarc.xn--bcher-kva.example", "v=DMARC1; p=none; rua=mailto:hello@xn--bcher-kva.example"),
        ("mx", "xn--bcher-kva.example", "10 mail.bells.example."),
    ]
    assert records_of(sender, "smtp://9.9.9.9:25")[0].value == "v=spf1 ip4:9.9.9.9 ~all"
    for unseen in ("", "smtp://localhost:25", "smtp://127.0.0.1:1025", "smtp://10.0.0.4", "smtp://mail.corp.internal"):
        assert [r.purpose for r in records_of(sender, unseen)] == ["dmarc"]


class Names(asyncio.DatagramProtocol):
    """A name server on this machine that knows one name."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = data[12:]
        kind = question[-4:-2]
        known = data[13:18] == b"bells"
        answers = []
        if known and kind == b"\0\x10":
            for parts in ([b"v=spf1 a:mail.bells", b".example ~all"], [b"another"]):
                text = b"".join(bytes((len(part),)) + part for part in parts)
                answers.append(b"\xc0\x0c\0\x10\0\x01\0\0\0\x3c" + struct.pack(">H", len(text)) + text)
        elif known:
            host = b"\0\x0a\x04mail\xc0\x0c"
            answers.append(b"\xc0\x0c\0\x0f\0\x01\0\0\0\x3c" + struct.pack(">H", len(host)) + host)
        head = data[:2] + (b"\x81\x80" if known else b"\x81\x83") + struct.pack(">HHHH", 1, len(answers), 0, 0)
        self.transport.sendto(head + question + b"".join(answers), addr)  # type: ignore[attr-defined]


async def test_names_are_asked_and_found(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    at = transport.get_extra_info("sockname")
    try:
        assert await dns.lookup("bells.example", "TXT", at) == ["v=spf1 a:mail.bells.example ~all", "another"]
        assert await dns.lookup("bells.example", "MX", at) == ["10 mail.bells.example"]
        assert await dns.lookup("nobody.example", "TXT", at) == []
        monkeypatch.setattr(dns, "_servers", lambda: [at])
        await app.senders.put(ADMIN, "bells", given())
        assert [(r.purpose, r.verdict) for r in (await app.senders.check(ADMIN, "bells")).items] == [("dmarc", "missing")]
    finally:
        transport.close()


async def test_without_a_name_server_the_check_says_so(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "PATIENCE", 0.05)
    monkeypatch.setattr(dns, "_servers", lambda: [("127.0.0.1", 1)])
    await app.senders.put(ADMIN, "bells", given())
    with pytest.raises(dns.ResolverAway, match="nothing can be checked from here"):
        await app.senders.check(ADMIN, "bells")
