"""taskiq on Redis: one call for each event. `python taskiq_app.py` fills it; `taskiq worker taskiq_app:broker` works it off.

Many at once in each process, on uvloop, asyncpg and aiosmtplib; connections are kept.
"""

import asyncio
import itertools
import re
from typing import Any

import aiosmtplib
import asyncpg
import orjson
import redis.asyncio
import uvloop
from taskiq import TaskiqEvents, TaskiqState
from taskiq.serializers import ORJSONSerializer
from taskiq_redis import ListQueueBroker, RedisStreamBroker
from work import BEGIN, END, KEY, SENDER, SKIP, WISHES, WORK, Delivery, events


def numbered(sql: str) -> str:
    """As asyncpg wants its values marked."""
    count = itertools.count(1)
    return re.sub("%s", lambda _: f"${next(count)}", sql)


BEGIN, END, SKIP = map(numbered, (BEGIN, END, SKIP))

if WORK["late"]:  # acknowledged when it is done
    broker = RedisStreamBroker(WORK["cache"], queue_name=f"{KEY}.taskiq", consumer_group_name="peer", consumer_id="0")
else:
    broker = ListQueueBroker(WORK["cache"], queue_name=f"{KEY}.taskiq")
broker = broker.with_serializer(ORJSONSerializer())
held: dict[str, Any] = {}


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def connect(_: TaskiqState) -> None:
    """Once for each process."""
    held["db"] = await asyncpg.create_pool(WORK["database"], min_size=WORK["databases"], max_size=WORK["databases"])
    held["cache"] = redis.asyncio.Redis.from_url(WORK["cache"], max_connections=64)
    held["smtp"] = links = asyncio.LifoQueue()
    for _n in range(WORK["smtps"]):
        link = aiosmtplib.SMTP(hostname=WORK["smtp_host"], port=WORK["smtp_port"], start_tls=False, use_tls=False, local_hostname="localhost")
        await link.connect()
        links.put_nowait(link)


@broker.task("deliver")
async def deliver(event: dict[str, Any]) -> None:
    """Preferences, rows, mail, outcome."""
    db = held["db"]
    one = Delivery(event, orjson.loads(await held["cache"].get(WISHES + event["user"])))
    if not one.wanted:
        await db.execute(SKIP, *one.claim())
    elif await db.fetchval(BEGIN, *one.begin()):  # none of a repeat
        to = one.address()
        body = one.mail(to)
        link = await held["smtp"].get()
        try:
            await link.sendmail(SENDER, [to], body)
        finally:
            held["smtp"].put_nowait(link)
        await db.execute(END, *one.end("250 2.0.0 Ok"))


async def fill() -> None:
    """Hand everything in."""
    await broker.startup()
    for one in events():
        await deliver.kiq(one)
    await broker.shutdown()


if __name__ == "__main__":
    uvloop.run(fill())
