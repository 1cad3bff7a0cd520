"""Search: each kind by its own permission, by what an index can find, and hostile text finds nothing."""

import pytest

from backend.app.app import App
from backend.app.audience_views import AudienceIn
from backend.app.campaign_views import CampaignIn
from backend.app.search import EACH
from backend.app.views import PersonIn, TemplateIn
from backend.domain.audience import All
from backend.domain.errors import Forbidden
from backend.domain.template import Content, SmsContent
from tests.app.actors import ADMIN, ANALYST, MEMBER, OPERATOR, actor, program
from tests.app.line_rows import happened

SMS = Content(sms=SmsContent("Hello"))


async def found(app: App, text: str, who: object = ADMIN) -> list[tuple[str, str]]:
    return [(one.kind, one.key) for one in await app.search.find(who, text)]  # type: ignore[arg-type]


async def people(app: App) -> None:
    for user in ("mia", "mia-b", "Mia", "mib", "tom", "a_b", "axb"):
        await app.people.put(ADMIN, user, PersonIn(name=f"Name of {user}", email=f"{user}@example.com"))


async def test_people_by_exact_address_or_the_beginning_of_their_id(each_app: App) -> None:
    await people(each_app)
    assert await found(each_app, "mia") == [("person", "mia"), ("person", "mia-b")]
    assert await found(each_app, " TOM@example.com ") == [("person", "tom")]
    assert await found(each_app, "om") == []
    assert await found(each_app, "a_") == [("person", "a_b")]
    assert await found(each_app, "a%") == []
    for text in ("", "   ", "\x00", "' or 1=1 --", "mia\u202e", "<b>mia", "x" * 10_000, "é" * 500, "%", "_", "\\"):
        assert await found(each_app, text) == [], text


async def test_templates_by_the_beginning_of_key_or_name_whatever_the_case(each_app: App) -> None:
    for key, name in (("order-shipped", "Your parcel"), ("welcome", "Order of the day"), ("bill", "100% Bill")):
        await each_app.templates.put(ADMIN, key, TemplateIn(SMS, name=name))
    assert await found(each_app, "ORDER", ANALYST) == [("template", "order-shipped"), ("template", "welcome")]
    assert await found(each_app, "100%", ANALYST) == [("template", "bill")]
    assert await found(each_app, "1_0", ANALYST) == []


async def test_events_and_deliveries_by_their_id_or_the_first_twelve_digits(each_app: App) -> None:
    await people(each_app)
    ids = {name: made.hex() for name, made in (await happened(each_app, "mia")).items()}
    assert await found(each_app, ids["event"]) == [("event", ids["event"])]
    assert await found(each_app, ids["held"].upper()) == [("delivery", ids["held"])]
    whole = ids["tried"]
    assert await found(each_app, f"{whole[:8]}-{whole[8:12]}-{whole[12:]}") == [("delivery", whole)]
    assert set(await found(each_app, whole[:12])) == {("event", ids["event"]), ("delivery", ids["held"]), ("delivery", ids["tried"])}
    assert await found(each_app, whole[:12], program("events:write")) == [("event", ids["event"])]
    for text in (whole[:11], whole + "0", "f" * 32, "0" * 12, "g" * 32):
        assert await found(each_app, text) == [], text


async def test_each_kind_needs_its_own_permission(app: App) -> None:
    await people(app)
    await app.templates.put(ADMIN, "mia-template", TemplateIn(SMS, name="x"))
    assert await found(app, "mia", ANALYST) == [("template", "mia-template")]
    assert await found(app, "mia", program("users:write")) == [("person", "mia"), ("person", "mia-b")]
    assert len(await found(app, "mia", OPERATOR)) == 3
    assert await found(app, "mia", actor("admin", space=2)) == []
    for nobody in (MEMBER, program("notifications:read"), program()):
        with pytest.raises(Forbidden):
            await found(app, "mia", nobody)


async def test_no_more_than_six_of_a_kind(app: App) -> None:
    for n in range(EACH + 3):
        await app.people.put(ADMIN, f"many-{n}", PersonIn(name="x"))
    assert len(await found(app, "many")) == EACH


async def test_audiences_by_the_beginning_of_key_or_name(each_app: App) -> None:
    for key, name in (("hikers", "Northern walkers"), ("north", "100% north")):
        await each_app.audiences.put(ADMIN, key, AudienceIn(name=name, rule=All()), 0)
    assert await found(each_app, "NORTH", ANALYST) == [("audience", "hikers"), ("audience", "north")]
    assert await found(each_app, "orth") == []
    with pytest.raises(Forbidden):
        await found(each_app, "north", MEMBER)


async def test_campaigns_by_the_beginning_of_key_or_name(each_app: App) -> None:
    for key, name in (("gaiters", "Winter sale"), ("winter", "100% off")):
        await each_app.campaigns.put(ADMIN, key, CampaignIn(name=name, revision=0), 0)
    assert await found(each_app, "WINTER", ANALYST) == [("campaign", "gaiters"), ("campaign", "winter")]
    assert await found(each_app, "inter") == []
