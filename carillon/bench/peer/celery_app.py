"""Celery on Redis: one call for each event. `python celery_app.py` fills it; `celery -A celery_app worker` works it off.

Acknowledged late, read ahead, prefork; one connection to PostgreSQL, Redis and the mail server for each process, kept.
"""

import json
import smtplib
from typing import Any

import psycopg
import redis
from celery import Celery
from celery.signals import worker_process_init
from work import BEGIN, END, KEY, SENDER, SKIP, WISHES, WORK, Delivery, events

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
    """Preferences, rows, mail, outcome."""
    db = held["db"]
    one = Delivery(event, json.loads(held["cache"].get(WISHES + event["user"])))
    if not one.wanted:
        db.execute(SKIP, one.claim())
    elif db.execute(BEGIN, one.begin()).rowcount:  # none of a repeat
        to = one.address()
        held["smtp"].sendmail(SENDER, [to], one.mail(to))
        db.execute(END, one.end("250 2.0.0 Ok"))


if __name__ == "__main__":
    with app.producer_pool.acquire(block=True) as producer:
        for one in events():
            deliver.apply_async((one,), producer=producer)
