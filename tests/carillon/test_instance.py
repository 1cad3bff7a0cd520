"""One real `carillon up`: what it prints, who may ask it what, and how it ends. The tests run in this order; the last one ends it."""

import json
import signal
import stat
import threading
import time

import httpx

from carillon import local
from tests.carillon.conftest import run_process

EVENT = {"type": "order.shipped", "category": "orders", "to": {"user": "mia"}, "title": "On its way", "message": "Today."}


def until(look, seconds=20.0):
    """What `look` finds in the other process, as soon as it finds something."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        pause.wait(0.1)
    return found


def test_it_prints_the_address_and_sign_ins_that_work(instance):
    assert instance.said["address"].endswith(instance.env["CARILLON_PORT"])
    roles = [one["role"] for one in instance.said["sign_ins"]]
    assert roles == ["admin", "marketer", "analyst", "operator", "member"]
    one = instance.said["sign_ins"][0]
    with httpx.Client(base_url=instance.address, headers={"Origin": instance.address}) as client:
        answer = client.post("/session", data={"login": one["login"], "password": one["password"]})
        assert answer.status_code == 303
        assert "reason" not in answer.headers["location"]
        assert client.get("/send").status_code == 200


def test_everything_answers_on_one_port(instance):
    assert httpx.get(f"{instance.address}/readyz").json()["state"] == "ready"
    assert httpx.get(f"{instance.address}/v1/openapi.json").status_code == 200
    assert httpx.post(f"{instance.address}/graphql", json={"query": "{ __typename }"}).status_code in (200, 401)


def test_the_credential_is_for_the_owner_alone(instance, home):
    file = home / local.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    known = local.read(home)
    assert known.pid == instance.process.pid
    assert known.address == instance.address


def test_local_commands_are_open_to_the_credential_and_to_no_other_token(instance, api, home):
    body = {"user": "me", "role": "admin"}
    assert api.post("/local/token", json=body).status_code == 404  # an administrator's token, over the network
    assert httpx.post(f"{instance.address}/local/token", json=body).status_code == 404
    own = {"Authorization": f"Bearer {local.read(home).token}"}
    assert httpx.post(f"{instance.address}/local/token", json=body, headers=own).status_code == 200
    assert httpx.post(f"{instance.address}/local/token", json={"user": 1}, headers=own).status_code == 422


def test_an_event_sent_with_a_token_arrives_and_can_be_asked_about(api, call, instance):
    answer = api.post("/v1/events", json=EVENT)
    assert answer.status_code == 202
    url = answer.json()["url"]

    def done():
        answer = api.get(url)
        assert answer.status_code == 200, answer.text  # from the moment of the 202 on
        view = answer.json()
        return view if view["ledger"]["planned"] and not view["ledger"]["pending"] else None

    view = until(done)
    event = view["id"]
    assert call("ledger", "--event", event, **instance.env).code == 0
    assert call("ledger", "--recount", **instance.env).code == 0
    deliveries = api.get("/v1/deliveries", params={"event": event}).json()["items"]
    mail = next(one for one in deliveries if one["channel"] == "email")
    said = call("why", mail["id"], **instance.env)
    assert said.code == 0
    assert "suppression" in said.out
    timeline = call("why", mail["id"], "--json", **instance.env).value["timeline"]
    assert {one["provider"] for one in timeline if one["provider"]} == {"capture-email"}
    assert mail["state"] == "sent"


def test_a_campaign_is_planned_run_and_accounted_for(api, call, instance):
    content = {"content": {"web": {"title": "News", "body": "News"}, "email": {"subject": "News", "html": "<p>News</p>", "text": "News"}}}
    assert api.put("/v1/templates/planned", json=content).status_code == 200
    assert api.post("/v1/templates/planned/publish").status_code == 200
    assert api.put("/v1/audiences/planned", json={"rule": {"about": "attribute", "name": "user_id", "is": "one_of", "value": ["mia", "nobody"]}}).status_code == 200
    draft = {"name": "Planned", "category": "orders", "audience": "planned", "variants": [{"template": "planned"}], "channels": ["web", "email"]}
    assert api.put("/v1/campaigns/planned", json=draft).status_code == 200
    assert api.get("/v1/campaigns/planned/plan").status_code == 404
    begun = api.post("/v1/campaigns/planned/plan")
    assert (begun.status_code, begun.json()["state"]) == (202, "counting")
    plan = until(lambda: next((one for one in [api.get("/v1/campaigns/planned/plan").json()] if one["state"] == "done"), None))
    assert (plan["id"], plan["people"], plan["units"]) == (begun.json()["id"], 1, 2)
    assert api.get("/v1/campaigns/planned/report").status_code == 404
    assert api.post("/v1/campaigns/planned/start", json={}).status_code == 200

    def decided():
        answer = api.get("/v1/campaigns/planned/report")
        whole = answer.status_code == 200 and not answer.json()["detail"] and not answer.json()["waiting"]
        return answer.json() if whole else None

    report = until(decided)
    assert sum(row["planned"] for row in report["rows"]) == sum(row["fact"] for row in report["rows"]) == 2
    assert report["differences"] == []
    said = call("ledger", "--campaign", "planned", **instance.env)
    assert said.code == 0
    assert "It balances." in said.out
    value = call("ledger", "--campaign", "planned", "--json", **instance.env).value
    assert (value["unexplained"], value["plan"]["run"]) == (0, report["run"])
    assert call("ledger", "--campaign", "planned", "--recount", **instance.env).code == 2
    assert call("ledger", "--campaign", "planned", "--event", report["run"], **instance.env).code == 2


def test_commands_ask_the_running_instance(instance, call):
    said = call("send", "-", stdin=json.dumps(EVENT), **instance.env)
    assert said.code == 0
    assert "when Carillon runs" not in said.err
    assert f"runs, pid {instance.process.pid}" in call("check", **instance.env).out


def test_check_has_the_instance_look_at_providers_that_were_added(api, instance, call):
    fields = {"host": "127.0.0.1", "port": 9, "encryption": "none"}
    assert api.put("/v1/providers/mail", json={"kind": "smtp", "fields": fields}).status_code == 200
    said = call("check", "--json", **instance.env)
    assert "provider mail" in [one["what"] for one in said.value["looks"] if not one["well"]]
    assert api.delete("/v1/providers/mail").status_code == 204
    assert "provider mail" not in call("check", **instance.env).out


def test_a_second_writer_is_told_who_is_there(instance):
    said = run_process("work", "all", env=instance.env)
    assert said.code == 1
    assert f"pid {instance.process.pid}" in said.err
    assert instance.said["address"] in said.err
    assert "Traceback" not in said.err


def test_a_port_that_is_taken_is_named(instance, tmp_path):
    said = run_process("serve", "api", env={**instance.env, "CARILLON_HOME": str(tmp_path)})
    assert said.code == 1
    assert f"Port {instance.env['CARILLON_PORT']} is in use" in said.err
    assert "Traceback" not in said.err


def test_engines_that_are_away_at_the_start_are_named(tmp_path):
    env = {
        "CARILLON_HOME": str(tmp_path), "CARILLON_DATABASE_URL": "postgresql://nobody:hush@127.0.0.1:9/none",
        "CARILLON_LOG_URL": "kafka://127.0.0.1:9?timeout=1", "CARILLON_CACHE_URL": "redis://127.0.0.1:9/0", "CARILLON_SECRET_KEY": "x" * 40,
    }  # fmt: skip
    said = run_process("work", "all", env=env)
    assert said.code == 1
    assert "correct CARILLON_DATABASE_URL" in said.err
    assert "hush" not in said.err
    assert "Traceback" not in said.err


def test_sigterm_ends_it_in_order_though_a_stream_is_open(instance, home, api):
    token = api.post("/v1/users/mia/tokens", json={"ttl": 600}).json()["token"]
    head = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    query = {"query": 'subscription { notifications(userId: "mia") { id } }'}
    with httpx.stream("POST", f"{instance.address}/graphql", json=query, headers=head, timeout=30) as stream:
        assert stream.status_code == 200
        assert instance.stop(signal.SIGTERM) == 0
    assert local.read(home) is None
    assert (home / "carillon.db.lock").read_text() == ""
    assert "Traceback" not in (home / "log").read_text()
