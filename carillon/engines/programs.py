"""Finding the programs that engines and tests need; on Debian as root, installing what is missing."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from carillon.engines.home import EngineError

JAVA = 17  # the oldest that Kafka 4 brokers run on


class Need(NamedTuple):
    """Something needed: programs that must be found, Debian packages that bring them, and the variable that replaces it by URL."""

    programs: tuple[str, ...]
    packages: tuple[str, ...]
    url: str = ""


NEEDS = {
    "PostgreSQL": Need(("postgres", "initdb", "pg_ctl"), ("postgresql",), "DATABASE_URL"),
    "Redis": Need(("redis-server",), ("redis-server",), "CACHE_URL"),
    "Java": Need(("java",), ("openjdk-17-jre-headless",), "LOG_URL"),
    "Maven": Need(("mvn",), ("maven",), "LOG_URL"),
    "Postfix": Need(("postfix", "postconf"), ("postfix",)),
    "OpenDKIM": Need(("opendkim",), ("opendkim",)),
    "Dovecot": Need(("dovecot", "doveadm"), ("dovecot-imapd",)),
    "Chromium": Need(("chromium",), ("chromium", "fonts-dejavu-core", "fonts-noto-color-emoji")),
    "Firefox": Need(("firefox-esr",), ("firefox-esr",)),
}
POLICY = Path("/usr/sbin/policy-rc.d")  # Debian's word on whether an installed service may be started


def find(program: str) -> str:
    """Full path of a program, or "": from PATH, where Debian keeps servers, or PostgreSQL's (newest first)."""
    if found := shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin"):
        return found
    if program == "firefox-esr":
        return shutil.which("firefox") or ""
    if program == "chromium":
        return next(filter(None, map(shutil.which, ("chromium-browser", "google-chrome", "chrome"))), "")
    kept = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: -int(path.parts[4]) if path.parts[4].isdigit() else 0
    )
    return str(kept[0]) if kept else ""


def missing(names: Sequence[str]) -> list[str]:
    """Those of `NEEDS` that are not on this machine."""
    return [name for name in names if not all(map(find, NEEDS[name].programs)) or (name == "Java" and _java() < JAVA)]


def ensure(names: Sequence[str]) -> None:
    """Return when all are there, installed if need be; otherwise say which are missing and how to do without."""
    lacking = missing(names)
    if not lacking:
        return
    packages = [package for name in lacking for package in NEEDS[name].packages]
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        _install(apt, packages)
        lacking = missing(names)
        if not lacking:
            return
    raise EngineError(_advice(lacking, packages))


def _advice(lacking: Sequence[str], packages: Sequence[str]) -> str:
    lines = [f"Missing on this machine: {', '.join(lacking)}."]
    lines.append(f"Install what brings them (Debian and Ubuntu: apt-get install {' '.join(packages)}; as root this is done for you)")
    urls = sorted({NEEDS[name].url for name in lacking} - {""})
    if urls:
        kinds = ", ".join(f"CARILLON_{url}" for url in urls)
        tests = ", ".join(f"CARILLON_TEST_{url}" for url in urls)
        lines[-1] += f", or use a running one by its URL: {kinds} (for the tests: {tests})."
    else:
        lines[-1] += "."
    return "\n".join(lines)


def _install(apt: str, packages: Sequence[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with _nothing_starts():
        for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
            done = subprocess.run([apt, *command], env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise EngineError(f"`apt-get {' '.join(command)}` failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")


@contextlib.contextmanager
def _nothing_starts() -> Iterator[None]:
    """Debian starts a server when it is installed; we want the program, not one more server on the machine."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _java() -> int:
    told = subprocess.run([find("java"), "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    return int(version[1]) if version else 0
