"""Metrics, named `carillon_*`, in a registry of our own, and structured log lines. No user id, address or token is a label.

Counters grow where things happen; gauges that need a look at the engines are set by whoever serves /metrics.
"""

import logging
import sys
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_QUICK = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
# from accepted to taken: fine where the promises are (50, 100, 200 and 500 ms), coarse where it is bad anyway
TAKEN = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)

# ---- entrances
HTTP_SECONDS = Histogram("carillon_http_request_seconds", "Time to answer a request.", ["endpoint", "status"], registry=REGISTRY, buckets=_QUICK)
EVENTS_ACCEPTED = Counter("carillon_events_accepted", "Events accepted (202), by entrance and priority.", ["source", "priority"], registry=REGISTRY)
EVENTS_REFUSED = Counter("carillon_events_refused", "Events refused, by entrance and code.", ["source", "code"], registry=REGISTRY)
GRAPHQL_SECONDS = Histogram("carillon_graphql_operation_seconds", "Time to answer a query or mutation.", ["operation"], registry=REGISTRY, buckets=_QUICK)
SOCKETS = Gauge("carillon_live_connections", "Open streams, by transport.", ["transport"], registry=REGISTRY)
SOCKETS_CLOSED = Counter("carillon_live_disconnects", "Streams closed, by reason.", ["reason"], registry=REGISTRY)
LIVE_SENT = Counter("carillon_live_items", "Items written to live streams, by subscription.", ["subscription"], registry=REGISTRY)

# ---- the line
DECIDED = Counter("carillon_units_decided", "Units decided, by channel and outcome.", ["channel", "outcome"], registry=REGISTRY)
DELIVERIES = Counter("carillon_deliveries", "Delivery states reached, by channel, provider and state.", ["channel", "provider", "state"], registry=REGISTRY)
DELIVERY_SECONDS = Histogram("carillon_delivery_seconds", "From accepted (or released) to taken by a provider.", ["channel", "priority"], registry=REGISTRY, buckets=TAKEN)
RETRIES = Counter("carillon_retries", "Attempts put off for later, by channel.", ["channel"], registry=REGISTRY)
PROVIDER_ANSWERS = Counter("carillon_provider_answers", "Answers of providers, by provider and meaning.", ["provider", "meaning"], registry=REGISTRY)
HOOKS = Counter("carillon_hooks", "Requests at hooks, by provider and result: heard, repeated, forged, late, unreadable.", ["provider", "result"], registry=REGISTRY)
BREAKER = Gauge("carillon_breaker", "Breaker of a provider: 0 closed, 1 trying, 2 open.", ["provider"], registry=REGISTRY)
LAG = Gauge("carillon_lag_records", "Records a group has not marked yet.", ["group"], registry=REGISTRY)
LANE_LAG = Gauge("carillon_lane_lag_records", "Records of a lane that its group has not marked yet.", ["group", "lane"], registry=REGISTRY)
LANE_OLDEST = Gauge("carillon_lane_oldest_seconds", "How long the oldest record of a lane waits, 0 when none does.", ["group", "lane"], registry=REGISTRY)
OLDEST_WAITING = Gauge("carillon_oldest_waiting_seconds", "How long the oldest record of any lane waits.", registry=REGISTRY)
WAITING = Gauge("carillon_waiting_deliveries", "Deliveries that wait for their turn or are being tried, of all spaces.", ["channel", "priority"], registry=REGISTRY)
PARKED = Gauge("carillon_parked_deliveries", "Deliveries that wait for a halt or a provider, of all spaces, counted up to 20,000.", registry=REGISTRY)
DUE_LATE = Gauge("carillon_due_late", "Due rows of all spaces whose time has passed, counted up to 20,000.", registry=REGISTRY)
DUE_LATE_SECONDS = Gauge("carillon_due_late_seconds", "How late the first due row is.", registry=REGISTRY)
DEAD_WAITING = Gauge("carillon_dead_letters_waiting", "Dead letters of all spaces that wait for a person, counted up to 20,000.", registry=REGISTRY)
DEAD = Counter("carillon_dead_letters", "Records given up on, by stage.", ["stage"], registry=REGISTRY)
LEDGER_UNBALANCED = Gauge("carillon_ledger_unbalanced", "Events whose ledger did not balance at the last check.", registry=REGISTRY)
ENGINE_UP = Gauge("carillon_engine_up", "1 when an engine answered the last look.", ["engine"], registry=REGISTRY)


def taken() -> dict[str, list[int]]:
    """By priority, how many deliveries of this process were taken within each step of `TAKEN`, and beyond the last."""
    found: dict[str, dict[float, float]] = {}
    for metric in DELIVERY_SECONDS.collect():
        for sample in metric.samples:
            if sample.name.endswith("_bucket"):
                steps = found.setdefault(sample.labels["priority"], {})
                upto = float(sample.labels["le"])
                steps[upto] = steps.get(upto, 0.0) + sample.value
    counts = {}
    for priority, steps in found.items():
        grown = [int(steps[upto]) for upto in sorted(steps)]
        counts[priority] = [n - before for n, before in zip(grown, [0, *grown], strict=False)]
    return counts


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest(REGISTRY)


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, from, text, and an exception's traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def start_logging(level: str = "INFO") -> None:
    """Log to standard error: readable lines on a terminal, JSON lines elsewhere."""
    handler = logging.StreamHandler(sys.stderr)
    plain = sys.stderr.isatty()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S") if plain else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
