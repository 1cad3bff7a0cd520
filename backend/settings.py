"""Settings: environment variables with the prefix CARILLON_, all with defaults that run (contracts.md "Settings")."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backend.domain.errors import Invalid

PREFIX = "CARILLON_"


@dataclass(frozen=True)
class Settings:
    """`sources` tells for each setting where its value came from: "default", "environment" or "home"."""

    home: Path
    port: int
    gateway_port: int
    base_url: str
    database_url: str
    log_url: str
    cache_url: str
    secret_key: bytes
    demo: bool
    smtp_url: str
    host: str = "127.0.0.1"
    demo_small: bool = False  # CARILLON_DEMO=small: sixty people and three days of history
    blob_url: str = "folder:"
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def smtp_urls(self) -> tuple[str, ...]:
        """The mail servers in order of preference: one URL, or several with spaces between them."""
        return tuple(self.smtp_url.split())

    @property
    def first_smtp(self) -> str:
        """The mail server that is used as long as it is well; "" for none."""
        return self.smtp_urls[0] if self.smtp_urls else ""

    @property
    def embedded(self) -> bool:
        """True when the whole line runs on this process's own engines."""
        return self.database_url.startswith("sqlite:") and self.log_url.startswith("embedded:")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises `Invalid` naming the variable and the repair."""
    env = os.environ if environ is None else environ
    sources: dict[str, str] = {}

    def take(name: str, default: str, *also: str) -> str:
        for key in (PREFIX + name, *also):
            if value := env.get(key):
                sources[name] = "environment"
                return value
        sources[name] = "default"
        return default

    home = Path(take("HOME", ".carillon")).absolute()
    port = _port("PORT", take("PORT", "8000", "PORT"))
    database_url = take("DATABASE_URL", f"sqlite:///{home / 'carillon.db'}")
    log_url, cache_url = take("LOG_URL", "embedded:"), take("CACHE_URL", "memory:")
    for name, url, kinds in (
        ("DATABASE_URL", database_url, ("sqlite:", "postgresql:")),
        ("LOG_URL", log_url, ("embedded:", "kafka:")),
        ("CACHE_URL", cache_url, ("memory:", "redis:", "rediss:")),
    ):
        if not url.startswith(kinds):
            raise Invalid(f"{PREFIX}{name} begins with none of {', '.join(kinds)}. Correct it, or unset it for the embedded engine.")
    if log_url.startswith("embedded:") and not database_url.startswith("sqlite:"):
        raise Invalid(f"The embedded log lives in the SQLite file, but {PREFIX}DATABASE_URL names another database. Set {PREFIX}LOG_URL to kafka://host:port too.")
    engines = not (database_url.startswith("sqlite:") and log_url.startswith("embedded:") and cache_url.startswith("memory:"))
    if given := env.get(PREFIX + "SECRET_KEY"):
        sources["SECRET_KEY"] = "environment"
        if len(given) < 32:
            raise Invalid(f"{PREFIX}SECRET_KEY is shorter than 32 characters. Make one with: openssl rand -hex 32")
        secret = given.encode()
    elif engines:
        raise Invalid(f"{PREFIX}SECRET_KEY is required when an engine is not embedded: every process must share it. Make one with: openssl rand -hex 32")
    else:
        sources["SECRET_KEY"] = "home"
        secret = _kept_secret(home)
    demo = take("DEMO", "1")
    return Settings(
        home=home,
        port=port,
        gateway_port=_port("GATEWAY_PORT", take("GATEWAY_PORT", "8001")),
        base_url=take("BASE_URL", f"http://localhost:{port}").rstrip("/"),
        database_url=database_url,
        log_url=log_url,
        cache_url=cache_url,
        secret_key=secret,
        demo=demo not in ("0", "false", "no", "off"),
        demo_small=demo == "small",
        smtp_url=take("SMTP_URL", ""),
        host=take("HOST", "127.0.0.1"),
        blob_url=take("BLOB_URL", "folder:"),
        sources=sources,
    )


SHOWN = ("home", "port", "gateway_port", "base_url", "host", "database_url", "log_url", "cache_url", "secret_key", "demo", "smtp_url", "blob_url")


def described(settings: Settings) -> list[tuple[str, str, str]]:
    """(variable, value, source) of every setting, what is secret hidden."""
    return [(f"{PREFIX}{name.upper()}", _shown(name, getattr(settings, name)), settings.sources.get(name.upper(), "default")) for name in SHOWN]


def hidden(url: str) -> str:
    """A URL without its password, wherever it stands: `//user:password@`, `?password=`."""
    url = re.sub(r"(?i)(mailbox=)[^&\s]+", r"\1***", url)  # a URL within the URL, with a password of its own
    masked = re.sub(r"(//[^/@\s:]*):[^/]*@(?=[^@]*$)", r"\1:***@", url)
    return re.sub(r"(?i)((?:password|secret|token|key)=)[^&\s]+", r"\1***", masked)


def _shown(name: str, value: object) -> str:
    if name == "secret_key":
        return "(hidden)"
    if isinstance(value, bool):
        return "1" if value else "0"
    if name == "smtp_url":  # there may be several
        return " ".join(hidden(url) for url in str(value).split())
    return hidden(str(value))


def make_home(home: Path) -> None:
    """The folder for everything this installation keeps, readable by its owner alone."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)


def _kept_secret(home: Path) -> bytes:
    make_home(home)
    path = home / "secret_key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip().encode()


def _port(name: str, text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise Invalid(f"{PREFIX}{name} is {text!r}, which is no port. Give a number from 1 to 65535.")
    return port
