"""taskiq on Redis: one call and one row for each event. `python taskiq_app.py` fills it; `taskiq worker taskiq_app:broker` works it off.

Many at once in each process, on uvloop, asyncpg and aiosmtplib; connections are kept.
"""

import asyncio
import uuid
from typing import Any

import aiosmtplib
import asyncpg
import orjson
import redis.asyncio
import uvloop
from taskiq import TaskiqEvents, TaskiqState
from taskiq.serializers import ORJSONSerializer
from taskiq_redis import ListQueueBroker, RedisStreamBroker
from work import DAY, FOUND, KEY, PENDING, SENDER, SENT, SKIPPED, WISHES, WORK, events, mail, wanted

INSERT = "insert into peer_deliveries (id, person, channel, event, template, state) values ($1, $2, 2, $3, $4, $5)"
OUTCOME = "update peer_deliveries set state = $1, answer = $2, changed = clock_timestamp() where id = $3"

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
    """Dedup, preferences, row, mail, outcome."""
    db, cache = held["db"], held["cache"]
    if not await cache.set(FOUND + event["id"], 1, nx=True, ex=DAY):
        return
    wishes = orjson.loads(await cache.get(WISHES + event["user"]))
    delivery = uuid.uuid4()
    if not wanted(wishes, event["category"]):
        await db.execute(INSERT, delivery, event["user"], event["id"], event["template"], SKIPPED)
        return
    await db.execute(INSERT, delivery, event["user"], event["id"], event["template"], PENDING)
    body = mail(delivery, event, wishes)
    link = await held["smtp"].get()
    try:
        await link.sendmail(SENDER, [wishes["email"]], body)
    finally:
        held["smtp"].put_nowait(link)
    await db.execute(OUTCOME, SENT, "250", delivery)


async def fill() -> None:
    """Hand everything in."""
    await broker.startup()
    for one in events():
        await deliver.kiq(one)
    await broker.shutdown()


if __name__ == "__main__":
    uvloop.run(fill())
