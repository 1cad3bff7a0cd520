"""What Celery and taskiq do for each event, as far as it does not depend on them. It runs in their environment, which knows nothing of Carillon.

CARILLON_BENCH_WORK names a file (JSON) with addresses of the engines and of the mail server, templates, brand and sample data. It is what Carillon
promises of each: the key that makes a repeat one, the event, the notification with its reasons, the delivery with a sealed address, an attempt that
is on record before the call, its outcome, each move of a state for the counts; in the mail text beside the HTML and a signed link. All of it is two
statements, so that a peer waits for two commits; it hands nothing on through a second topic, keeps no touches and asks for no preference anew
before it sends.
"""

import hmac
import json
import os
import time
import uuid
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jinja2 import Environment

WORK: dict[str, Any] = json.loads(Path(os.environ["CARILLON_BENCH_WORK"]).read_text())
KEY: str = WORK["key"]  # in front of every key in Redis
SENDER = "orders@example.com"
PENDING, SENT = 1, 2
MAIL, PROVIDER, CATEGORY, PRIORITY = 2, 3, 6, 2  # by number, as rows have them
NONCE = 12
GATES = "erased expired superseded halted holdout suppression consent preference plan digest quiet_hours cap".split()

WISHES = f"{KEY}:wishes:"

_CLAIM = f"""with claimed as (insert into peer_seen (key, id) values (%s, %s) on conflict do nothing returning id),
  event as (insert into peer_events (id, person, category, priority, template, data) select id, %s, {CATEGORY}, {PRIORITY}, %s, %s from claimed),
  notification as (insert into peer_notifications (id, event, person, category, priority, planned, skipped, trace)
    select %s, id, %s, {CATEGORY}, {PRIORITY}, 1, %s, %s from claimed)"""
SKIP = f"{_CLAIM} select 1 from claimed"
BEGIN = f"""{_CLAIM}, delivery as (insert into peer_deliveries (id, notification, person, channel, address, state)
    select %s, %s, %s, {MAIL}, %s, {PENDING} from claimed returning id),
  moved as (insert into peer_deltas (minute, category, channel, was, now, n) select %s, {CATEGORY}, {MAIL}, -1, {PENDING}, 1 from delivery)
  insert into peer_attempts (delivery, n, provider) select id, 1, {PROVIDER} from delivery returning delivery"""
END = f"""with ended as (update peer_attempts set outcome = {SENT}, code = 'sent', raw = %s, ended = clock_timestamp()
    where delivery = %s and n = 1 and outcome is null returning delivery),
  moved as (update peer_deliveries d set state = {SENT}, answer = %s, changed = clock_timestamp() from ended
    where d.id = ended.delivery and d.state = {PENDING} returning 1)
  insert into peer_deltas (minute, category, channel, was, now, n) select %s, {CATEGORY}, {MAIL}, {PENDING}, {SENT}, 1 from moved"""

_html = Environment(autoescape=True).from_string(WORK["html"])
_text = Environment().from_string(WORK["text"])
_subject = Environment().from_string(WORK["subject"])  # a header is no HTML
_box = AESGCM(bytes.fromhex(WORK["sealing"]))


def events() -> Iterator[dict[str, Any]]:
    """What a producer hands in: the same data as ours."""
    for n in range(WORK["count"]):
        user = f"user{n % WORK['people']}"
        data = WORK["sample"] | {"order_id": WORK["sample"]["order_id"] + n}
        yield {"id": f"order:{n}", "user": user, "category": "system", "template": "order_shipped", "data": data}


class Delivery:
    """What one event leads to: values for `BEGIN` and `END`, or for `SKIP`, and the mail between them."""

    def __init__(self, event: dict[str, Any], wishes: dict[str, Any]) -> None:
        self.event, self.wishes = event, wishes
        self.made, self.notification, self.delivery = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        self.wanted = bool(wishes["categories"].get(event["category"], wishes["otherwise"]).get("email", True))
        self.minute = int(time.time()) // 60
        self._sealed = b64decode(wishes["sealed"])

    def claim(self) -> tuple[Any, ...]:
        """Values for `SKIP`."""
        event, user = self.event, self.event["user"]
        reasons = dict.fromkeys(GATES, True) | {"preference": self.wanted}
        trace = json.dumps({"email": reasons, "category": event["category"], "otherwise": self.wishes["otherwise"]})
        data = json.dumps(event["data"])
        return event["id"], self.made, user, event["template"], data, self.notification, user, int(not self.wanted), trace

    def begin(self) -> tuple[Any, ...]:
        """Values for `BEGIN`."""
        return *self.claim(), self.delivery, self.notification, self.event["user"], self._sealed, self.minute

    def end(self, raw: str) -> tuple[Any, ...]:
        """Values for `END`."""
        return raw, self.delivery, raw, self.minute

    def address(self) -> str:
        """Opened at the last moment."""
        return _box.decrypt(self._sealed[:NONCE], self._sealed[NONCE:], None).decode()

    def mail(self, to: str) -> bytes:
        """Text and HTML as they are: all of it is ASCII, which costs less than base64."""
        data, made = self.event["data"], self.delivery.hex
        signed = urlsafe_b64encode(hmac.digest(bytes.fromhex(WORK["signing"]), self.delivery.bytes, "sha256")[:16]).decode()
        link = f"https://shop.example.com/u/{made}{signed}"
        known = {**data, "brand": WORK["brand"], "user": {"name": self.wishes["name"], "id": self.event["user"]}, "links": {"unsubscribe": link}}
        whole = (
            f"From: {SENDER}\nTo: {to}\nSubject: {_subject.render(data)}\nDate: {formatdate()}\nMessage-ID: <{made}@example.com>\nMIME-Version: 1.0\n"
            f"Feedback-ID: system:1:service:shop\nList-Unsubscribe: <{link}>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
            f'Content-Type: multipart/alternative; boundary="={made}"\n\n--={made}\nContent-Type: text/plain; charset=utf-8\n\n{_text.render(known)}\n'
            f"--={made}\nContent-Type: text/html; charset=utf-8\n\n{_html.render(known)}\n--={made}--\n"
        )
        return whole.replace("\n", "\r\n").encode()
