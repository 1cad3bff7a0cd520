"""What Celery and taskiq do for each event, as far as it does not depend on them. It runs in their environment, which knows nothing of Carillon.

CARILLON_BENCH_WORK names a file (JSON) with addresses of the engines and of the mail server, template, subject, brand and sample data.
What is not said here a peer need not do: no trace of reasons, no sealed addresses, no text beside the HTML, one row instead of four.
"""

import json
import os
import uuid
from base64 import encodebytes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment

WORK: dict[str, Any] = json.loads(Path(os.environ["CARILLON_BENCH_WORK"]).read_text())
KEY: str = WORK["key"]  # in front of every key in Redis
DAY = 86_400
SENDER = "orders@example.com"
PENDING, SENT, SKIPPED = 1, 2, 3

FOUND = f"{KEY}:seen:"
WISHES = f"{KEY}:wishes:"

_html = Environment(autoescape=True).from_string(WORK["html"])
_subject = Environment().from_string(WORK["subject"])  # a header is no HTML


def events() -> Iterator[dict[str, Any]]:
    """What a producer hands in: the same data as ours."""
    for n in range(WORK["count"]):
        user = f"user{n % WORK['people']}"
        data = WORK["sample"] | {"order_id": WORK["sample"]["order_id"] + n}
        yield {"id": f"order:{n}", "user": user, "category": "system", "template": "order_shipped", "data": data}


def wanted(wishes: dict[str, Any], category: str) -> bool:
    """Whether this person wants mail of this category."""
    return bool(wishes["categories"].get(category, wishes["otherwise"]).get("email", True))


def mail(delivery: uuid.UUID, event: dict[str, Any], wishes: dict[str, Any]) -> bytes:
    """The mail as bytes, made by hand: the library's own way takes many times as long."""
    data = event["data"]
    user = {"name": wishes["name"], "id": event["user"]}
    links = {"unsubscribe": f"https://shop.example.com/unsubscribe/{delivery.hex}"}
    html = _html.render(**data, brand=WORK["brand"], user=user, links=links)
    head = (
        f"From: {SENDER}\r\nTo: {wishes['email']}\r\nSubject: {_subject.render(**data)}\r\nMessage-ID: <{delivery.hex}@example.com>\r\nMIME-Version: 1.0\r\n"
        f"List-Unsubscribe: <{links['unsubscribe']}>\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + encodebytes(html.encode()).replace(b"\n", b"\r\n")
