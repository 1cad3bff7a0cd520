"""The ground: locks, floors' words, compose and what may never be committed."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from backend.log.topics import TOPICS
from backend.store.tables import meta
from carillon.engines import kafka, postgres, redis

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-test.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def locked(name: str) -> dict[str, str]:
    """Package -> version of a lock."""
    return {
        canonicalize_name(package): version
        for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE)
    }


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", [*LOCKS, "tests/oracles/package-lock.json", "tests/oracles/statistics/requirements.lock"])
def test_a_lock_names_no_host(name):
    text = re.sub(r'"(?:url|deprecated|funding)": "[^"]*"', "", (ROOT / name).read_text())  # where npm packages ask for gifts, and their last words
    assert not re.findall(r"://|--(?:index|extra-index|find-links|trusted-host)|\"resolved\"", text)


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_version_has_hashes(name):
    entries = re.split(r"^(?=[\w.-]+==)", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(("name", "extras"), [(LOCKS[0], ["build"]), (LOCKS[1], ["build", "test"])])
def test_the_lock_satisfies_pyproject(name, extras):
    versions = locked(name)
    wanted = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    forgotten = [
        line
        for line in wanted
        if not (need := Requirement(line)).specifier.contains(versions.get(canonicalize_name(need.name), "0"), prereleases=True)
    ]
    assert forgotten == [], "run `make lock`"


def test_both_locks_agree():
    run, everything = (locked(name) for name in LOCKS)
    assert {package: version for package, version in run.items() if everything.get(package) != version} == {}


def test_nothing_tracked_names_a_machine_or_holds_a_secret():
    # put together here, so that this file does not find itself
    forbidden = re.compile("|".join(("/ro" + r"ot/[\w.]", "/wo" + r"rk/[\w.]", "BEGIN (?:RSA |EC )?PRIVATE" + " KEY", "/home/" + r"\w+/")).encode())
    found = [(path.relative_to(ROOT).as_posix(), hit.group()) for path in tracked() if (hit := forbidden.search(path.read_bytes()))]
    assert found == []


def test_what_is_made_here_is_not_tracked():
    made = re.compile(r"(^|/)(\.venv|\.engines|\.carillon|\.web|node_modules|__pycache__|build|dist)/|\.db(-wal|-shm)?$")
    assert [path for path in tracked() if made.search(path.relative_to(ROOT).as_posix())] == []


def test_revisions_import_nothing_of_ours():
    revisions = list((ROOT / "alembic" / "versions").glob("*.py"))
    imported = {
        name
        for path in revisions
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert revisions
    assert {name for name in imported if name.partition(".")[0] in {"backend", "workers", "portal", "carillon"}} == set()


GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
WORDS = {word.lower() for word in re.findall(r"\*\*([^*]+)\*\*", GLOSSARY)}
PLAIN = {"chat", "order", *("critical", "high", "normal", "low"), *("push", "web", "email", "sms")}  # said inside an entry


def known(name: str) -> bool:
    """Whether every part of a table's or topic's name is a word of the glossary, in singular or plural."""
    parts = re.split(r"[._]", name.replace("fanouts", "fan-outs"))
    forms = [{part, part.removesuffix("s"), re.sub("ies$", "y", part), re.sub("(ss|ch)es$", r"\1", part)} for part in parts]
    return all(form & (WORDS | PLAIN) for form in forms)


def test_tables_are_called_by_words_of_the_glossary():
    assert len(meta.tables) > 20
    assert [table for table in meta.tables if not known(table)] == []


def test_topics_are_called_by_words_of_the_glossary():
    assert [topic.name for topic in TOPICS if not known(topic.name)] == []


def test_a_name_outside_the_glossary_is_found():
    assert not known("send_jobs")
    assert not known("message_queue")


def test_our_names_avoid_the_words_that_say_nothing():
    empty = {"job", "task", "manager", "service", "helper", "util"}
    found = []
    for room in ("backend", "workers", "carillon", "portal", "tests"):
        for path in (ROOT / room).rglob("*.py"):
            defined = [
                node.name
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            ]
            for name in [path.stem, *(n for n in defined if not n.startswith("test_"))]:
                words = {word.lower().removesuffix("s") for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
                if words & empty:
                    found.append(f"{path.relative_to(ROOT)}: {name}")
    assert found == []


COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]


def test_compose_gives_the_kafka_that_make_engines_gives():
    placed = {"listeners", "advertised.listeners", "controller.quorum.bootstrap.servers", "log.dirs", "node.id"}
    tuned = {"num.network.threads", "num.io.threads", "log.cleaner.dedupe.buffer.size"}  # for three brokers on a small machine
    ours = dict(line.split("=", 1) for line in kafka.SETTINGS.format_map(One()).splitlines())
    theirs = COMPOSE["kafka"]["environment"]
    differing = {
        key for key, value in ours.items() if key not in placed | tuned and theirs.get("KAFKA_" + key.upper().replace(".", "_")) != value
    }
    assert differing == set()
    assert COMPOSE["kafka"]["image"].endswith(f":{kafka.version()}")


class One(dict[str, object]):
    """Values for the settings of a single broker; addresses do not matter here."""

    def __missing__(self, key: str) -> object:
        return 1


def test_compose_gives_the_postgresql_that_make_engines_gives():
    own = {"listen_addresses", "port", "unix_socket_directories", "fsync", "synchronous_commit", "log_timezone"}  # its image's defaults
    ours = dict(line.replace("'", "").split(" = ") for line in postgres.SETTINGS.splitlines() if " = " in line)
    theirs = dict(word.split("=") for word in COMPOSE["postgres"]["command"] if "=" in word)
    assert theirs == {key: value for key, value in ours.items() if key not in own}


def test_compose_gives_the_redis_that_make_engines_gives():
    words = COMPOSE["redis"]["command"][1:]
    theirs = dict(zip(words[::2], words[1::2], strict=True))
    ours = dict(line.split(" ", 1) for line in redis.SETTINGS.splitlines())
    assert {option.removeprefix("--"): value for option, value in theirs.items()} == {
        option: ours[option].strip('"') for option in ("save", "appendonly", "databases")
    }


def test_compose_listens_on_this_machine_only():
    assert [port for service in COMPOSE.values() for port in service["ports"] if not port.startswith("127.0.0.1:")] == []


def test_make_help_lists_what_contracts_promise():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    promised = {"up", "test", "engines", "engines-stop", "lint", "bench", "drills", "sabotage", "e2e"}
    assert promised <= set(re.findall(r"^  make (\S+)", listed, re.MULTILINE))


def test_ci_is_make_test():
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "exec make test"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_engines_that_cannot_be_had_are_named_with_a_way_out(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os; os.geteuid = lambda: 1000\nfrom carillon.engines.programs import ensure\nensure(['PostgreSQL', 'Redis', 'Maven'])",
        ],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for said in ("Redis", "Maven", "redis-server", "CARILLON_CACHE_URL", "CARILLON_TEST_CACHE_URL", "CARILLON_TEST_LOG_URL"):
        assert said in done.stderr
