"""A forecast over a whole audience: the snapshot and every person decided about, in one process, with PostgreSQL or on one file.

`python -m carillon.bench.forecast 1000000` on CARILLON_BENCH_DATABASE_URL; `embedded 100000` for one file.
"""

import asyncio
import random
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec
import uvloop
from sqlalchemy import insert

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.content_views import TemplateIn
from backend.app.foreseeing import Foreseeing
from backend.domain.audience import All, Audience
from backend.domain.campaign import Campaign, Variant
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.ids import bucket_of, person_id
from backend.domain.person import QuietHours, Wishes
from backend.domain.template import Content, EmailContent, PushContent, WebContent
from backend.security.roles import SYSTEM
from backend.store import audience_rows, tables
from backend.store.port import Tx
from carillon.bench import stand
from carillon.bench.figures import ROUNDS, Row, spread

KEY = "everybody"
SOME = 20_000  # people of one transaction
SOME_HAVE = {"email": 0.3, "push": 0.85}
_WAITS: list[float] = []
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")


def rows() -> list[Row]:
    """Rounds of a hundred thousand on one file and a million on PostgreSQL."""
    made: list[Row] = []
    for servers, count, goal in ((False, 100_000, "a few seconds"), (True, 1_000_000, "under 90")):
        took = [uvloop.run(measure(servers, count)) for _ in range(ROUNDS if count < 1_000_000 else 1)]
        made.append((f"forecast of {count:,} people, seconds ({'PostgreSQL' if servers else 'SQLite'})", spread(took), goal))
    return made


async def measure(servers: bool, count: int) -> float:
    """Seconds of one forecast, snapshot included."""
    with stand.home() as home:
        settings = stand.settings_of(stand.environment(servers, home, "smtp://127.0.0.1:9"))
        async with stand.facade(settings) as app:
            await furnish(app, count)
            used, started = time.process_time(), time.perf_counter()
            await app.forecasts.begin(SYSTEM, KEY)
            walk, kept = Foreseeing(app), asyncio.create_task(_kept())
            await walk.once()
            while await walk.once():
                pass
            took, cpu = time.perf_counter() - started, time.process_time() - used
            view = await app.forecasts.get(SYSTEM, KEY)
            kept.cancel()
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(
                f"forecast of {view.people:,} people, {view.units:,} units, {len(view.rows)} rows: {took:.1f} s, {view.people / took:,.0f}/s; "
                f"CPU {cpu / max(1, view.people) * 1e6:.0f} us a person; at most {memory:,} MB; "
                f"p99 of what the loop was kept {sorted(_WAITS)[int(len(_WAITS) * 0.99)] * 1000:.0f} ms, at most {max(_WAITS) * 1000:.0f}", flush=True,
            )  # fmt: skip
            return took


async def _kept() -> None:
    """How much longer than asked somebody else on the loop waits, again and again."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        _WAITS.append(time.perf_counter() - began - 0.002)


async def furnish(app: App, count: int, addresses: Mapping[str, float] = SOME_HAVE) -> None:
    """So many people of all kinds, written as rows, and a campaign to all of them. `addresses`: which part of them has one on a channel."""
    texts = Content(web=WebContent("News", "News"), email=EmailContent("News", "<p>News</p>", "", "News"), push=PushContent("News", "News"))
    await app.templates.put(SYSTEM, KEY, TemplateIn(texts))
    await app.templates.publish(SYSTEM, KEY)
    now = app.clock.now()
    given = Campaign(category="product", audience=KEY, variants=(Variant(template=KEY),), channels=("web", "email", "push"))
    rule = msgspec.json.encode(Audience(rule=All())).decode()

    def write(tx: Tx) -> None:
        audience_rows.put(tx, audience_rows.AudienceRow(space=MAIN, key=KEY, name=KEY, kind="rule", body=rule, version=1, revision=1, changed=now))
        tx.conn.execute(insert(tables.campaigns).values(
            space=MAIN, key=KEY, name=KEY, state="draft", body=msgspec.json.encode(given).decode(), revision=1, created=now, changed=now,
        ))  # fmt: skip

    await app.store.write(write)
    sealed = app.sealer.seal("profile", b'{"name":"Jane Doe"}')
    mail = app.sealer.seal("address", b"jane@example.com")
    people = _people(count, now, sealed, mail, addresses)
    while True:
        some = [row for _, row in zip(range(SOME), people, strict=False)]
        if not some:
            break
        await app.store.write(lambda tx, some=some: _write(tx, some))  # type: ignore[misc]
    if app.store.dialect == "postgresql":
        await asyncio.to_thread(_vacuum, app.settings.database_url)


def _people(count: int, now: float, sealed: bytes, mail: bytes, addresses: Mapping[str, float]) -> Iterator[dict[str, list[dict[str, Any]]]]:
    rnd = random.Random(1)
    wishes = [
        msgspec.json.encode(one).decode()
        for one in (Wishes(), Wishes(channels={"email": False}), Wishes(quiet=(QuietHours("22:00", "08:00"),)), Wishes(categories={"orders": False}))
    ]
    shares = [(CHANNEL_NUMBER[name], share) for name, share in addresses.items()]
    for n in range(count):
        user = f"user{n}"
        person = person_id(MAIN, user)
        own = {"space": MAIN, "person": person}
        wish = wishes[0] if rnd.random() < 0.7 else rnd.choice(wishes)
        row: dict[str, list[dict[str, Any]]] = {"people": [
            {**own, "user_id": user, "bucket": bucket_of(MAIN, person), "revision": 1, "timezone": rnd.choice(ZONES), "locale": "en", "profile": sealed, "wishes": wish,
             "created": now, "changed": now},
        ], "summaries": [own], "addresses": [], "consents": []}  # fmt: skip
        for channel, share in shares:
            if rnd.random() < share:
                hashed = blake2b(f"{user} {channel}".encode(), digest_size=16).digest()
                row["addresses"].append({**own, "channel": channel, "hash": hashed, "sealed": mail, "created": now})
        if rnd.random() < 0.8:
            row["consents"].append({**own, "category": "product", "at": now, "given": rnd.random() < 0.9, "source": "api"})
        yield row


def _write(tx: Tx, some: list[dict[str, list[dict[str, Any]]]]) -> None:
    for name in ("people", "summaries", "addresses", "consents"):
        rows = [one for row in some for one in row[name]]
        if tx.dialect == "sqlite":
            tx.conn.execute(insert(tables.meta.tables[name]), rows)
            continue
        names = list(rows[0])
        with tx.raw.cursor().copy(f"copy {name} ({', '.join(names)}) from stdin") as copy:
            for one in rows:
                copy.write_row([one[each] for each in names])


def _vacuum(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as db:
        db.execute("vacuum analyze")  # as autovacuum would have by then


if __name__ == "__main__":
    servers = sys.argv[1] != "embedded"
    if servers and not stand.find_engines():
        sys.exit("Give engines by CARILLON_BENCH_DATABASE_URL, _LOG_URL and _CACHE_URL.")
    uvloop.run(measure(servers, int(sys.argv[-1])))
