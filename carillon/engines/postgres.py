"""A PostgreSQL cluster of our own: durable as in production, loopback only, with a password."""

import asyncio
import os
import pwd
import shutil
import signal
import sys
from pathlib import Path

import psycopg

from carillon.engines.home import EngineError, Home, identity, port_is_free, unprivileged
from carillon.engines.processes import Process, tail
from carillon.engines.programs import find

STOP = signal.SIGINT  # PostgreSQL's fast shutdown: sessions are ended, nothing is lost
SETTINGS = """\
# written by carillon.engines at every start
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
fsync = on
synchronous_commit = on
max_wal_size = 2GB
checkpoint_timeout = 15min
max_locks_per_transaction = 256
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""  # locks: one statement may touch every day's partition; jit: compiling costs more than our short statements take


async def start(home: Home) -> Process:
    """Make the cluster if there is none, start it, and return its postmaster once it takes connections."""
    user = unprivileged()
    place = home.place("postgres", user)
    data = place / "data"
    if not (data / "PG_VERSION").exists():
        await _make(home, place, user)
    if not port_is_free(home.postgres_port):
        raise EngineError(f"PostgreSQL's port {home.postgres_port} is taken by another program. Stop that, or use another --home.")
    _configure(data, home.postgres_port, user)
    log = place / "log"
    code, said = await _run([find("pg_ctl"), "start", "-D", str(data), "-l", str(log), "-w", "-t", "50"], place, user)
    if code:
        raise EngineError(f"PostgreSQL did not start:\n{said}\n{tail(log)}")
    process = Process.of(int((data / "postmaster.pid").read_text().split()[0]))
    await asyncio.to_thread(_database, home)
    return process


async def _make(home: Home, place: Path, user: pwd.struct_passwd | None) -> None:
    part = place / "data.part"  # renamed when whole: a start that was killed is made again
    shutil.rmtree(part, ignore_errors=True)
    password = place / "password"
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(home.password)
    _give(password, user)
    locale = "C.UTF-8" if sys.platform == "linux" else "C"  # bytewise order everywhere; lower() of any letter where it can be had
    try:
        code, said = await _run(
            [
                *(find("initdb"), "-D", str(part), "-U", "carillon", "-E", "UTF8", "--locale", locale),
                *("--auth", "scram-sha-256", "--pwfile", str(password)),
            ],
            place,
            user,
        )
    finally:
        password.unlink()
    if code:
        raise EngineError(f"PostgreSQL's data directory could not be made:\n{said}")
    part.rename(place / "data")


def _configure(data: Path, port: int, user: pwd.struct_passwd | None) -> None:
    settings = data / "carillon.conf"
    settings.write_text(SETTINGS.format(port=port))
    _give(settings, user)
    main = data / "postgresql.conf"
    if "carillon.conf" not in main.read_text():
        with main.open("a") as file:
            file.write("\ninclude = 'carillon.conf'\n")


def _database(home: Home) -> None:
    url = home.urls["CARILLON_DATABASE_URL"]
    with psycopg.connect(url.rpartition("/")[0] + "/postgres", autocommit=True) as server:
        if server.execute("select 1 from pg_database where datname = 'carillon'").fetchone() is None:
            server.execute("create database carillon")


def _give(path: Path, user: pwd.struct_passwd | None) -> None:
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


async def _run(command: list[str], place: Path, user: pwd.struct_passwd | None) -> tuple[int, str]:
    """Run one of PostgreSQL's programs as `user`; its exit code and what it said, from a file: a server keeps a pipe open."""
    said = place / "said"
    with said.open("w") as out:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=place,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            **identity(user),
        )
        code = await process.wait()
    return code, said.read_text(errors="replace")
