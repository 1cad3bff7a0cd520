"""A campaign from its start to its end, by a whole house in one process: `python -m carillon.bench.campaign [servers] [mail] COUNT [PACE]`.

Everybody gets a bell, so that no sink is measured; with `mail` whoever has an address gets a mail, which a sink takes at once. With a pace its exactness is told: how far the people handed to the line within any ten seconds, after the
first second, are from what was asked.
"""

import asyncio
import sys
import time
from pathlib import Path

import msgspec
import uvloop
from sqlalchemy import func, select, update

from backend.app.campaign_views import CampaignView, StartIn
from backend.clock import SystemClock
from backend.domain.campaign import Campaign, Timing, Variant
from backend.security.roles import SYSTEM
from backend.store import tables
from backend.store.migrate import migrate
from carillon import collector, heaps
from carillon.bench import forecast, stand
from carillon.bench.figures import ROUNDS, Row, spread
from carillon.bench.forecast import KEY
from carillon.house import House

LOOK = 0.2  # seconds between looks at what was released
OVER = 10.0  # seconds over which a pace is judged
FEW = 200_000  # people; beyond that it is looked less often
BEGIN = 1.0  # seconds that are not
PAGE = 4_096  # bytes
PACES = ((50.0, 1_000), (5_000.0, 100_000))  # people a second, people


class Taken(msgspec.Struct, frozen=True):
    """One campaign: seconds until its people had their place, people a second from then to its end, megabytes at a tenth, at half and at the end; `off`: the
    greatest part by which ten seconds missed the pace, None when it was not long enough or had none."""

    prepared: float
    rate: float
    memory: tuple[int, int, int]
    off: float | None
    sent: int
    planned: int


def rows() -> list[Row]:
    """A hundred thousand on one file, and how exactly a pace is kept."""
    made = [uvloop.run(measure(servers=False, count=100_000)) for _ in range(ROUNDS)]
    mails = [uvloop.run(measure(servers=False, count=100_000, mail=True)) for _ in range(ROUNDS)]
    out: list[Row] = [
        ("campaign by mail to 100,000 (SQLite, one process; a row for each), people a second to the end", spread([one.rate for one in mails]), "beside 10,000 to 12,000 of listmonk, which keeps no row"),
        ("campaign to 100,000 (SQLite, one process): seconds until everybody has their place", spread([one.prepared for one in made], "{:.1f}"), ""),
        ("the same, people a second to the end", spread([one.rate for one in made]), ""),
        ("the same, megabytes at a tenth, half and the end", " / ".join(f"{n:,}" for n in made[-1].memory), "flat"),
    ]
    for pace, count in PACES:
        off = uvloop.run(measure(servers=False, count=count, pace=pace)).off
        out.append((f"pace of {pace:,.0f}/s, most missed within any ten seconds, per cent", "too short" if off is None else f"{off * 100:.1f}", "at most 5"))
    return out


async def measure(*, servers: bool, count: int, pace: float = 0.0, mail: bool = False) -> Taken:
    """Start it, follow it, judge its ledger."""
    heaps.few()  # as `carillon up` does
    with stand.home() as home, stand.sink() as smtp:
        settings = stand.settings_of(stand.environment(servers, home, smtp))
        clock = SystemClock()
        await asyncio.to_thread(migrate, settings.database_url, clock)
        async with House(settings, clock) as house:
            app = house.app
            collector.spare()
            await forecast.furnish(app, count, {"email": 1.0} if mail else forecast.SOME_HAVE)
            given = Campaign(category="security", audience=KEY, variants=(Variant(template=KEY),), channels=("email",) if mail else ("web",), timing=Timing(pace=pace))
            body = msgspec.json.encode(given).decode()
            await app.store.write(lambda tx: tx.conn.execute(update(tables.campaigns).values(body=body)).rowcount)
            began = time.perf_counter()
            await app.campaigns.start(SYSTEM, KEY, StartIn(confirm=count))
            look = LOOK if count < FEW else 5 * LOOK
            looks: list[tuple[float, int]] = []
            memory: list[int] = []
            view = await app.campaigns.get(SYSTEM, KEY)
            while view.run is None or view.run.state not in ("finished", "cancelled", "failed"):
                await asyncio.sleep(look)
                w = tables.waves.c
                released = await app.store.read(lambda tx: tx.conn.scalar(select(func.sum(w.released))))  # noqa: B023 a read that is awaited here
                if released:
                    looks.append((time.perf_counter(), int(released)))
                memory.append(_resident())
                view = await app.campaigns.get(SYSTEM, KEY)
            return _judged(view, began, time.perf_counter(), looks, memory, pace)


def _judged(view: CampaignView, began: float, ended: float, looks: list[tuple[float, int]], memory: list[int], pace: float) -> Taken:
    run = view.run
    assert run is not None
    first = looks[0][0]
    at = (len(memory) // 10, len(memory) // 2, len(memory) - 1)
    off = missed(looks, pace, run.recipients) if pace else None
    taken = Taken(first - began, run.ledger.planned / (ended - first), (memory[at[0]], memory[at[1]], memory[at[2]]), off, run.ledger.sent, run.ledger.planned)
    print(f"campaign, {run.state}, pace {pace:,.0f}: {msgspec.json.encode(taken).decode()}", flush=True)
    return taken


def missed(looks: list[tuple[float, int]], pace: float, people: int) -> float | None:
    """The greatest part by which what was released within ten seconds is off the pace; looks of the first second and once all are released do not count."""
    some = [look for look in looks if look[0] >= looks[0][0] + BEGIN and look[1] < people]
    found = []
    for n, (start, before) in enumerate(some):
        later = next((look for look in some[n:] if look[0] >= start + OVER), None)
        if later is not None:
            found.append(abs((later[1] - before) / (later[0] - start) / pace - 1))
    return max(found, default=None)


def _resident() -> int:
    """Megabytes of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE // 1_048_576


if __name__ == "__main__":
    on_servers = sys.argv[1] == "servers"
    if on_servers and not stand.find_engines():
        sys.exit("Give engines by CARILLON_BENCH_DATABASE_URL, _LOG_URL and _CACHE_URL.")
    numbers = [float(one) for one in sys.argv[1:] if one not in ("servers", "mail")]
    uvloop.run(measure(servers=on_servers, count=int(numbers[0]), pace=numbers[1] if len(numbers) > 1 else 0.0, mail="mail" in sys.argv))
