"""Audiences by the facade: made, checked, counted, kept as versions; lists; fields that rules may look at."""

import pytest

from backend.app.app import App, open_app
from backend.app.audience_views import AudienceIn, CountIn
from backend.app.summing import Summing
from backend.app.views import AddressIn, PersonIn, PreferencesIn, SuppressionIn
from backend.clock import HeldClock
from backend.domain import audience as rules
from backend.domain.audience_checks import CONDITIONS, DEEPEST
from backend.domain.errors import Invalid, NotFound, Stale, UnknownAudience, UnknownCategory, UnknownGroup, UnknownUser, WrongState
from backend.store import marks, summaries, tables
from tests.app.actors import actor, rows
from tests.app.conftest import settings

ADMIN, MARKETER, ANALYST = actor("admin"), actor("marketer"), actor("analyst")
PRO = rules.Attribute("plan", "equals", "pro")


async def people(app: App) -> None:
    for user, plan, city in (("mia", "pro", "Berlin"), ("ben", "free", "Oslo"), ("zoe", "pro", "Oslo"), ("kai", "pro", "Rome")):
        given = PersonIn(name=user.title(), email=f"{user}@example.com", timezone="Europe/Berlin", attributes={"plan": plan, "city": city, "tags": ["x"]})
        await app.people.put(ADMIN, user, given)


async def test_a_rule_is_counted_exactly_with_its_steps_and_where_they_are_reached(each_app: App) -> None:
    app = each_app
    await people(app)
    await app.people.put_address(ADMIN, "zoe", AddressIn("push", "token-1", "Phone"))
    await app.suppressions.put(ADMIN, SuppressionIn("email", "kai@example.com", "bounced"))
    rule = rules.All((PRO, rules.Not(rules.Attribute("city", "equals", "Berlin"))))
    counted = await app.audiences.count(MARKETER, CountIn(rule, steps=True, sample=5))
    assert (counted.count, counted.everybody, counted.steps) == (2, 4, [3, 2])
    assert counted.channels == {"web": 2, "email": 1, "push": 1, "sms": 0}
    assert sorted((one.user, one.name, one.timezone, one.attributes["city"]) for one in counted.sample) == [
        ("kai", "Kai", "Europe/Berlin", "Rome"), ("zoe", "Zoe", "Europe/Berlin", "Oslo"),
    ]  # fmt: skip
    assert (await app.audiences.count(ANALYST, CountIn(rule, sample=5))).sample == []
    assert (await app.audiences.count(MARKETER, CountIn())).count == 4


async def test_what_is_said_of_a_person_later_counts_at_once(app: App) -> None:
    await people(app)
    await app.people.put(ADMIN, "ben", PersonIn(attributes={"plan": "pro"}))
    await app.preferences.put(ADMIN, "ben", PreferencesIn(consents={"marketing": True}))
    await app.people.erase(ADMIN, "mia")
    assert (await app.audiences.count(MARKETER, CountIn(PRO))).count == 3
    assert (await app.audiences.count(MARKETER, CountIn(rules.Consented("marketing")))).count == 1
    await app.preferences.put(ADMIN, "ben", PreferencesIn(consents={"marketing": False}))
    assert (await app.audiences.count(MARKETER, CountIn(rules.Consented("marketing")))).count == 0
    assert (await app.audiences.count(MARKETER, CountIn(rules.Consented("marketing", given=False)))).count == 1
    assert (await app.audiences.count(MARKETER, CountIn(rules.Attribute("city", "present")))).count == 2, "what was left out of a new set is gone"


async def test_each_change_of_a_rule_is_a_version_and_a_former_one_comes_back(app: App) -> None:
    await people(app)
    first = await app.audiences.put(MARKETER, "pros", AudienceIn(name="Pros", rule=PRO, revision=0, note="begun"))
    assert (first.version, first.revision, first.size) == (1, 1, None)
    renamed = await app.audiences.put(MARKETER, "pros", AudienceIn(name="All pros", rule=PRO, revision=1))
    assert (renamed.version, renamed.revision) == (1, 2)
    await app.audiences.put(MARKETER, "pros", AudienceIn(name="All pros", rule=rules.Not(PRO), revision=2))
    assert (await app.audiences.count_of(MARKETER, "pros")).count == 1
    assert (await app.audiences.get(ANALYST, "pros")).size == 1
    with pytest.raises(Stale) as stale:
        await app.audiences.put(ADMIN, "pros", AudienceIn(rule=PRO, revision=2))
    assert stale.value.facts == {"seen": 2, "current": 3}
    back = await app.audiences.restore(MARKETER, "pros", 1, 3)
    assert (back.version, back.rule, back.size) == (3, PRO, None)
    assert [(v.version, v.note) for v in await app.audiences.versions(ANALYST, "pros")] == [(3, "version 1 again"), (2, ""), (1, "begun")]
    with pytest.raises(NotFound):
        await app.audiences.restore(MARKETER, "pros", 9)
    assert [a.key for a in (await app.audiences.list(ANALYST, text="PRO")).items] == ["pros"]
    assert (await app.audiences.list(ANALYST, text="%")).items == []


async def test_a_list_has_whom_it_was_given_and_is_left_out_elsewhere(each_app: App) -> None:
    app = each_app
    await people(app)
    await app.audiences.put(MARKETER, "beta", AudienceIn(name="Beta", kind="list"))
    assert (await app.audiences.add_members(MARKETER, "beta", ["mia", "zoe", "mia"])).size == 2
    assert sorted((await app.audiences.members(MARKETER, "beta")).items) == ["mia", "zoe"]
    page = await app.audiences.members(MARKETER, "beta", limit=1)
    rest = await app.audiences.members(MARKETER, "beta", after=page.next or "", limit=1)
    assert sorted([*page.items, *rest.items]) == ["mia", "zoe"] and rest.next is None
    with pytest.raises(UnknownUser, match="nobody-here"):
        await app.audiences.add_members(MARKETER, "beta", ["ben", "nobody-here"])
    await app.audiences.put(MARKETER, "pros", AudienceIn(rule=PRO, exclude=["beta"]))
    assert (await app.audiences.count_of(MARKETER, "pros")).count == 1
    assert (await app.audiences.get(MARKETER, "beta")).used_by == ["pros"]
    with pytest.raises(WrongState, match="used by pros"):
        await app.audiences.delete(MARKETER, "beta")
    with pytest.raises(WrongState, match="is a rule"):
        await app.audiences.add_members(MARKETER, "pros", ["mia"])
    await app.audiences.remove_members(MARKETER, "beta", ["zoe", "ben"])
    assert (await app.audiences.count_of(MARKETER, "pros")).count == 2
    await app.audiences.delete(MARKETER, "pros")
    await app.audiences.delete(MARKETER, "beta")
    assert await rows(app, tables.listed) == await rows(app, tables.audience_versions) == []


async def test_one_like_it_has_its_rule_or_its_people_and_goes_its_own_way(each_app: App) -> None:
    app = each_app
    await people(app)
    await app.audiences.put(MARKETER, "staff", AudienceIn(kind="list"))
    await app.audiences.add_members(MARKETER, "staff", ["zoe", "kai"])
    await app.audiences.put(MARKETER, "pros", AudienceIn(name="Pros", rule=PRO, exclude=["staff"], description="who pays"))
    copy = await app.audiences.duplicate(MARKETER, "pros", "pros-2", "More pros")
    assert (copy.name, copy.rule, copy.exclude, copy.description, copy.version, copy.revision) == ("More pros", PRO, ["staff"], "who pays", 1, 1)
    assert (await app.audiences.versions(MARKETER, "pros-2"))[0].note == "like pros"
    other = await app.audiences.duplicate(MARKETER, "staff", "crew")
    assert (other.name, other.kind, (await app.audiences.count_of(MARKETER, "crew")).count) == ("staff", "list", 2)
    await app.audiences.remove_members(MARKETER, "crew", ["zoe"])
    assert [(await app.audiences.count_of(MARKETER, key)).count for key in ("staff", "crew", "pros-2")] == [2, 1, 1]
    for key, new, wrong in (("pros", "crew", Stale), ("moon", "sun", NotFound), ("pros", "a b", Invalid)):
        with pytest.raises(wrong):
            await app.audiences.duplicate(MARKETER, key, new)
    assert (await app.audiences.get(MARKETER, "crew")).kind == "list", "one that is there is not overwritten"


async def test_a_rule_that_cannot_be_asked_is_refused_with_the_repair(app: App) -> None:
    deep: rules.Rule = PRO
    for _ in range(DEEPEST + 1):
        deep = rules.Not(deep)
    bad: list[tuple[rules.Rule, type[Exception], str]] = [
        (deep, Invalid, "deep in each other"),
        (rules.Any(tuple(PRO for _ in range(CONDITIONS + 1))), Invalid, "at most 100 conditions"),
        (rules.Attribute('a"b', "equals", 1), Invalid, "no name of an attribute"),
        (rules.Attribute("age", "more", "old"), Invalid, "needs a number"),
        (rules.Attribute("age", "more", True), Invalid, "needs a number"),
        (rules.Attribute("age", "equals", float("nan")), Invalid, "compared"),
        (rules.Attribute("age", "between", [1]), Invalid, "two numbers"),
        (rules.Attribute("age", "one_of", []), Invalid, "a list of values"),
        (rules.Attribute("since", "before", "yesterday"), Invalid, "2026-12-31"),
        (rules.Attribute("plan", "present", "x"), Invalid, "Leave it out"),
        (rules.Attribute("plan", "contains", ""), Invalid, "needs a text"),
        (rules.Attribute("user_id", "less", 3), Invalid, "is a text"),
        (rules.Activity("clicked", -1), Invalid, "Days"),
        (rules.Activity("clicked", 1, channel="fax"), Invalid, "no channel"),
        (rules.Activity("clicked", 1, channel="web", category="marketing"), Invalid, "one of channel"),
        (rules.Activity("clicked", 1, category="none"), UnknownCategory, "none"),
        (rules.Consented("none"), UnknownCategory, "none"),
        (rules.InGroup("none"), UnknownGroup, "none"),
        (rules.InAudience("none"), UnknownAudience, "none"),
        (rules.Acted("", 1), Invalid, "type of an event"),
    ]
    for rule, refusal, said in bad:
        with pytest.raises(refusal, match=said):
            await app.audiences.put(MARKETER, "bad", AudienceIn(rule=rule))
        with pytest.raises(refusal, match=said):
            await app.audiences.count(MARKETER, CountIn(rule))
    for given, said in ((AudienceIn(), "A rule is missing"), (AudienceIn(kind="list", rule=PRO), "no rule"), (AudienceIn(rule=PRO, exclude=["x"]), "no audience"), (AudienceIn(name="a\nb", rule=PRO), "one line")):
        with pytest.raises((Invalid, UnknownAudience), match=said):
            await app.audiences.put(MARKETER, "bad", given)
    with pytest.raises(Invalid, match="A key is"):
        await app.audiences.put(MARKETER, "no key", AudienceIn(rule=PRO))
    assert await rows(app, tables.audiences) == []


async def test_one_that_would_name_itself_through_others_is_refused_and_stays_as_it_was(app: App) -> None:
    await app.audiences.put(MARKETER, "a", AudienceIn(rule=PRO))
    await app.audiences.put(MARKETER, "b", AudienceIn(rule=rules.InAudience("a")))
    with pytest.raises(Invalid, match="names itself"):
        await app.audiences.put(MARKETER, "a", AudienceIn(rule=rules.Not(rules.InAudience("b"))))
    with pytest.raises(Invalid, match="names itself"):
        await app.audiences.put(MARKETER, "a", AudienceIn(rule=PRO, exclude=["b"]))
    assert (await app.audiences.get(MARKETER, "a")).version == 1


async def test_a_field_that_is_sealed_leaves_what_rules_see(each_app: App) -> None:
    app = each_app
    await people(app)
    assert [(f.name, f.kind, f.used, f.values) for f in await app.audiences.fields(MARKETER)] == [
        ("city", "text", True, ["Oslo", "Berlin", "Rome"]), ("plan", "text", True, ["pro", "free"]),
    ]  # fmt: skip
    assert [f.values for f in await app.audiences.fields(ANALYST)] == [[], []]
    await app.audiences.put_field(ADMIN, "city", used=False)
    assert (await app.audiences.count(MARKETER, CountIn(rules.Attribute("city", "present")))).count == 0
    assert [row for row in await rows(app, tables.summaries) if "Oslo" in str(row)] == []
    await app.people.put(ADMIN, "new", PersonIn(attributes={"plan": "pro", "city": "Bonn"}))
    assert (await app.audiences.count(MARKETER, CountIn(rules.Attribute("city", "present")))).count == 0
    assert (await app.people.get(ADMIN, "new")).attributes["city"] == "Bonn"
    with pytest.raises(NotFound):
        await app.audiences.put_field(ADMIN, "none", used=True)


async def test_people_of_before_are_summed_up_once_and_gone_on_with(app: App) -> None:
    await people(app)
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": True}))
    wanted = await rows(app, tables.summaries)

    def older(tx) -> None:
        tx.conn.execute(tables.summaries.update().values(attributes={}, consents={}, reach=0))
        tx.conn.execute(tables.fields.delete())
        marks.put(tx, summaries.mark_of(1), "-1")

    await app.store.write(older)
    assert await Summing(app).once() == 4
    assert await rows(app, tables.summaries) == wanted and {row["reach"] for row in wanted} == {4}
    assert await app.store.read(lambda tx: marks.get(tx, summaries.mark_of(1))) == summaries.SUMMED and await Summing(app).once() == 0


async def test_where_people_are_reached_follows_their_addresses(each_app: App) -> None:
    app = each_app
    await people(app)

    async def reached() -> tuple[int, int]:
        channels = (await app.audiences.count(MARKETER, CountIn())).channels
        return channels["email"], channels["push"]

    assert await reached() == (4, 0)
    phone = await app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1", "Phone"))
    tablet = await app.people.put_address(ADMIN, "mia", AddressIn("push", "token-2", "Tablet"))
    assert await reached() == (4, 1)
    await app.people.put_address(ADMIN, "ben", AddressIn("push", "token-2", "Tablet"))
    assert await reached() == (4, 2)
    await app.people.put_address(ADMIN, "mia", AddressIn("email", "two@example.com"))
    await app.suppressions.put(ADMIN, SuppressionIn("email", "mia@example.com", "bounced"))
    assert await reached() == (4, 2), "one of two that is closed leaves the other"
    await app.suppressions.put(ADMIN, SuppressionIn("email", "two@example.com", "bounced"))
    assert await reached() == (3, 2)
    await app.people.remove_address(ADMIN, "mia", phone.id)
    assert await reached() == (3, 1) and tablet.id != phone.id
    await app.people.put(ADMIN, "ben", PersonIn(email="other@example.com"))
    assert await reached() == (3, 1)
    await app.people.erase(ADMIN, "ben")
    assert await reached() == (2, 0)


async def test_two_spaces_with_the_same_keys_do_not_meet(home, clock: HeldClock) -> None:
    async with open_app(settings(home), clock) as app:
        other = actor("admin", space=2)
        await people(app)
        await app.people.put(other, "mia", PersonIn(attributes={"plan": "pro"}))
        await app.audiences.put(ADMIN, "pros", AudienceIn(rule=PRO))
        with pytest.raises(NotFound):
            await app.audiences.get(other, "pros")
        assert (await app.audiences.count(other, CountIn(PRO))).count == 1
        assert (await app.audiences.count(ADMIN, CountIn(PRO))).count == 3
