"""A PostgreSQL with millions of deliveries in it, made in minutes: the demo's month, written by the line's own writers, and then copied whole.

A copy has people, events, notifications, deliveries and attempts of its own; ids, addresses and times follow the same rule everywhere,
so that everything still refers to what belongs to it and every count of messages is true to the rows. Letters are not copied: each goes to the people
of every copy. Not copied: captured messages, dead letters, due rows, and recipients of campaigns, of whose counts `carillon ledger --recount` complains.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import psycopg

from backend.app.accounts import MAIN
from backend.app.app import App, open_app
from backend.app.foreseeing import Foreseeing
from backend.app.summing import Summing
from backend.clock import SystemClock
from backend.domain.ids import bucket_of, person_id
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store import partitions
from backend.store.migrate import migrate
from backend.store.port import Tx
from carillon import demo
from carillon.bench import stand
from carillon.demo.life import Life
from carillon.demo.plot import Size
from workers.rollup import Rollup
from workers.touched import Touched

SIZE = Size(people=2_500, daily=450)
PEOPLE = "select person, user_id from people where space = 1 and erased is null"

# what a copy's id is made of: the millisecond moves within its quarter of an hour, so that tallies stay true; of a letter it stays
RULES = """
create function bench_born(id uuid) returns bigint language sql immutable parallel safe as
  $$ select ('x' || left(encode(uuid_send(id), 'hex'), 12))::bit(48)::bigint $$;
create function bench_moved(born bigint, copy int, letter boolean) returns bigint language sql immutable parallel safe as
  $$ select case when letter then born else born - born % 900000 + (born + copy * 7919) % 900000 end $$;
create function bench_id(id uuid, copy int, letter boolean) returns uuid language sql immutable parallel safe as
  $$ select (lpad(to_hex(bench_moved(bench_born(id), copy, letter)), 12, '0') || left(md5(uuid_send(id) || int4send(copy)), 20))::uuid $$;
create function bench_later(id uuid, copy int, letter boolean) returns double precision language sql immutable parallel safe as
  $$ select (bench_moved(bench_born(id), copy, letter) - bench_born(id)) / 1000.0::float8 $$;
create function bench_hash(hash bytea, copy int) returns bytea language sql immutable parallel safe as
  $$ select decode(md5(hash || int4send(copy)), 'hex') $$;
create unlogged table bench_people (person bigint, copy int, other bigint, user_id text collate "C", bucket smallint);
create unlogged table bench_letters as select id from events where target <> '';
create unlogged table bench_events as select * from events where target = '';
create unlogged table bench_notifications as select n.*, n.event in (select id from bench_letters) as letter from notifications n;
create unlogged table bench_deliveries as select d.*, n.letter, n.event from deliveries d join bench_notifications n on n.id = d.notification;
create unlogged table bench_attempts as select a.*, d.letter from attempts a join bench_deliveries d on d.id = a.delivery;
create unlogged table bench_receipts as select r.*, d.letter from receipts r join bench_deliveries d on d.id = r.delivery;
create unlogged table bench_inbox as select i.*, n.letter from inbox i join bench_notifications n on n.id = i.id;
create unlogged table bench_rest as select * from people;
create unlogged table bench_addresses as select * from addresses;
create unlogged table bench_memberships as select * from memberships;
create unlogged table bench_consents as select * from consents;
create unlogged table bench_heads as select * from inbox_heads;
create unlogged table bench_summaries as select * from summaries;
create unlogged table bench_snapshots as select * from snapshots;
"""

# {0}: copies after this one, {1}: up to this one; `p` maps the people of some copies
COPIES = """
insert into people (space, person, user_id, bucket, revision, timezone, locale, profile, wishes, demo, created, changed, erased)
  select b.space, p.other, p.user_id, p.bucket, b.revision, b.timezone, b.locale, b.profile, b.wishes, b.demo, b.created, b.changed, null from bench_rest b join p on p.person = b.person;
insert into addresses (space, person, channel, hash, sealed, label, created)
  select b.space, p.other, b.channel, bench_hash(b.hash, p.copy), b.sealed, b.label, b.created from bench_addresses b join p on p.person = b.person;
insert into memberships (space, group_key, person, created) select b.space, b.group_key, p.other, b.created from bench_memberships b join p on p.person = b.person;
insert into consents (space, person, category, at, given, source, evidence)
  select b.space, p.other, b.category, b.at, b.given, b.source, b.evidence from bench_consents b join p on p.person = b.person;
insert into summaries (space, person, attributes, consents, got, opened, clicked, times, reach)
  select b.space, p.other, b.attributes, b.consents, b.got, b.opened, b.clicked, b.times, b.reach from bench_summaries b join p on p.person = b.person;
insert into inbox_heads (space, person, epoch, seq, unread, unseen) select b.space, p.other, b.epoch, b.seq, b.unread, b.unseen from bench_heads b join p on p.person = b.person;
insert into snapshots (event, person, space) select b.event, p.other, b.space from bench_snapshots b join p on p.person = b.person;
insert into events (id, space, person, type, category, priority, source, key, template, version, recipients, duplicate_of, cohort, target, body, accepted)
  select bench_id(b.id, p.copy, false), b.space, p.other, b.type, b.category, b.priority, b.source, b.key, b.template, b.version, b.recipients, b.duplicate_of, b.cohort,
  b.target, b.body, b.accepted + bench_later(b.id, p.copy, false) from bench_events b join p on p.person = b.person;
insert into notifications (id, space, event, person, cohort, category, priority, planned, skipped, trace, accepted)
  select bench_id(b.id, p.copy, b.letter), b.space, case when b.letter then b.event else bench_id(b.event, p.copy, false) end, p.other, b.cohort, b.category, b.priority,
  b.planned, b.skipped, b.trace, b.accepted + bench_later(b.id, p.copy, b.letter) from bench_notifications b join p on p.person = b.person;
insert into deliveries (id, space, notification, person, channel, address, cohort, state, generation, reason, until, changed)
  select bench_id(b.id, p.copy, b.letter), b.space, bench_id(b.notification, p.copy, b.letter), p.other, b.channel,
  case when b.channel = 1 then int8send(p.other) else bench_hash(b.address, p.copy) end, b.cohort, b.state, b.generation, b.reason, b.until,
  b.changed + bench_later(b.id, p.copy, b.letter) from bench_deliveries b join p on p.person = b.person;
insert into attempts (delivery, n, space, provider, started, ended, outcome, code, raw)
  select bench_id(b.delivery, k, b.letter), b.n, b.space, b.provider, b.started + bench_later(b.delivery, k, b.letter), b.ended + bench_later(b.delivery, k, b.letter),
  b.outcome, b.code, b.raw from bench_attempts b cross join generate_series({0}, {1}) k;
insert into receipts (delivery, space, kind, at, generation, provider, raw)
  select bench_id(b.delivery, k, b.letter), b.space, b.kind, b.at + bench_later(b.delivery, k, b.letter), b.generation, b.provider, b.raw
  from bench_receipts b cross join generate_series({0}, {1}) k;
insert into inbox (space, person, id, seq, type, category, priority, title, message, image, link, actions, metadata, at, seen, read, archived, snoozed_until, silent)
  select b.space, p.other, bench_id(b.id, p.copy, b.letter), b.seq, b.type, b.category, b.priority, b.title, b.message, b.image, b.link, b.actions, b.metadata,
  b.at + bench_later(b.id, p.copy, b.letter), b.seen, b.read, b.archived, b.snoozed_until, b.silent from bench_inbox b join p on p.person = b.person;
"""
COUNTS = """
update totals set n = n * {0};
update standing set n = n * {0};
update tallies set n = n * {0};
update tally_days set n = n * {0};
update events set recipients = recipients * {0} where target <> '';
"""
CLEAR = "drop table bench_people, bench_letters, bench_events, bench_notifications, bench_deliveries, bench_attempts, bench_receipts, bench_inbox, bench_rest, bench_addresses, bench_memberships, bench_consents, bench_heads, bench_summaries, bench_snapshots"
SOME = 10  # copies of one transaction


class Filled(msgspec.Struct, frozen=True):
    """How many deliveries there are, and the variables of a process that looks at them."""

    deliveries: int
    variables: dict[str, str]


@contextmanager
def filled(wanted: int, told: Callable[[str], None]) -> Iterator[Filled]:
    """A database of its own on CARILLON_BENCH_*, filled; it is dropped at the end."""
    with stand.home() as home:
        variables = {name: value for name, value in stand.environment(True, home, "").items() if name != "CARILLON_SMTP_URL"} | {"CARILLON_DEMO": "1"}
        yield Filled(asyncio.run(_filled(variables, wanted, told)), variables)


async def _filled(variables: dict[str, str], wanted: int, told: Callable[[str], None]) -> int:
    settings, clock = load(variables), SystemClock()
    migrate(settings.database_url, clock)
    async with open_app(settings, clock) as app:
        await app.first_start()
        return await fill(app, wanted, told)


async def fill(app: App, wanted: int, told: Callable[[str], None]) -> int:
    """A month with at least so many deliveries, and nothing still to do; how many there are. The store must be PostgreSQL, migrated and otherwise empty."""
    now = app.clock.now()
    await app.store.write(lambda tx: partitions.ensure(tx, now, back=SIZE.days + 1))
    await demo.start(app)
    await Life(app, SIZE).seed()
    await Rollup(store=app.store, clock=app.clock).once()
    await rest(app)
    await Summing(app).once()
    await Touched(store=app.store, clock=app.clock).once()
    one, people = await app.store.write(_prepare)
    copies = -(-wanted // one) - 1
    told(f"the demo's month: {one:,} deliveries; {copies} copies of it follow")
    for first in range(1, copies + 1, SOME):
        last = min(copies, first + SOME - 1)
        await app.store.write(lambda tx, first=first, last=last: _copy(tx, people, first, last))  # type: ignore[misc]
        told(f"{last} of {copies} copies")
    await app.store.write(lambda tx: _run(tx, COUNTS.format(copies + 1)))
    await app.store.write(lambda tx: _run(tx, CLEAR))
    for day in await app.store.read(_days):  # one by one, in the order of ids, as rows that come day by day lie
        await app.store.write(lambda tx, day=day: _run(tx, f"cluster {day} using {day}_pkey"))  # type: ignore[misc]
    with psycopg.connect(app.settings.database_url, autocommit=True) as db:
        db.execute("vacuum analyze")  # as autovacuum would have by then
    return one * (copies + 1)


async def rest(app: App) -> None:
    """Let the month be over: nothing of it is still to be sent, or to be foreseen."""
    for state in ("scheduled", "running", "paused"):
        for one in (await app.campaigns.list(SYSTEM, state=state)).items:
            await app.campaigns.cancel(SYSTEM, one.key)
    await Foreseeing(app).once()


def _days(tx: Tx) -> list[str]:
    return [name for table in ("events", "notifications", "deliveries", "attempts") for name, _ in partitions.days(tx, table)]


def _run(tx: Tx, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            tx.raw.execute(statement)  # as it is: the driver would take a modulo for a placeholder


def _prepare(tx: Tx) -> tuple[int, list[tuple[int, str]]]:
    _run(tx, RULES)
    people = [(int(person), str(user)) for person, user in tx.conn.exec_driver_sql(PEOPLE)]
    return int(tx.conn.exec_driver_sql("select count(*) from bench_deliveries").scalar_one()), people


def _copy(tx: Tx, people: list[tuple[int, str]], first: int, last: int) -> None:
    _run(tx, "set local synchronous_commit = off;\nset local work_mem = '128MB';\ntruncate bench_people")
    with tx.raw.cursor().copy("copy bench_people (person, copy, other, user_id, bucket) from stdin") as copy:
        for person, user in people:
            for n in range(first, last + 1):
                name = f"{user}-{n}"
                other = person_id(MAIN, name)
                copy.write_row((person, n, other, name, bucket_of(MAIN, other)))
    _run(tx, "analyze bench_people;\n" + COPIES.replace(" join p on ", " join bench_people p on ").format(first, last))
