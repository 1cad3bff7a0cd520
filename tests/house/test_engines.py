"""The engines' caretaker: known by pid and start time, settled once, secrets private, exit codes kept."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis as redis_client
from confluent_kafka.admin import AdminClient

from carillon.engines.home import EngineError, Home, port_is_free
from carillon.engines.processes import Process
from tests import engines as real

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sleeper():
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        yield process
        process.kill()


def command(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "carillon.engines", *words],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_process_is_stopped_by_the_signal_it_is_given(sleeper):
    process = Process.of(sleeper.pid)
    assert process.alive()
    assert await process.stop(signal.SIGTERM, 5.0)
    assert not process.alive()


async def test_a_reused_pid_is_not_ours(sleeper):
    stranger = Process(sleeper.pid, "1")
    assert not stranger.alive()
    assert not await stranger.stop(signal.SIGKILL, 1.0)
    assert sleeper.poll() is None


async def test_a_process_that_does_not_listen_is_killed():
    with subprocess.Popen(
        ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do /bin/sleep 60 & wait; done"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as deaf:
        deaf.stdout.readline()
        process = Process.of(deaf.pid)
        assert await process.stop(signal.SIGTERM, 0.1)
        os.killpg(deaf.pid, signal.SIGKILL)  # its own sleep
    assert not process.alive()


def test_ports_and_secrets_are_settled_once(tmp_path):
    home = Home(tmp_path / "engines")
    with home.locked():
        home.choose(3, None)
    again = Home(tmp_path / "engines")
    with again.locked():
        again.choose(None, None)
    assert again.urls == home.urls
    assert again.secret_key == home.secret_key
    assert len(again.urls["CARILLON_LOG_URL"].split(",")) == 3
    assert (tmp_path / "engines" / "state.json").stat().st_mode & 0o777 == 0o600


def test_what_kafka_keeps_in_its_data_is_not_changed_under_it(tmp_path):
    home = Home(tmp_path / "engines")
    with home.locked():
        home.choose(1, 20000)
        with pytest.raises(EngineError, match="--brokers 1, not 3"):
            home.choose(3, None)
        with pytest.raises(EngineError, match="--base-port 20000, not 21000"):
            home.choose(None, 21000)


def test_a_taken_port_is_not_free():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert not port_is_free(listener.getsockname()[1])


def test_run_exits_as_its_command_does_and_uses_what_is_given():
    given = {name: f"given-{kind}" for kind, name in real.VARIABLES.items()}
    done = command("run", "--", "/bin/sh", "-c", 'echo "$CARILLON_TEST_DATABASE_URL"; exit 7', **given)
    assert (done.returncode, done.stdout.strip()) == (7, "given-database")


def test_the_three_engines_are_what_they_say(engines):
    with psycopg.connect(engines.database) as server:
        assert server.execute("select current_setting('fsync') || current_setting('synchronous_commit')").fetchone() == ("onon",)
    with redis_client.Redis.from_url(engines.cache) as cache:
        assert cache.ping()
    admin = AdminClient({"bootstrap.servers": real.bootstrap(engines.log)})
    assert len(admin.list_topics(timeout=10).brokers) in {1, 3}


def test_a_fresh_database_is_empty_and_ones_own(fresh_postgres_url, postgres_url):
    assert fresh_postgres_url != postgres_url
    with psycopg.connect(fresh_postgres_url) as database:
        assert database.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_redis_empty(redis_url, turn):
    with redis_client.Redis.from_url(redis_url) as cache:
        assert cache.dbsize() == 0
        cache.set("turn", turn)
