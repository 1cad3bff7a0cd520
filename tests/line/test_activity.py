"""What people get and do, through the whole line: to the rules' summaries, to acts, to the stamps of a campaign's run."""

import msgspec
import pytest
from sqlalchemy import insert, select

from backend.app.views import CategoryIn, InboxChange, PreferencesIn, TemplateIn
from backend.domain.campaign import Campaign, Experiment
from backend.domain.errors import Invalid, UnknownCategory
from backend.domain.event import HOLDOUT, Event, EventIn, To
from backend.domain.ids import make_id, person_id
from backend.domain.receipt import Receipt
from backend.domain.template import Content, WebContent
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.roles import SYSTEM
from backend.store import rollup, touches
from backend.store import tables as t
from tests.line.houses import member, order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


def bought(user: str, **more) -> EventIn:
    return EventIn(**{"type": "order.placed", "category": "activity", "to": To(user=user), "data": {"amount": 7}, **more})


async def row(stand, table, user):
    where = (table.c.space == 1, table.c.person == person_id(1, user))
    found = (await stand.app.store.read(lambda tx: tx.conn.execute(select(table).where(*where)).mappings().all()))
    return [dict(one) for one in found]


async def test_an_activity_tells_nobody_and_is_counted_once(stand):
    mia = await stand.person("mia", push=1)
    made = await stand.send(bought(mia, id="a-1"))
    assert await stand.ledger(made) == {} and await stand.units(made) == {}
    event = await stand.event(made)
    assert (event.type, event.category, event.data, event.to) == ("order.placed", "activity", {"amount": 7}, {"user": mia})
    assert made in [one.id for one in (await stand.app.events.list(SYSTEM, category="activity")).items]
    assert await stand.inbox(mia) == await stand.captured(mia) == await stand.captured(mia, "push") == []
    assert [(act["type"], act["n"], act["first"], act["last"]) for act in await row(stand, t.acts, mia)] == [("order.placed", 1, stand.now, stand.now)]
    await stand.send(bought(mia, id="a-1"))
    record = Event(bytes.fromhex(made), 1, person_id(1, mia), "order.placed", "activity", "normal", stand.now)
    partition = topics.partition_of(1, record.person)
    await stand.app.log.append([Record(topics.events("normal"), partition, record.person.to_bytes(8, "big", signed=True), encode(record))] * 2)
    await stand.settle()
    assert [act["n"] for act in await row(stand, t.acts, mia)] == [1], "a repeat is none"
    stand.clock.move(60)
    await stand.send(bought(mia))
    assert [(act["n"], act["last"] - act["first"]) for act in await row(stand, t.acts, mia)] == [(2, 60)]
    (summary,) = await row(stand, t.summaries, mia)
    assert (summary["got"], summary["opened"], summary["times"]) == (None, None, {})


async def test_an_activity_brings_no_template_and_nobody_has_wishes_about_it(stand):
    mia = await stand.person("mia")
    await stand.app.templates.put(SYSTEM, "any", TemplateIn(Content(web=WebContent("T", "M"))))
    await stand.app.templates.publish(SYSTEM, "any")
    with pytest.raises(Invalid, match="Nobody is told"):
        await stand.accept(bought(mia, template="any"))
    with pytest.raises(UnknownCategory):
        await stand.app.preferences.put(SYSTEM, mia, PreferencesIn(consents={"activity": True}))
    assert "activity" not in {line.category for line in (await stand.app.preferences.matrix(SYSTEM, mia)).rows}
    with pytest.raises(Invalid, match="Leave channels empty"):
        await stand.app.categories.put(SYSTEM, "visits", CategoryIn("Visits", "activity"))
    assert (await stand.app.categories.put(SYSTEM, "visits", CategoryIn("Visits", "activity", channels=[]))).channels == []


async def test_a_person_who_was_erased_does_nothing_more(stand):
    mia = await stand.person("mia")
    await stand.accept(bought(mia))
    await stand.app.people.erase(SYSTEM, mia)
    await stand.settle()
    assert await row(stand, t.acts, mia) == [] == await row(stand, t.summaries, mia)


async def test_what_arrives_and_what_people_do_with_it_stands_in_the_summary(stand):
    mia = await stand.person("mia")
    made = await stand.send(order_shipped(to=mia))
    at = stand.now
    (summary,) = await row(stand, t.summaries, mia)
    assert summary["got"] == at and summary["opened"] is None
    assert summary["times"] == {"got|web": at, "got|email": at, "got|orders": at}
    stand.clock.move(600)
    mail = await stand.delivery(made)
    await stand.app.log.append([
        Record(topics.RECEIPTS, 0, b"k", encode(Receipt(1, bytes.fromhex(mail.id), kind, stand.now))) for kind in ("opened_human", "clicked", "opened_machine")
    ])  # fmt: skip
    await stand.settle()
    (summary,) = await row(stand, t.summaries, mia)
    assert (summary["opened"], summary["clicked"]) == (stand.now, stand.now) and summary["times"]["clicked|email"] == stand.now
    stand.clock.move(600)
    (item,) = (await stand.app.inbox.list(member(mia), mia)).items
    await stand.app.inbox.mark(member(mia), mia, [item.id], InboxChange(read=True))
    await stand.settle()
    (summary,) = await row(stand, t.summaries, mia)
    assert summary["opened"] == stand.now == summary["times"]["opened|web"], "who reads has opened"


async def test_a_machine_opens_nothing(stand):
    mia = await stand.person("mia")
    mail = await stand.delivery(await stand.send(order_shipped(to=mia)))
    stand.clock.move(600)
    await stand.app.log.append([Record(topics.RECEIPTS, 0, b"k", encode(Receipt(1, bytes.fromhex(mail.id), kind, stand.now))) for kind in ("opened_machine", "clicked_machine")])
    await stand.settle()
    (summary,) = await row(stand, t.summaries, mia)
    assert summary["opened"] is None is summary["clicked"]


async def test_a_run_s_recipients_are_stamped_and_counted_as_people(stand):
    users = [await stand.person(f"r{n}") for n in range(3)]
    for user in users:
        await stand.wish(user, consents={"marketing": True})
    persons = [person_id(1, user) for user in users]
    run, at = make_id(int(stand.now * 1000), b"run", stand.kind.encode()), stand.now
    body = msgspec.json.encode(Campaign(experiment=Experiment(metric="converted", event="order.placed", holdout=10.0))).decode()
    variants = (0, 1, HOLDOUT)

    def plan(tx):
        tx.conn.execute(insert(t.campaign_versions), {"space": 1, "key": "spring", "version": 1, "body": body, "at": at})
        tx.conn.execute(insert(t.runs), {"space": 1, "id": run, "campaign": "spring", "version": 1, "planned": at, "state": "running", "recipients": 3, "forecast": bytes(16), "created": at, "started": at})
        tx.conn.execute(insert(t.waves), {"space": 1, "run": run, "n": 0, "kind": "all", "at": at, "recipients": 3, "state": "released", "changed": at})
        tx.conn.execute(insert(t.recipients), [{"run": run, "person": p, "space": 1, "variant": v, "wave": 0, "foreseen": b""} for p, v in zip(persons, variants, strict=True)])

    await stand.app.store.write(plan)
    told = [
        Event(run, 1, p, "campaign.spring", "marketing", "low", at, root=False, body=b'{"title":"Offer"}', channels=("web", "email"), campaign="spring", variant=v)
        for p, v in zip(persons, variants, strict=True)
    ]  # fmt: skip
    await stand.app.log.append([Record(topics.events("low"), topics.partition_of(1, e.person), e.person.to_bytes(8, "big", signed=True), encode(e)) for e in told])
    await stand.settle()
    stand.clock.move(600)
    for user in users:
        await stand.accept(bought(user), bought(user))
    await stand.settle()

    def look(tx):
        while rollup.compact(tx, 1000):
            pass
        r, k = t.recipients.c, t.tallies.c
        rows = {row.variant: (row.got, row.converted) for row in tx.conn.execute(select(t.recipients).where(r.run == run))}
        people = touches.recounted(tx, 1)
        mine = {key: n for key, n in people.items() if key[0] == int(at // 900)}
        kept = {(row.born, row.cohort, row.channel, row.kind): row.n for row in tx.conn.execute(select(t.tallies).where(k.cohort.in_([key[1] for key in mine]), k.n != 0))}
        return rows, mine, kept

    rows, people, kept = await stand.app.store.write(look)
    assert rows == {0: (at, at + 600), 1: (at, at + 600), HOLDOUT: (None, at + 600)}
    assert kept == people and sorted(people.values()) == [1] * 5
