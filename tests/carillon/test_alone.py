"""Commands on an embedded home where nothing runs: they open the store themselves."""

import asyncio
import contextlib
import json
import sqlite3
import stat

import pytest

from backend.app.app import open_app
from backend.app.provider_views import ProviderIn
from backend.clock import SystemClock
from backend.security.roles import SYSTEM
from backend.settings import load
from carillon.commands.running import STAGES
from workers import line

EVENT = {"type": "order.shipped", "category": "orders", "to": {"user": "mia"}, "title": "On its way"}


def test_the_stages_offered_are_those_of_the_line():
    assert STAGES == line.STAGES


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"], ["token", "--user", "me"], ["token", "--user", "me", "--role", "admin", "--ttl", "soon"], ["work", "sleep"],
        ["serve", "nothing"], ["send", "/does/not/exist"], ["dead", "replay"], ["dead", "replay", "--all", "--cause", "x"],
        ["ledger", "--event", "00", "--recount"], ["ledger", "--event", "00", "--since", "1d"], ["ledger", "--since", "soon"], ["ledger", "--since", "2026-13-45"],
        ["dead", "replay", "--all", "--patch", "{"], ["dead", "dry-run"],
    ],
)  # fmt: skip
def test_what_is_not_understood_ends_with_2(call, words):
    assert call(*words).code == 2


@pytest.mark.parametrize("name", ["up", "serve", "work", "migrate", "check", "demo", "token", "send", "explain", "why", "ledger", "engine", "dead",
                                  "halt", "resume", "purge", "export", "erase", "bench", "drill"])  # fmt: skip
def test_every_command_explains_itself(call, name):
    said = call(name, "--help")
    assert said.code == 0
    assert len(said.out.splitlines()) > 4


def test_a_refusal_is_one_line_and_ends_with_1(call):
    said = call("token", "--user", "me", "--role", "king")
    assert said.code == 1
    assert said.err == "carillon: There is no role 'king'.\n"
    said = call("check", CARILLON_PORT="many")
    assert said.code == 1
    assert "CARILLON_PORT is 'many'" in said.err
    assert call("why", "0" * 32).code == 1


def test_the_bare_token_is_the_last_line(call):
    lines = call("token", "--user", "me", "--role", "admin").out.splitlines()
    assert lines[-1].count(".") == 2
    assert call("token", "--user", "me", "--role", "member", "--scope", "events:write", "--ttl", "15m", "--json").value["expires"]


def test_migrate_tells_what_it_applied_and_then_that_nothing_is_left(call, tmp_path):
    env = {"CARILLON_HOME": str(tmp_path / "new")}
    assert call("migrate", "--json", **env).value["applied"]
    assert call("migrate", **env).out == "The schema is up to date.\n"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_check_hides_secrets_and_names_sources(call):
    secrets = {
        "CARILLON_SECRET_KEY": "a very secret key of more than 32 letters",
        "CARILLON_SMTP_URL": "smtp://postman:pa%2Fss:w@127.0.0.1:9",
    }
    said = call("check", **secrets)
    assert "secret key" not in said.out + said.err
    assert "pa%2Fss" not in said.out + said.err
    assert "smtp://postman:***@127.0.0.1:9" in said.out
    assert said.code == 1  # nobody listens there
    value = call("check", "--json", **secrets).value
    assert {one["name"]: one["source"] for one in value["settings"]}["CARILLON_SECRET_KEY"] == "environment"
    assert [one["what"] for one in value["looks"] if not one["well"]] == ["provider smtp"]


def test_check_is_content_with_an_embedded_home(call, monkeypatch):
    monkeypatch.delenv("CARILLON_SMTP_URL", raising=False)
    said = call("check")
    assert said.code == 0, said.out


def test_check_looks_at_providers_that_were_added(call, tmp_path, monkeypatch):
    monkeypatch.delenv("CARILLON_SMTP_URL", raising=False)
    env = {"CARILLON_HOME": str(tmp_path / "new")}
    assert call("migrate", **env).code == 0

    async def add():
        async with open_app(load(env), SystemClock()) as app:
            fields = {"host": "127.0.0.1", "port": 9, "encryption": "none", "user": "me", "password": "open sesame"}
            await app.providers.put(SYSTEM, "mail", ProviderIn("smtp", fields))
            await app.providers.put(SYSTEM, "resting", ProviderIn("smtp", fields, used=False))

    asyncio.run(add())
    said = call("check", "--json", **env)
    assert said.code == 1
    assert [one["what"] for one in said.value["looks"] if not one["well"]] == ["provider mail"]
    assert "sesame" not in said.out + said.err


def test_check_says_which_engine_is_away(call):
    away = {
        "CARILLON_DATABASE_URL": "postgresql://nobody:hush@127.0.0.1:9/none", "CARILLON_LOG_URL": "kafka://127.0.0.1:9?timeout=1",
        "CARILLON_CACHE_URL": "redis://127.0.0.1:9/0", "CARILLON_SECRET_KEY": "x" * 40,
    }  # fmt: skip
    said = call("check", "--json", **away)
    assert said.code == 1
    assert "hush" not in said.out + said.err
    assert {one["what"] for one in said.value["looks"] if not one["well"]} >= {"store", "log", "cache"}


def test_demo_people_come_and_go_and_come_again(call):
    assert call("demo", "start", "--json").value == {"people": 12}
    bundle = call("export", "noor").out
    assert "noor@example.com" in bundle
    assert json.loads(bundle)["preferences"]["quiet"]
    assert call("demo", "stop", "--json").value["stage"] == "off"
    assert "noor@example.com" in call("export", "noor").out
    said = call("demo", "stop", "--remove")
    assert said.code == 0
    assert "The demo is gone: 12 people" in said.out
    assert "/claim?token=" in said.out
    assert "12 of 12 people" in said.err
    assert call("export", "noor").code == 1
    said = call("demo", "stop", "--remove")
    assert said.code == 1
    assert "The demo is not here" in said.err
    assert call("demo", "start", "--json").value == {"people": 12}
    assert "noor@example.com" in call("export", "noor").out


def test_demo_start_leaves_alone_what_was_changed(call, tmp_path):
    call("demo", "start")
    before = json.loads(call("export", "mia").out)["user"]
    call("demo", "start")
    assert json.loads(call("export", "mia").out)["user"] == before


def test_send_and_explain(call, tmp_path):
    call("demo", "start")
    said = call("explain", "-", stdin=json.dumps({**EVENT, "to": {"user": "noor"}}))
    assert said.code == 0
    assert "hold until" in said.out
    assert "Quiet hours" in said.out
    said = call("send", "-", "--json", stdin=json.dumps(EVENT))
    assert said.code == 0
    assert len(said.value["id"]) == 32
    said = call("send", "-", stdin=json.dumps([EVENT, {**EVENT, "category": "nope"}]))
    assert said.code == 1
    assert "event 2 is refused: There is no category 'nope'" in said.out
    assert call("send", "-", stdin="{").code == 2


def test_an_array_larger_than_one_request_is_sent_in_parts(call):
    call("demo", "start")
    said = call("send", "-", "--json", stdin=json.dumps([EVENT] * 501))
    assert said.code == 0
    assert len(said.value) == 501
    assert "501 of 501 events" in said.err


def test_halt_and_resume(call):
    assert call("halt").out == "Nothing is halted.\n"
    assert call("halt", "channel:sms", "--reason", "provider is down").code == 0
    assert call("halt", "--json").value[0]["scope"] == "channel:sms"
    assert call("resume", "channel:sms").code == 0
    assert call("resume", "channel:sms").code == 1
    assert call("halt", "channel:pigeon").code == 1


def test_export_to_a_file_is_for_its_owner_and_erase_is_for_good(call, home):
    call("demo", "start")
    file = home / "zoe.json"
    assert call("export", "zoe", "--output", str(file)).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["user"]["name"] == "Zoe Carter"
    assert call("erase", "zoe", "--yes").code == 0
    assert call("export", "zoe").code == 1
    assert call("purge", "--json").value["faults"] == []


def test_a_ledger_that_does_not_balance_ends_with_1(call, home, tmp_path):
    assert call("ledger").code == 0
    assert call("ledger", "--recount").code == 0
    with contextlib.closing(sqlite3.connect(home / "carillon.db")) as db, db:
        db.execute("insert into totals (space, cohort, minute, channel, state, n) values (1, 1, 1, 1, 10, 5)")
    said = call("ledger", "--recount")
    assert said.code == 1
    assert "The counters do not say what the rows say." in said.out
    assert call("ledger").code == 0  # the rows themselves balance


def test_the_ledger_is_of_every_space_and_names_the_events_that_do_not_balance(call, home):
    with contextlib.closing(sqlite3.connect(home / "carillon.db")) as db, db:
        born = 1_790_000_000_000
        right, wrong = (n.to_bytes(6, "big") + bytes(10) for n in (born, born + 86_400_000))
        db.execute("insert into spaces (space, name, settings, created) values (2, 'other', '{}', 0)")
        event = "insert into events (id, space, person, type, category, priority, source, key, recipients, cohort, target, body, accepted) values (?, 2, 1, 't', 'c', 'low', 0, '', ?, 1, '', x'', 0)"
        notification = "insert into notifications (id, space, event, person, cohort, category, priority, planned, skipped, trace, accepted) values (?, 2, ?, 1, 1, 'c', 3, ?, ?, x'', 0)"
        delivery = "insert into deliveries (id, space, notification, person, channel, address, cohort, state, changed) values (?, 2, ?, 1, 1, x'', 1, ?, 0)"
        for made in (right, wrong):
            db.execute(event, (made, 1))
            db.execute(notification, (made, made, 3, 1))
            db.execute(delivery, (made, made, 10))
        db.execute(delivery, (right[:-1] + b"1", right, 10))
    said = call("ledger", "--json")
    assert said.code == 1
    assert said.value["unbalanced"] == [{"space": 2, "event": wrong.hex(), "difference": 1}]
    assert {one["name"]: one["difference"] for one in said.value["spaces"]} == {"main": 0, "other": 1}
    told = call("ledger")
    assert (told.code, f"Event {wrong.hex()} (space 2) does not balance: +1." in told.out) == (1, True)
    assert "The space other does not balance: +1 units" in told.out
    assert call("ledger", "--since", "2100-01-01").out.splitlines()[-1] == "It balances."
    with contextlib.closing(sqlite3.connect(home / "carillon.db")) as db, db:
        db.execute("delete from events where space = 2")
        db.execute("delete from notifications where space = 2")
        db.execute("delete from deliveries where space = 2")


def test_dead_letters_are_listed(call):
    assert call("dead", "list").out == "No dead letters.\n"
    assert call("dead", "replay", "--all", "--json").value == {"replayed": 0}


def test_dead_letters_are_tried_changed_and_sent_again_at_a_rate(call, home):
    value = (
        b'{"v":1,"id":"00000000000000000000000000000000","space":1,"person":1,"type":"t","category":"orders","priority":"low","accepted":1.0,"body":"e30="}'
    )
    made = (1_790_000_000_000).to_bytes(6, "big") + bytes(10)
    with contextlib.closing(sqlite3.connect(home / "carillon.db")) as db, db:
        row = "insert into dead (space, id, at, topic, stage, cause, fingerprint, detail, value) values (1, ?, 1, 'receipts', 'receipts', 'x', ?, '', ?)"
        db.executemany(row, [(made[:-1] + bytes([n]), "cause", value) for n in range(3)])
    said = call("dead", "dry-run", "--cause", "cause", "--json")
    assert (said.code, said.value["count"], said.value["unreadable"]) == (0, 3, 3)
    assert "3 of 3 cannot be read" in call("dead", "dry-run", "--all").out
    assert call("dead", "replay", made.hex(), "--patch", '{"title": "x"}', "--rate", "2", "--json").value == {"replayed": 0}
    assert call("dead", "replay", "--cause", "cause", "--patch", "[1]").code == 2


def test_the_engine_says_that_nothing_runs_here(call):
    said = call("engine")
    assert said.code == 1
    assert said.out.startswith("No process runs the line")
    assert call("engine", "--json").value["sentence"] == said.out.splitlines()[0]
