"""The hand on a campaign's brake, on the clock of the wall: paused or cancelled amid its mails, nothing more reaches the mail server after two seconds; resumed,
everybody gets it once; cancelled, everybody is accounted for."""

import asyncio
import time

import pytest

from backend.app.audience_views import AudienceIn
from backend.app.campaign_views import CampaignIn, StartIn
from backend.app.views import PersonIn, TemplateIn
from backend.domain.audience import Attribute
from backend.domain.campaign import Variant
from backend.domain.template import Content, EmailContent
from backend.security.roles import SYSTEM
from tests.line.houses import environment
from tests.line.test_halts import OBEYED, apart, mailbox, until

PEOPLE = 1_000
SLACK = 0.3  # the sink writes its file five times a second
pytestmark = pytest.mark.timeout(240)


async def ready(app) -> None:
    """A template, an audience of everybody, and two campaigns to it."""
    for first in range(0, PEOPLE, 100):
        await app.people.put_many(SYSTEM, [(f"u{k}", PersonIn(email=f"u{k}@example.com", attributes={"n": k})) for k in range(first, first + 100)])
    await app.templates.put(SYSTEM, "spring", TemplateIn(content=Content(email=EmailContent("Spring", "<p>Look</p>")), name="Spring"))
    await app.templates.publish(SYSTEM, "spring")
    await app.audiences.put(SYSTEM, "many", AudienceIn(rule=Attribute("n", "less", PEOPLE)))
    for key in ("paused", "cancelled"):
        await app.campaigns.put(SYSTEM, key, CampaignIn(category="orders", audience="many", variants=[Variant("A", "spring")], channels=["email"], revision=0))


async def test_paused_or_cancelled_amid_its_mails_it_obeys_within_two_seconds(kind, line_engines, tmp_path):
    with mailbox(tmp_path) as (url, file), environment(kind, tmp_path / "home", again=False, CARILLON_SMTP_URL=url) as variables:
        async with apart(kind, variables) as app:

            def heard() -> int:
                return len(file.read_text().split())

            async def run(key):
                return (await app.campaigns.get(SYSTEM, key)).run

            async def braked(act, key, before) -> int:
                """Start it, pull the brake amid it, and see that it stands still from then on; how many mails went."""
                await app.campaigns.start(SYSTEM, key, StartIn(confirm=PEOPLE))

                async def amid() -> bool:
                    return heard() >= before + 60

                await until(amid)
                pulled = time.monotonic()
                await act(SYSTEM, key)
                await asyncio.sleep(pulled + OBEYED + SLACK - time.monotonic())
                stood = heard()
                assert before + 60 <= stood < before + PEOPLE, "there was nothing left to stop"
                await asyncio.sleep(1.5)
                assert heard() == stood, "it went on"
                return stood - before

            await ready(app)
            first = await braked(app.campaigns.pause, "paused", 0)
            view = await app.campaigns.get(SYSTEM, "paused")
            assert (view.state, view.run.state, view.can) == ("paused", "paused", ["edit", "resume", "cancel", "duplicate"])
            assert 0 < first < PEOPLE

            async def over() -> bool:
                return (await run("paused")).state == "finished"

            await app.campaigns.resume(SYSTEM, "paused")
            await until(over, 60.0)

            async def all_heard() -> bool:
                return heard() >= PEOPLE

            await until(all_heard)
            assert (await run("paused")).ledger.sent == PEOPLE

            second = await braked(app.campaigns.cancel, "cancelled", PEOPLE)

            async def ended() -> bool:
                return (await run("cancelled")).state == "cancelled"

            await until(ended, 60.0)
            ledger = (await run("cancelled")).ledger
            assert (ledger.planned, ledger.sent, ledger.sent + ledger.skipped) == (PEOPLE, second, PEOPLE)
            ids = file.read_text().split()
            assert (len(ids), len(set(ids))) == (PEOPLE + second, PEOPLE + second), "nobody got one twice"
