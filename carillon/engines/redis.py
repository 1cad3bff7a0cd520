"""A Redis of our own: a cache that may vanish, so nothing is written to disk; loopback only."""

import asyncio
import os

from redis import Redis
from redis.exceptions import RedisError

from carillon.engines.home import EngineError, Home, identity, port_is_free, unprivileged
from carillon.engines.processes import Process, tail
from carillon.engines.programs import find

PATIENCE = 60.0  # seconds; a busy machine takes its time
SETTINGS = """\
bind 127.0.0.1
protected-mode yes
port {port}
databases 64
save ""
appendonly no
dir {place}
logfile {place}/log
pidfile {place}/pid
daemonize yes
"""  # 64 databases: every test run takes one


async def start(home: Home) -> Process:
    """Start it and return its process once it answers. As root it runs as an unprivileged user: it has no password."""
    user = unprivileged()
    place = home.place("redis", user)
    if not port_is_free(home.redis_port):
        raise EngineError(f"Redis's port {home.redis_port} is taken by another program. Stop that, or use another --home.")
    settings = place / "redis.conf"
    settings.write_text(SETTINGS.format(port=home.redis_port, place=place))
    pid = place / "pid"
    pid.unlink(missing_ok=True)
    settings.chmod(0o644)
    starter = await asyncio.create_subprocess_exec(
        *(find("redis-server"), str(settings)),
        cwd=place,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", "")},
        **identity(user),
    )
    await starter.wait()
    for _ in range(int(PATIENCE / 0.05)):
        if pid.exists() and pid.read_text().strip() and await asyncio.to_thread(_answers, home.redis_port):
            return Process.of(int(pid.read_text()))
        await asyncio.sleep(0.05)
    raise EngineError(f"Redis did not start:\n{tail(place / 'log')}")


def _answers(port: int) -> bool:
    try:
        with Redis(port=port, socket_timeout=1.0) as client:
            return bool(client.ping())
    except RedisError:
        return False
