"""A home of one's own for commands, run in this process, and one real `carillon up` for those that need an instance."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from carillon import portal_build
from carillon.cli import main

START = 60  # seconds an instance may take on a busy machine


@dataclass
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def value(self):
        return json.loads(self.out)


def run_process(*arguments: str, env: dict[str, str], stdin: str = "", seconds: float = 60) -> Said:
    """The command as a real process."""
    done = subprocess.run(
        [sys.executable, "-m", "carillon.cli", *arguments], env={**os.environ, **env}, input=stdin, capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def call(home, capsys, monkeypatch):
    """Run one command here, on the module's home: `call("token", "--user", ...)`; `stdin` for a file named '-'."""

    def run(*arguments, stdin="", **env):
        for name, value in {"CARILLON_HOME": str(home), **env}.items():
            monkeypatch.setenv(name, value)
        path = home / "stdin.json"
        path.write_text(stdin)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(path) if one == "-" else one for one in arguments])
        said = capsys.readouterr()
        return Said(int(left.value.code or 0), said.out, said.err)

    return run


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Instance:
    """A running `carillon up`: its environment, where it answers, what it said when it opened."""

    process: subprocess.Popen
    env: dict[str, str]
    address: str
    said: dict

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(30)


def start_instance(home: Path, **env: str) -> Instance:
    """With a small demo, unless `env` says otherwise."""
    port = free_port()
    made = {"CARILLON_HOME": str(home), "CARILLON_PORT": str(port), "CARILLON_DEMO": "small", **env}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "carillon.cli", "up", "--json"],
            env={**os.environ, **made},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    line = process.stdout.readline()
    if not line:
        raise AssertionError(f"carillon up ended with {process.wait(10)}")
    return Instance(process, made, f"http://127.0.0.1:{port}", json.loads(line))


@pytest.fixture(scope="session")
def built() -> None:
    portal_build.build(lambda text: None)


@pytest.fixture(scope="module")
def instance(built, home) -> Iterator[Instance]:
    # a mail server that nobody could reach: what is for people of the demo is captured all the same
    running = start_instance(home, CARILLON_SMTP_URL="smtp://127.0.0.1:9")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()
    running.process.stdout.close()


@pytest.fixture
def api(instance, call) -> Iterator[httpx.Client]:
    """The instance's API with a token made by the command."""
    token = call("token", "--user", "me", "--role", "admin", **instance.env).out.splitlines()[-1]
    with httpx.Client(base_url=instance.address, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client
