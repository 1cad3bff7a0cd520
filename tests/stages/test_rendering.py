"""Compiled versions are kept within bounds, and none that is needed now is the one that makes room."""

import msgspec
import pytest

from backend.domain.delivery import Delivery
from backend.domain.template import Content, TemplateVersion, WebContent
from backend.security.sealing import Sealer
from backend.store import templates
from backend.store.templates import VersionRow
from tests.stages.conftest import NOON, SPACE, event_for, read_all, record_of
from workers.decide import DecideStage
from workers.rendering import Rendering


async def test_a_version_in_use_is_not_thrown_out_by_those_that_come_with_it(ground, monkeypatch):
    monkeypatch.setattr("workers.rendering.KEPT", 2)
    await ground.person(1)

    def publish(tx):
        for key in ("a", "b", "c"):
            body = msgspec.json.encode(TemplateVersion(key, 1, Content(web=WebContent(key)))).decode()
            templates.add_version(tx, VersionRow(space=SPACE, key=key, version=1, content=body, published_by="t", at=NOON))

    await ground.store.write(publish)
    events = [event_for(1, template=key, version=1, channels=("web",)) for key in ("a", "b", "c")]
    out = await ground.carry_out(DecideStage(clock=ground.clock, facts=ground.facts), [record_of(event) for event in events])
    made = {delivery.template: delivery for delivery in read_all(Delivery, out)}
    rendering = Rendering(store=ground.store, facts=ground.facts, sealer=Sealer(b"k" * 32), base_url="https://x.example")
    for asked in ("ab", "ac"):
        mine = [made[key] for key in asked]
        await rendering.prepare(mine)
        facts = await ground.facts.of_deliveries(mine, NOON)
        assert [rendering.outgoing(d, fact).message.title for d, fact in zip(mine, facts, strict=True)] == list(asked)
    assert len(rendering._compiled) == 2


@pytest.mark.parametrize(("category", "kind", "one_click"), [("security", "essential", False), ("orders", "service", True), ("product", "marketing", True)])
async def test_a_mail_says_to_machines_what_it_is(ground, category, kind, one_click):
    """Feedback-ID of four fields (Google), RFC 3834, and RFC 8058 where one may leave."""
    await ground.person(1)
    delivery = Delivery(bytes(16), bytes(16), bytes(16), SPACE, 1, 2, b"", category, "normal", 1, NOON, body=msgspec.Raw(b'{"title":"Hello","message":"Hi"}'))
    rendering = Rendering(store=ground.store, facts=ground.facts, sealer=Sealer(b"k" * 32), base_url="https://x.example")
    await rendering.prepare([delivery])
    (facts,) = await ground.facts.of_deliveries([delivery], NOON)
    headers = rendering.outgoing(delivery, facts).headers
    assert headers["Feedback-ID"] == f"{category}:{SPACE}:{kind}:carillon"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert ("List-Unsubscribe-Post" in headers) == one_click
    assert headers.get("List-Id") == (f"<{category}.example.com>" if one_click else None)
