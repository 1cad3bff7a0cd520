"""Mail providers from end to end: a mail leaves over SMTP to a real socket, the provider finds our id in it as its documentation says, and what it posts
to our hook becomes state, suppression and timeline of that delivery."""

import email
import email.policy
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from backend.api.app import routes
from backend.app.provider_views import ProviderIn
from backend.app.views import TemplateIn
from backend.channels import esp, registry
from backend.channels.kinds import Hook
from backend.channels.ses import ses_kind
from backend.channels.sns import Sns
from backend.domain.template import Content, EmailContent
from backend.security.roles import SYSTEM
from tests.channels.esp_events import EVENTS, D
from tests.channels.mailserver import MailServer
from tests.channels.test_esp import GIVEN, Amazon, certificate, of_mailgun, of_postmark, of_sendgrid, of_ses
from tests.line.houses import Stand, order_shipped, standing

pytestmark = pytest.mark.timeout(120)
# where each provider finds the id, as it says itself
FINDS: dict[str, Callable[[Any], str]] = {
    "sendgrid": lambda mail: json.loads(mail["X-SMTPAPI"])["unique_args"]["carillon_delivery"],
    "mailgun": lambda mail: json.loads(mail["X-Mailgun-Variables"])["carillon_delivery"],
    "postmark": lambda mail: mail["X-PM-Metadata-carillon"],
    "ses": lambda mail: dict(pair.split("=") for pair in mail["X-SES-MESSAGE-TAGS"].split(","))["carillon_delivery"],
}
Post = Callable[..., Any]


def asked(name: str, event: dict[str, Any], at: float, n: int) -> Hook:
    match name:
        case "sendgrid":
            return of_sendgrid([event], at)
        case "mailgun":
            return of_mailgun(event, at, token=f"{n:050}")
        case "postmark":
            return of_postmark(event)
        case _:
            return of_ses(event, at=at, MessageId=f"message-{n}")


@asynccontextmanager
async def connected(name: str, home: Path, monkeypatch: pytest.MonkeyPatch, **more: str) -> AsyncIterator[tuple[Stand, MailServer, Post]]:
    """A house that sends by this provider, the provider's mail server, and how the provider posts."""
    server = MailServer()
    await server.start()
    monkeypatch.setattr(esp, "smtp_url", lambda *_: f"smtp://127.0.0.1:{server.port}")
    kinds = tuple(ses_kind(Sns(Amazon(certificate(40)))) if kind.key == "ses" else kind for kind in registry.KINDS)
    monkeypatch.setattr(registry, "KINDS", kinds)
    async with standing("embedded", home, **more) as stand:
        await stand.app.providers.put(SYSTEM, "mails", ProviderIn(name, dict(GIVEN[name].fields)))
        await stand.house.roster.look()
        transport = httpx.ASGITransport(Starlette(routes=routes(stand.app)))
        async with httpx.AsyncClient(transport=transport, base_url=stand.house.settings.base_url) as client:

            async def post(asked: Hook) -> httpx.Response:
                return await client.post("/hooks/mails", content=asked.body, headers=asked.headers)

            yield stand, server, post
    await server.close()


def event_of(name: str, meaning: str, delivery: str) -> dict[str, Any]:
    """An event of this meaning about that delivery."""
    event = next(event for _, event, ours in EVENTS[name] if ours == (meaning,))
    found: dict[str, Any] = json.loads(json.dumps(event).replace(D, delivery))
    return found


@pytest.mark.parametrize("name", EVENTS)
async def test_from_the_mail_to_the_receipt(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with connected(name, tmp_path / "home", monkeypatch) as (stand, server, post):
        n = 0
        for meaning, state, suppressed in (
            ("delivered", "delivered", False), ("bounced_soft", "bounced", False), ("bounced_hard", "bounced", True), ("complained", "sent", True),
            ("opened_machine", "sent", False), ("deferred", "sent", False),
        ):  # fmt: skip
            user = await stand.person()
            made = await stand.send(order_shipped(to=user, channels=["email"]))
            mail = email.message_from_bytes(server.heard[-1], policy=email.policy.default)
            delivery = await stand.delivery(made)
            assert FINDS[name](mail) == delivery.id
            stand.clock.move(30)
            posted, n = asked(name, event_of(name, meaning, delivery.id), stand.now, n + 1), n + 1
            forged = Hook(posted.method, posted.url, posted.query, dict.fromkeys(posted.headers, "x"), posted.body.replace(b'"2"', b'"1"').replace(b"00000", b"11111"))
            assert (await post(forged)).status_code in (401, 403)
            await stand.settle()
            assert (await stand.delivery(made)).state == "sent"
            for _ in range(2):
                assert (await post(posted)).status_code == 200
                await stand.settle()
            view = await stand.delivery(made)
            assert view.state == state, meaning
            assert [(e.text, e.provider) for e in view.timeline if e.kind == "receipt"] == [(meaning, "mails")]
            assert not any(f"{user}@" in (e.raw or "") for e in view.timeline if e.kind == "receipt")
            again = await stand.send(order_shipped(to=user, channels=["email"]))
            assert await stand.units(again) == {"email": ["skip suppressed"] if suppressed else ["sent"]}, meaning


@pytest.mark.parametrize(("base", "followed"), [("https://notify.example.com", True), ("http://localhost:8000", False), ("http://127.0.0.1:8000", False)])
async def test_mails_that_leave_are_followed_where_people_can_reach_us(base: str, followed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With an address that only this machine knows, every link of them would be dead."""
    async with connected("postmark", tmp_path / "home", monkeypatch, CARILLON_BASE_URL=base) as (stand, server, _):
        content = Content(email=EmailContent("Shipped", '<body><a href="https://shop.example.com/">Shop</a></body>', "", "Shop"))
        await stand.app.templates.put(SYSTEM, "shop", TemplateIn(content))
        await stand.app.templates.publish(SYSTEM, "shop")
        await stand.send(order_shipped(to=await stand.person(), channels=["email"], title=None, message=None, template="shop"))
        page = email.message_from_bytes(server.heard[-1], policy=email.policy.default).get_body(("html",)).get_content()
        assert (f'href="{base}/c/' in page, f'src="{base}/o/' in page) == (followed, followed)
        assert ('href="https://shop.example.com/"' in page) is not followed
