"""Celery on Redis: one call and one row for each event. `python celery_app.py` fills it; `celery -A celery_app worker` works it off.

Acknowledged late, read ahead, prefork; one connection to PostgreSQL, Redis and the mail server for each process, kept.
"""

import json
import smtplib
import uuid
from typing import Any

import psycopg
import redis
from celery import Celery
from celery.signals import worker_process_init
from work import DAY, FOUND, KEY, PENDING, SENDER, SENT, SKIPPED, WISHES, WORK, events, mail, wanted

INSERT = "insert into peer_deliveries (id, person, channel, event, template, state) values (%s, %s, 2, %s, %s, %s)"
OUTCOME = "update peer_deliveries set state = %s, answer = %s, changed = clock_timestamp() where id = %s"

app = Celery("peer", broker=WORK["cache"])
app.conf.update(
    task_default_queue=f"{KEY}.celery",
    broker_transport_options={"global_keyprefix": KEY, "visibility_timeout": 3600},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=WORK["ahead"],
    worker_disable_rate_limits=True,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
)
held: dict[str, Any] = {}


@worker_process_init.connect
def connect(**_: object) -> None:
    """Once for each process."""
    held["db"] = psycopg.connect(WORK["database"], autocommit=True)
    held["cache"] = redis.Redis.from_url(WORK["cache"])
    held["smtp"] = smtplib.SMTP(WORK["smtp_host"], WORK["smtp_port"], local_hostname="localhost")
    held["smtp"].ehlo()


@app.task(name="deliver")
def deliver(event: dict[str, Any]) -> None:
    """Dedup, preferences, row, mail, outcome."""
    db, cache = held["db"], held["cache"]
    if not cache.set(FOUND + event["id"], 1, nx=True, ex=DAY):
        return
    wishes = json.loads(cache.get(WISHES + event["user"]))
    delivery = uuid.uuid4()
    if not wanted(wishes, event["category"]):
        db.execute(INSERT, (delivery, event["user"], event["id"], event["template"], SKIPPED))
        return
    db.execute(INSERT, (delivery, event["user"], event["id"], event["template"], PENDING))
    held["smtp"].sendmail(SENDER, [wishes["email"]], mail(delivery, event, wishes))
    db.execute(OUTCOME, (SENT, "250", delivery))


if __name__ == "__main__":
    with app.producer_pool.acquire(block=True) as producer:
        for one in events():
            deliver.apply_async((one,), producer=producer)
