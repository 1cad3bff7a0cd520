"""Audiences counted: ten given rules over a million people in PostgreSQL, as whoever builds a rule sees them counted.

`python -m carillon.bench audiences`; another number of people with CARILLON_BENCH_AUDIENCE.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import uvloop

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.audience_views import CountIn
from backend.domain import audience as rules
from backend.domain.audience import Audience, Rule
from backend.security.roles import SYSTEM
from backend.store import audience_people, audience_rows
from backend.store.port import Tx
from carillon.bench import stand
from carillon.bench.figures import Row

COUNT = int(os.environ.get("CARILLON_BENCH_AUDIENCE", "1000000"))
TIMES = 20  # each rule is counted, warm
WARM = 3  # countings before, of each
DAY = 86_400
GOAL = 1_000  # milliseconds

RULES: dict[str, Rule] = {
    "attribute": rules.Attribute("plan", "equals", "pro"),
    "number": rules.Attribute("age", "between", [25, 40]),
    "group": rules.InGroup("beta"),
    "consent": rules.Consented("product"),
    "clicked in 30 days": rules.Activity("clicked", 30),
    "clicked on e-mail in 30 days": rules.Activity("clicked", 30, channel="email"),
    "not opened in 60 days": rules.Not(rules.Activity("opened", 60)),
    "bought twice in 90 days": rules.Acted("order.paid", 90, 2),
    "nested": rules.All((
        rules.Attribute("plan", "one_of", ["pro", "team"]), rules.Attribute("signed_up", "before", "2026-01-01"), rules.Consented("product"),
        rules.Not(rules.InGroup("staff")),
        rules.Any((rules.Activity("clicked", 30), rules.Acted("order.paid", 90), rules.All((rules.Attribute("country", "one_of", ["DE", "AT", "CH"]), rules.Activity("opened", 14, channel="email"))))),
    )),
    "another audience, a list left out, by time zone": rules.All((rules.InAudience("regulars"), rules.Attribute("timezone", "begins", "Europe/"), rules.Not(rules.InAudience("testers")))),
}  # fmt: skip

# hashtextextended: made up, and the same on every run; a person's number is as random as ours are
FILL = """
create temporary table made as
select n, (hashint8extended(n, 7) & 9223372036854775807) as person, random() as a, random() as b, random() as c, random() as d, random() as e, random() as f
from generate_series(1, {count}) as n;
insert into people (space, person, user_id, bucket, revision, timezone, profile, created, changed)
select 1, person, 'user' || n, n % 1024, 1, (array['UTC', 'Europe/Berlin', 'Europe/Vienna', 'America/New_York', 'Asia/Kolkata'])[1 + n % 5], decode(repeat('00', 200), 'hex'), {now}, {now} from made;
insert into summaries (space, person, attributes, consents, got, opened, clicked, times, reach)
select 1, person,
    jsonb_build_object('plan', (array['free', 'free', 'free', 'pro', 'team'])[1 + (a * 4.99)::int % 5], 'age', 18 + (b * 60)::int, 'country', (array['DE', 'AT', 'CH', 'US', 'IN', 'FR', 'GB'])[1 + n % 7],
        'signed_up', to_char(date '2024-01-01' + (c * 1000)::int, 'YYYY-MM-DD'), 'spent', round((d * 1000)::numeric, 2), 'newsletter', e < 0.5, 'city', 'City ' || n % 900, 'company', 'Company ' || n % 40000),
    case when f < 0.7 then jsonb_build_object('product', f < 0.6) else '{{}}'::jsonb end,
    case when a < 0.9 then {now} - b * 120 * 86400 end,
    case when a < 0.5 then {now} - c * 120 * 86400 end,
    case when a < 0.25 then {now} - d * 120 * 86400 end,
    case when a < 0.9 then jsonb_build_object('got|email', {now} - b * 120 * 86400, 'got|product', {now} - b * 120 * 86400) else '{{}}'::jsonb end
        || case when a < 0.5 then jsonb_build_object('opened|email', {now} - c * 120 * 86400, 'opened|product', {now} - c * 120 * 86400) else '{{}}'::jsonb end
        || case when a < 0.25 then jsonb_build_object('clicked|email', {now} - d * 120 * 86400, 'clicked|product', {now} - d * 120 * 86400) else '{{}}'::jsonb end,
    case when c < 0.85 then 4 else 0 end + case when d < 0.3 then 8 else 0 end
from made;
insert into acts (space, type, person, first, last, n) select 1, 'order.paid', person, {now} - 200 * 86400, {now} - e * 180 * 86400, 1 + (f * 4)::int from made where b < 0.3;
insert into acts (space, type, person, first, last, n) select 1, 'page.seen', person, {now} - 200 * 86400, {now} - f * 180 * 86400, 1 + (e * 40)::int from made where c < 0.6;
insert into groups (space, key, name, revision, changed) values (1, 'beta', 'Beta', 1, {now}), (1, 'staff', 'Staff', 1, {now});
insert into memberships (space, group_key, person, created) select 1, 'beta', person, {now} from made where d < 0.1;
insert into memberships (space, group_key, person, created) select 1, 'staff', person, {now} from made where e < 0.002;
insert into listed (space, audience, person, created) select 1, 'testers', person, {now} from made where f < 0.01;
insert into addresses (space, person, channel, hash, sealed, created) select 1, person, 2, decode(md5('e' || n), 'hex'), decode(repeat('00', 60), 'hex'), {now} from made where c < 0.85;
insert into addresses (space, person, channel, hash, sealed, created) select 1, person, 3, decode(md5('p' || n), 'hex'), decode(repeat('00', 60), 'hex'), {now} from made where d < 0.3;
insert into suppressions (space, channel, hash, reason, source, since) select 1, 2, decode(md5('e' || n), 'hex'), 'bounced', 'bench', {now} from made where n % 100 = 0;
drop table made;
"""


def rows() -> list[Row]:
    """Each rule many times, in turn, so that none has the cache for itself."""
    return uvloop.run(measure(COUNT))


async def measure(count: int) -> list[Row]:
    """Rows of what was measured; the database stays."""
    with stand.home() as home:
        settings = stand.settings_of(stand.environment(servers=True, home=home, smtp="smtp://127.0.0.1:9"))
        async with stand.facade(settings) as app:
            began = time.perf_counter()
            await asyncio.to_thread(fill, settings.database_url, count, app.clock.now())
            await app.store.write(lambda tx: furnish(tx, app.clock.now()))
            print(f"{count:,} people in {time.perf_counter() - began:.0f} s", flush=True)
            alone = await _times(lambda rule: _sized(app, rule))
            whole = await _times(lambda rule: _counted(app, rule))
    told = f"{count:,} people (PostgreSQL), {TIMES} times each, milliseconds, p95 of all"
    made: list[Row] = [
        (f"ten rules counted over {told}", _p95(alone), f"p95 under {GOAL:,}"),
        (f"the same with how many are reached on each channel, over {told}", _p95(whole), ""),
    ]
    made += [(f"the rule `{name}`: {people:,} people, milliseconds (p50, p95)", f"{_two(took)}; with channels {_two(whole[name][1])}", "") for name, (people, took) in alone.items()]
    return made


def fill(url: str, count: int, now: float) -> None:
    """So many people with eight attributes each, answers, activity, events, addresses."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("select setseed(0.5)")
        for statement in FILL.format(count=count, now=round(now)).split(";\n"):
            if statement.strip():
                db.execute(statement.encode())
        db.execute("vacuum analyze")  # as autovacuum would have by then


def furnish(tx: Tx, now: float) -> None:
    """The audiences that the rules name."""
    bodies = {"regulars": Audience(rules.All((rules.Acted("order.paid", 0, 2), rules.Not(rules.Attribute("plan", "equals", "free"))))), "testers": Audience()}
    for key, audience in bodies.items():
        body, kind = msgspec.json.encode(audience).decode(), "list" if audience.rule is None else "rule"
        audience_rows.put(tx, audience_rows.AudienceRow(space=MAIN, key=key, name=key, kind=kind, body=body, version=1, revision=1, changed=now))


async def _sized(app: App, rule: Rule) -> int:
    now = app.clock.now()
    return await app.store.read(lambda tx: audience_rows.size(tx, audience_people.whom(tx, MAIN, Audience(rule), now)))


async def _counted(app: App, rule: Rule) -> int:
    return (await app.audiences.count(SYSTEM, CountIn(rule))).count


async def _times(count: Callable[[Rule], Any]) -> dict[str, tuple[int, list[float]]]:
    """name -> (people, seconds of each)."""
    made: dict[str, tuple[int, list[float]]] = {}
    for n in range(WARM + TIMES):
        for name, rule in RULES.items():
            began = time.perf_counter()
            people = await count(rule)
            took = time.perf_counter() - began
            if n >= WARM:
                made.setdefault(name, (people, []))[1].append(took)
    return made


def _p95(of: dict[str, tuple[int, list[float]]]) -> str:
    every = [1000 * took for _, some in of.values() for took in some]
    slowest = max(of, key=lambda name: statistics.median(of[name][1]))
    return f"{statistics.quantiles(every, n=20)[-1]:,.0f} ({min(every):,.0f} to {max(every):,.0f}; slowest: {slowest})"


def _two(took: list[float]) -> str:
    return f"{1000 * statistics.median(took):,.0f} and {1000 * statistics.quantiles(took, n=20)[-1]:,.0f}"
