"""From CARILLON_LOG_URL to a log: `embedded:` or `kafka://host:port[,host:port...][?prefix=x.&timeout=8]`."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from backend.clock import Clock
from backend.domain.errors import Invalid
from backend.log.embedded import EmbeddedLog
from backend.log.embedded_file import SqliteFile
from backend.log.kafka import KafkaLog
from backend.log.port import Log
from backend.log.topics import TOPICS, Topic

HOW = "Use embedded: or kafka://host:port[,host:port]."
_SERVER = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,64}")  # what Kafka allows in a topic's name


def open_log(url: str, *, sqlite: SqliteFile | None, clock: Clock, topics: Iterable[Topic] = TOPICS) -> Log:
    """The log that `url` names, not yet started. `sqlite`: the store's file, which `embedded:` needs. Errors: `Invalid`.

    `prefix` stands before every topic and group on the wire, so that several can share a broker; `timeout` is the seconds
    after which an append without an answer is refused.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "embedded":
        if rest:
            raise Invalid(f"CARILLON_LOG_URL is {url!r}, but embedded: takes nothing behind it. {HOW}")
        if sqlite is None:
            raise Invalid("CARILLON_LOG_URL is embedded:, which needs the SQLite database; with PostgreSQL give a kafka:// address.")
        return EmbeddedLog(sqlite, clock, topics)
    if scheme != "kafka":
        raise Invalid(f"CARILLON_LOG_URL begins with {scheme!r}. {HOW}")
    parts = urlsplit(url)
    servers = parts.netloc.split(",")
    if parts.path.strip("/") or not all(_SERVER.fullmatch(server) for server in servers):
        raise Invalid(f"CARILLON_LOG_URL names no Kafka servers that can be understood. {HOW}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    prefix, timeout = options.pop("prefix", ""), options.pop("timeout", "8")
    if options:
        raise Invalid(f"CARILLON_LOG_URL has unknown options: {', '.join(sorted(options))}. Known are prefix and timeout.")
    if not _PREFIX.fullmatch(prefix):
        raise Invalid("The prefix in CARILLON_LOG_URL may hold letters, digits, dots, dashes and underscores, 64 at most.")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", timeout) or not 0.1 <= float(timeout) <= 300:
        raise Invalid("The timeout in CARILLON_LOG_URL is a number of seconds from 0.1 to 300.")
    return KafkaLog(parts.netloc, prefix, float(timeout), topics)
