"""Facts: from the store once, then from the cache, and never older than a change that is committed."""

import msgspec
import pytest
from sqlalchemy import delete, insert

from backend.domain.category import Category
from backend.domain.ids import facts_key
from backend.domain.person import QuietHours, Wishes
from backend.domain.template import Content, EmailContent, PushContent, TemplateVersion, WebContent
from backend.store import content, persons, templates
from backend.store.tables import groups, halts, spaces
from backend.store.templates import VersionRow
from backend.store.upsert import upsert
from tests.stages.conftest import MAIL, NOON, SPACE, event_for

NIGHTLY = Wishes(quiet=(QuietHours("22:00", "08:00"),))


async def read(ground, *persons_):
    found = await ground.facts.read([(SPACE, p) for p in persons_], ground.clock.now())
    return [found[SPACE, p] for p in persons_]


async def test_everything_of_many_people_at_once(ground):
    await ground.person(
        1, wishes=NIGHTLY, addresses=((2, MAIL), (4, b"phone")), consents=[("product", False), ("product", True)], timezone="Asia/Tokyo"
    )
    await ground.person(2, member=("b", "a"), consents=[("product", True), ("product", False)], locale="de")
    await ground.suppress(4, b"phone", "stop")
    await ground.store.write(
        lambda tx: tx.conn.execute(groups.update().where(groups.c.key == "b").values(wishes=msgspec.json.encode(NIGHTLY).decode()))
    )
    mia, tom, nobody = await read(ground, 1, 2, 3)
    assert [(a.channel, a.hash, a.suppressed) for a in mia.addresses] == [(2, MAIL, ""), (4, b"phone", "stop")]
    assert (mia.wishes, mia.timezone, mia.consents, mia.erased) == (NIGHTLY, "Asia/Tokyo", {"product": True}, False)
    assert (tom.groups, tom.group_wishes, tom.consents, tom.locale) == (("a", "b"), (("b", NIGHTLY),), {"product": False}, "de")
    assert nobody.erased


async def test_the_second_read_is_of_the_cache_and_says_the_same(ground):
    await ground.person(1, wishes=NIGHTLY, member=("a",), consents=[("product", True)])
    first = await read(ground, 1)
    (raw,) = await ground.cache.get_many([facts_key(SPACE, 1)])
    assert raw is not None
    await ground.cache.put_many({facts_key(SPACE, 1): raw.replace(b"u1", b"u9")}, 60)
    (second,) = await read(ground, 1)
    assert second.user_id == "u9"  # it came from there
    assert msgspec.structs.replace(second, user_id="u1") == first[0]


async def test_a_person_who_does_not_exist_yet_is_not_remembered(ground):
    (before,) = await read(ground, 1)
    await ground.store.write(lambda tx: None)
    await ground.person(1)
    (after,) = await read(ground, 1)
    assert (before.erased, after.erased) == (True, False)


async def test_a_change_between_the_read_and_the_cache_is_not_lost(ground):
    """The window in which a withdrawn consent could outlive its withdrawal: change and drop happen while old facts are in hand."""
    await ground.person(1, consents=[("product", True)])
    put = ground.cache.put_newer

    async def put_after_the_change(items, ttl):
        if facts_key(SPACE, 1) in items:
            ground.cache.put_newer = put
            await ground.person(1, consents=[("product", False)])  # commits and drops; the key is not there yet
        await put(items, ttl)

    ground.cache.put_newer = put_after_the_change
    await read(ground, 1)
    (after,) = await read(ground, 1)
    assert after.consents == {"product": False}


async def test_a_suppression_that_has_run_out_is_none(ground):
    from backend.store.suppressions import SuppressionRow, put

    await ground.person(1)
    await ground.store.write(
        lambda tx: put(tx, SuppressionRow(space=SPACE, channel=2, hash=MAIL, reason="soft", source="t", since=NOON, until=NOON + 60))
    )
    (before,) = await read(ground, 1)
    await ground.facts.forget([(SPACE, 1)])
    ground.clock.move(61)
    (after,) = await read(ground, 1)
    assert [p.addresses[0].suppressed for p in (before, after)] == ["soft", ""]


async def test_spaces_do_not_meet(ground):
    await ground.person(1, wishes=NIGHTLY)
    found = await ground.facts.read([(SPACE, 1), (2, 1)], NOON)
    assert (found[SPACE, 1].erased, found[2, 1].erased) == (False, True)


async def test_a_change_of_content_is_seen_by_the_next_batch(ground):
    await ground.person(1)
    ask = [event_for(1)]
    (before,) = await ground.facts.of_events(ask, NOON)

    def change(tx):
        tx.conn.execute(insert(halts).values(space=SPACE, scope="channel:email", reason="r", by="b", at=NOON))
        upsert(tx, spaces, {"space": SPACE, "name": "main", "settings": '{"wishes":{"channels":{"sms":false}},"more":1}', "created": NOON})
        ground._put_category(tx, Category("orders", "Orders", "marketing"))
        return content.bump(tx)

    await ground.store.write(change)
    (after,) = await ground.facts.of_events(ask, NOON)
    assert (before.halted, before.category.kind, before.space_wishes) == ((), "service", Wishes())
    assert (after.halted, after.category.kind, after.space_wishes) == (("channel:email",), "marketing", Wishes(channels={"sms": False}))
    await ground.store.write(lambda tx: (tx.conn.execute(delete(halts)), content.bump(tx)))
    (lifted,) = await ground.facts.of_events(ask, NOON)
    assert lifted.halted == ()


async def test_deliver_sees_what_was_announced_and_without_a_word_asks_the_store(ground):
    from tests.stages.test_decide import decide_one

    await ground.person(1)
    delivery = await decide_one(ground, event_for(1))
    (fact,) = await ground.facts.of_deliveries([delivery], NOON)
    assert fact.halted == ()

    def halt(tx):
        tx.conn.execute(insert(halts).values(space=SPACE, scope="space", reason="r", by="b", at=NOON))
        return content.bump(tx)

    revision = await ground.store.write(halt)
    await content.announce(ground.cache, revision)
    (fact,) = await ground.facts.of_deliveries([delivery], NOON)
    assert fact.halted == ("space",)
    await ground.store.write(lambda tx: (tx.conn.execute(delete(halts)), content.bump(tx)))
    ground.clock.move(content.TTL + 1)  # nobody announced it
    (fact,) = await ground.facts.of_deliveries([delivery], NOON)
    assert fact.halted == ()


async def test_an_unknown_category_is_no_fact(ground):
    await ground.person(1)
    assert await ground.facts.of_events([event_for(1, "nothing"), event_for(1)], NOON) != [None, None]
    assert (await ground.facts.of_events([event_for(1, "nothing")], NOON)) == [None]


@pytest.mark.parametrize(("locale", "channels"), [("de-AT", {"web", "push"}), ("en", {"web"}), ("DE", {"web", "push"})])
async def test_channels_of_the_pinned_version_in_the_readers_language(ground, locale, channels):
    await ground.person(1, locale=locale)
    spoken = Content(web=WebContent("t"), locales={"de": Content(push=PushContent("t")), "fr": Content(email=EmailContent("s", "h"))})
    body = msgspec.json.encode(TemplateVersion("hello", 3, spoken)).decode()
    await ground.store.write(
        lambda tx: templates.add_version(tx, VersionRow(space=SPACE, key="hello", version=3, content=body, published_by="t", at=NOON))
    )
    known, unknown, plain = await ground.facts.of_events(
        [event_for(1, template="hello", version=3), event_for(1, template="hello", version=4), event_for(1)], NOON
    )
    assert (set(known.template_channels), unknown.template_channels, plain.template_channels) == (channels, (), None)


async def test_an_erased_person_stays_erased(ground):
    await ground.person(1)
    await read(ground, 1)

    def erase(tx):
        row = persons.get(tx, SPACE, 1)
        row.erased, row.revision = NOON, row.revision + 1
        persons.put(tx, row)

    await ground.store.write(erase)
    await ground.facts.forget([(SPACE, 1)])
    assert (await read(ground, 1))[0].erased


async def test_making_room_for_versions_takes_none_of_the_call_that_needs_it(ground, monkeypatch):
    """Without its channels an event would be skipped for good, though its version is published."""
    monkeypatch.setattr("backend.facts.VERSIONS", 1)
    await ground.person(1)
    body = msgspec.json.encode(TemplateVersion("t", 1, Content(web=WebContent("t")))).decode()

    def publish(tx):
        for key in ("a", "b", "c", "d"):
            templates.add_version(tx, VersionRow(space=SPACE, key=key, version=1, content=body, published_by="t", at=NOON))

    await ground.store.write(publish)
    for asked in ("ab", "bc", "cd", "abcd"):
        facts = await ground.facts.of_events([event_for(1, template=key, version=1) for key in asked], NOON)
        assert [fact.template_channels for fact in facts] == [("web",)] * len(asked)
