"""Everything kept about a person, as plain values for JSON (GDPR, articles 15 and 20). Secrets of ours are not theirs: hashes of
passwords and sealed bytes stay out, what was sealed is shown open."""

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from backend.app.views import moment_or_none
from backend.domain.decision import Decision
from backend.domain.delivery import CHANNEL_NAME, PRIORITIES, STATE_NAME, State, platform_of
from backend.domain.event import HOLDOUT, Body, Event
from backend.domain.tally import PEOPLE
from backend.store import audit, groups, persons, whole_person
from backend.store.persons import PersonRow
from backend.store.port import Tx
from backend.store.tables import (
    accounts,
    acts,
    attempts,
    captures,
    chat_messages,
    deliveries,
    differences,
    import_rows,
    inbox,
    listed,
    notifications,
    orders,
    receipts,
    recipients,
    runs,
    saved_views,
    summaries,
)

if TYPE_CHECKING:
    from backend.app.app import App

AUDIT = 1_000  # newest entries of the trail about the person
_END = b"\xff" * 16


def bundle(tx: Tx, app: "App", row: PersonRow) -> dict[str, Any]:
    """The export. Times are RFC 3339 in UTC, ids hexadecimal."""
    space, person = row.space, row.person
    profile = app.people.profile(row)
    consents = persons.consents_of(tx, space, person)
    trail = audit.page(tx, space, _END, AUDIT, f"user:{row.user_id}")
    return {
        "format": "carillon-person-1",
        "made_at": moment_or_none(app.clock.now()),
        "user": {
            "id": row.user_id,
            "name": profile.name,
            "attributes": profile.attributes,
            "timezone": row.timezone,
            "locale": row.locale,
            "created_at": moment_or_none(row.created),
            "changed_at": moment_or_none(row.changed),
        },
        "addresses": [
            {
                "channel": CHANNEL_NAME[a.channel],
                "address": app.people.opened(a),
                "label": a.label,
                "platform": (platform_of(a.hash) or "fcm") if CHANNEL_NAME[a.channel] == "push" else "",
                "created_at": moment_or_none(a.created),
                "suppressed": a.suppressed,
            }
            for a in persons.addresses_of(tx, space, person, app.clock.now())
        ],
        "preferences": msgspec.json.decode(row.wishes),
        "consents": [{**msgspec.structs.asdict(c), "at": moment_or_none(c.at)} for c in consents],
        "groups": groups.keys_of(tx, space, person),
        "inbox": [_inbox(r) for r in whole_person.rows(tx, inbox, space, person)],
        "notifications": _notifications(tx, space, person),
        "deliveries": _deliveries(tx, space, person),
        "captures": [
            {
                "delivery": r["delivery"].hex(),
                "channel": CHANNEL_NAME.get(r["channel"], ""),
                "at": moment_or_none(r["at"]),
                **msgspec.json.decode(app.sealer.unseal("capture", r["sealed"])),
            }
            for r in whole_person.rows(tx, captures, space, person)
        ],
        "orders": [
            {"id": r["id"], "state": r["state"], "detail": r["detail"], "at": moment_or_none(r["at"])}
            for r in whole_person.rows(tx, orders, space, person)
        ],
        "chat_messages": [
            {"channel": r["channel"], "author": r["author"], "text": r["text"], "at": moment_or_none(r["at"])}
            for r in whole_person.rows(tx, chat_messages, space, person)
        ],
        "sign_ins": [
            {"login": r["login"], "name": r["name"], "role": r["role"], "created_at": moment_or_none(r["created"])}
            for r in whole_person.rows(tx, accounts, space, person)
        ],
        "saved_views": [
            {"page": r["page"], "name": r["name"], "query": r["query"]} for r in whole_person.rows(tx, saved_views, space, person)
        ],
        **_looked_at(tx, space, person),
        "audit": [
            {"at": moment_or_none(r.at), "actor": r.actor, "role": r.role, "action": r.action, "detail": msgspec.json.decode(r.detail)} for r in trail
        ],
    }


def _looked_at(tx: Tx, space: int, person: int) -> dict[str, Any]:
    """What rules of audiences look at, on which lists the person is, and what campaigns they were in."""
    summary = next(iter(whole_person.rows(tx, summaries, space, person)), None)
    campaign_of = {row.id: row.campaign for row in tx.conn.execute(select(runs.c.id, runs.c.campaign).where(runs.c.space == space))}
    campaigns_of = [row for row in whole_person.rows(tx, recipients, space, person) if row["run"] in campaign_of]
    return {
        "summary": summary and {
            "attributes": summary["attributes"], "consents": summary["consents"],
            **{f"last_{name}_at": moment_or_none(summary[name]) for name in ("got", "opened", "clicked")},
            "times": {name: moment_or_none(at) for name, at in sorted(summary["times"].items())},
        },
        "acts": [
            {"type": r["type"], "first_at": moment_or_none(r["first"]), "last_at": moment_or_none(r["last"]), "times": r["n"]}
            for r in whole_person.rows(tx, acts, space, person)
        ],
        "lists": [r["audience"] for r in whole_person.rows(tx, listed, space, person)],
        "imports": [{"import": r["import_id"].hex(), "line": r["n"]} for r in whole_person.rows(tx, import_rows, space, person)],
        "campaigns": [
            {
                "campaign": campaign_of[r["run"]], "run": r["run"].hex(), "variant": "holdout" if r["variant"] == HOLDOUT else r["variant"],
                **{f"{name}_at": moment_or_none(r[name]) for name in PEOPLE},
            }
            for r in campaigns_of
        ],
        "differences": [
            {"run": r["run"].hex(), "channel": CHANNEL_NAME.get(r["channel"], ""), "at": moment_or_none(r["at"]), **{name: r[name] for name in ("foreseen", "fact", "cause")}}
            for r in whole_person.rows(tx, differences, space, person)
        ],
    }  # fmt: skip


def _inbox(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("type", "category", "priority", "title", "message", "image", "link")}
    times = {f"{name}_at": moment_or_none(row[name]) for name in ("seen", "read", "archived")}
    decoded = {name: msgspec.json.decode(row[name]) for name in ("actions", "metadata")}
    return {"id": row["id"].hex(), **kept, **times, **decoded, "at": moment_or_none(row["at"])}


def _notifications(tx: Tx, space: int, person: int) -> list[dict[str, Any]]:
    mine = whole_person.rows(tx, notifications, space, person)
    events = {row["id"]: row for row in whole_person.events_of(tx, space, list(dict.fromkeys(row["event"] for row in mine)))}
    return [
        {
            "id": row["id"].hex(),
            "event": row["event"].hex(),
            "category": row["category"],
            "priority": PRIORITIES[row["priority"]] if row["priority"] < len(PRIORITIES) else str(row["priority"]),
            "accepted_at": moment_or_none(row["accepted"]),
            "decision": _decision(row["trace"]),
            **_content(events.get(row["event"]), person),
        }
        for row in mine
    ]


def _content(event: dict[str, Any] | None, person: int) -> dict[str, Any]:
    if event is None:
        return {}
    try:
        record = msgspec.msgpack.decode(event["body"], type=Event)
        body = msgspec.json.decode(record.body, type=Body)
    except msgspec.DecodeError:  # of a fan-out: its record is another, and its content is nobody's own
        return {"type": event["type"], "template": event["template"], "version": event["version"]}
    return {"type": event["type"], "template": event["template"], "version": event["version"], **msgspec.structs.asdict(body)}


def _decision(trace: bytes) -> Any:
    try:
        decision = msgspec.msgpack.decode(trace, type=Decision)
    except msgspec.DecodeError:
        return None
    return [
        {
            "channel": unit.channel,
            "outcome": unit.outcome,
            "until": moment_or_none(unit.until),
            "reasons": [{"code": r.code, "params": r.params} for r in unit.reasons],
            "gates": [{"gate": g.gate, "result": g.result, "code": g.reason.code if g.reason else ""} for g in unit.gates],
        }
        for unit in decision.units
    ]


def _deliveries(tx: Tx, space: int, person: int) -> list[dict[str, Any]]:
    mine = whole_person.rows(tx, deliveries, space, person)
    ids = [row["id"] for row in mine]
    tried: dict[bytes, list[dict[str, Any]]] = {}
    for row in whole_person.of_deliveries(tx, attempts, space, ids):
        outcome = None if row["outcome"] is None else STATE_NAME[State(row["outcome"])]
        tried.setdefault(row["delivery"], []).append(
            {
                "n": row["n"],
                "provider": row["provider"],
                "started_at": moment_or_none(row["started"]),
                "ended_at": moment_or_none(row["ended"]),
                "outcome": outcome,
                "code": row["code"],
                "raw": row["raw"],
            }
        )
    told: dict[bytes, list[dict[str, Any]]] = {}
    for row in whole_person.of_deliveries(tx, receipts, space, ids):
        told.setdefault(row["delivery"], []).append({"kind": row["kind"], "at": moment_or_none(row["at"]), "provider": row["provider"]})
    return [
        {
            "id": row["id"].hex(),
            "notification": row["notification"].hex(),
            "channel": CHANNEL_NAME[row["channel"]],
            "state": STATE_NAME[State(row["state"])],
            "reason": row["reason"],
            "changed_at": moment_or_none(row["changed"]),
            "attempts": tried.get(row["id"], []),
            "receipts": told.get(row["id"], []),
        }
        for row in mine
    ]
