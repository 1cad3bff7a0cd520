"""All tables, for both dialects. `space` comes first in every key but the made ids' (their key is (id, space): see below).

* Tables of people carry `person` (our 63-bit id), never the customer's user id; only `people` knows that.
* `events`, `notifications`, `deliveries`, `attempts` are partitioned by day on PostgreSQL, bounded by the id itself; hot
  statements address the day's partition by name. Their key leads with the id: `= any(ids)` behind a leading space column
  made PostgreSQL walk the whole index (measured: 30 to 200 us a row instead of 10).
* No foreign keys: people and content may live in different databases one day, and rows of a day are dropped together.
* Times are seconds since 1970 as double precision in hot tables (both dialects read them alike).
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
    types,
)
from sqlalchemy.dialects import postgresql


class Id(types.TypeDecorator[bytes]):
    """A made id: 16 bytes in Python, `uuid` on PostgreSQL, `blob` on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=False))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: bytes | None, dialect: Any) -> Any:
        if value is None or dialect.name != "postgresql":
            return value
        return value.hex()

    def process_result_value(self, value: Any, dialect: Any) -> bytes | None:
        if value is None or isinstance(value, bytes):
            return value
        return bytes.fromhex(str(value).replace("-", ""))


meta = MetaData()
PARKED = "substr(kind, 1, 7) = 'parked:'"  # due rows that wait until somebody lets them go
PARTITIONED = ("events", "notifications", "deliveries", "attempts")  # by day of their leading id


def _space() -> Column[int]:
    return Column("space", SmallInteger, nullable=False)


def _person() -> Column[int]:
    return Column("person", BigInteger, nullable=False)


def _bytes(name: str, **kw: Any) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=kw.pop("nullable", False), **kw)


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


_JSON = JSON().with_variant(postgresql.JSONB(), "postgresql")
_BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")  # ordered by bytes, as SQLite does: what begins alike is a range


def _time(name: str, nullable: bool = False) -> Column[float]:
    return Column(name, Float(53), nullable=nullable)


def _table(name: str, *parts: Any) -> Table:
    """On PostgreSQL `PARTITIONED` tables are ranges of their leading id; on SQLite tables with their own key need no rowid."""
    options: dict[str, Any] = {"sqlite_with_rowid": False}
    if name in PARTITIONED:
        options["postgresql_partition_by"] = f"RANGE ({'delivery' if name == 'attempts' else 'id'})"
    return Table(name, meta, *parts, **options)


# ---- spaces, people
spaces = _table("spaces", Column("space", SmallInteger, primary_key=True, autoincrement=False), Column("name", Text, nullable=False, unique=True),
                _text("settings", "{}"), _time("created"))  # settings: JSON (default wishes, brand, sender)
people = _table("people", _space(), _person(), Column("user_id", _BYTEWISE, nullable=False), Column("bucket", SmallInteger, nullable=False),
                Column("revision", Integer, nullable=False), _text("timezone", "UTC"), _text("locale", "en"), _bytes("profile"), _text("wishes", "{}"),
                Column("demo", Boolean, nullable=False, server_default="0"), _time("created"), _time("changed"), _time("erased", nullable=True),
                PrimaryKeyConstraint("space", "person"), UniqueConstraint("space", "user_id"))
addresses = _table("addresses", _space(), _person(), Column("channel", SmallInteger, nullable=False), _bytes("hash"), _bytes("sealed"), _text("label", ""), _time("created"),
                   PrimaryKeyConstraint("space", "person", "channel", "hash"), Index("addresses_by_hash", "space", "channel", "hash"))
groups = _table("groups", _space(), Column("key", Text, nullable=False), _text("name"), _text("wishes", "{}"), Column("revision", Integer, nullable=False), _time("changed"),
                PrimaryKeyConstraint("space", "key"))
memberships = _table("memberships", _space(), Column("group_key", Text, nullable=False), _person(), _time("created"),
                     PrimaryKeyConstraint("space", "group_key", "person"), Index("memberships_by_person", "space", "person"))
consents = _table("consents", _space(), _person(), Column("category", Text, nullable=False), _time("at"), Column("given", Boolean, nullable=False), _text("source"), _text("evidence", ""),
                  PrimaryKeyConstraint("space", "person", "category", "at"), Index("consents_by_time", "space", "at"))  # history; the latest counts
suppressions = _table("suppressions", _space(), Column("channel", SmallInteger, nullable=False), _bytes("hash"), _text("reason"), _text("source"), _time("since"), _time("until", nullable=True),
                      _text("beside", ""), PrimaryKeyConstraint("space", "channel", "hash"))  # beside: JSON of what it is suppressed for as well, behind its owner's STOP

# ---- content
categories = _table("categories", _space(), Column("key", Text, nullable=False), _text("body"), Column("revision", Integer, nullable=False), _time("changed"),
                    PrimaryKeyConstraint("space", "key"))
templates = _table("templates", _space(), Column("key", Text, nullable=False), _text("name"), _text("draft"), Column("revision", Integer, nullable=False),
                   Column("published", Integer, nullable=False, server_default="0"), _time("changed"), _text("changed_by", ""), PrimaryKeyConstraint("space", "key"))
template_versions = _table("template_versions", _space(), Column("key", Text, nullable=False), Column("version", Integer, nullable=False), _text("content"), _text("published_by"), _time("at"),
                           _text("note", ""), _text("source", ""), PrimaryKeyConstraint("space", "key", "version"))  # source: JSON of the draft it was made of
template_drafts = _table("template_drafts", _space(), Column("key", Text, nullable=False), Column("author", Text, nullable=False), Column("base", Integer, nullable=False), _text("draft"), _time("at"),
                         PrimaryKeyConstraint("space", "key", "author"))  # what an editor wrote while another one saved first; base: the revision both began with
template_parts = _table("template_parts", _space(), Column("kind", Text, nullable=False), Column("key", Text, nullable=False), _text("source"), Column("revision", Integer, nullable=False), _time("changed"),
                        _text("changed_by", ""), PrimaryKeyConstraint("space", "kind", "key"))  # kind: layout, partial
images = _table("images", _space(), Column("name", Text, nullable=False), _text("label", ""), _text("type"), Column("size", Integer, nullable=False), Column("width", Integer, nullable=False),
                Column("height", Integer, nullable=False), _text("added_by", ""), _time("at"), PrimaryKeyConstraint("space", "name"))  # name: hash of what is in it
cohorts = _table("cohorts", _space(), Column("cohort", BigInteger, nullable=False), _text("category"), _text("priority"), _text("template", ""), Column("version", Integer, nullable=False, server_default="0"),
                 Column("event", Id), _time("created"), Column("demo", Boolean, nullable=False, server_default="0"), _text("campaign", ""), Column("variant", SmallInteger, nullable=False, server_default="-1"),
                 PrimaryKeyConstraint("space", "cohort"), Index("cohorts_by_campaign", "space", "campaign"))  # event: of a fan-out, NO_ID otherwise; demo: of the demo's people; variant: of a campaign's run
senders = _table("senders", _space(), Column("key", Text, nullable=False), _text("name"), _text("address"), _text("reply_to", ""), _text("postal", ""), _text("categories", "[]"),
                 Column("chosen", Boolean, nullable=False, server_default="0"), Column("revision", Integer, nullable=False), _time("changed"),
                 PrimaryKeyConstraint("space", "key"))  # chosen: for what no other sender is assigned; categories: JSON
schedules = _table("schedules", _space(), Column("key", Text, nullable=False), _text("name"), _text("body"), Column("paused", Boolean, nullable=False, server_default="0"), _time("next", nullable=True),
                   Column("revision", Integer, nullable=False), _time("changed"), _text("changed_by", ""), PrimaryKeyConstraint("space", "key"), Index("schedules_by_time", "next"))
# body: JSON of domain.schedule.Schedule; next: when it is looked at again, NULL while it is paused
firings = _table("firings", _space(), Column("id", Id, nullable=False), _text("schedule"), _time("planned"), _time("at"), _text("outcome"), _text("detail", ""), Column("n", Integer, nullable=False, server_default="1"),
                 Column("event", Id, nullable=False), PrimaryKeyConstraint("space", "id"), Index("firings_by_schedule", "space", "schedule", "planned"))
# id: made of schedule and planned time; outcome: fired, missed, refused; n: people told at once, or times that were missed; event: NO_ID when there is none, or several
# ---- audiences: whom rules and lists name; what rules may look at
fields = _table("fields", _space(), Column("name", Text, nullable=False), _text("kind"), Column("used", Boolean, nullable=False, server_default="1"), _time("changed"),
                PrimaryKeyConstraint("space", "name"))  # attributes of people that were met; kind: text, number, flag, date; used: rules may look at it, so it stands in `summaries` unsealed
summaries = _table("summaries", _space(), _person(), Column("attributes", _JSON, nullable=False, server_default="{}"), Column("consents", _JSON, nullable=False, server_default="{}"),
                   _time("got", nullable=True), _time("opened", nullable=True), _time("clicked", nullable=True), Column("times", _JSON, nullable=False, server_default="{}"), Column("reach", Integer, nullable=False, server_default="0"),
                   PrimaryKeyConstraint("space", "person"))  # what rules look at of a person, one row; reach: a bit of each channel with an address; times: {"clicked|email": seconds, "clicked|offers": ...} by channel and by category
acts = _table("acts", _space(), Column("type", Text, nullable=False), _person(), _time("first"), _time("last"), Column("n", Integer, nullable=False),
              PrimaryKeyConstraint("space", "type", "person"), Index("acts_by_person", "space", "person"))  # what people did, by the type of the activity event
touches = Table("touches", meta, Column("n_th", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True), _space(), _time("at"), _bytes("body"))
# body: a batch's touches, packed: what people got or did, until it is summed up; one row a transaction of the line
audiences = _table("audiences", _space(), Column("key", Text, nullable=False), _text("name"), _text("kind"), _text("body"), Column("version", Integer, nullable=False), Column("size", BigInteger, nullable=True),
                   _time("counted", nullable=True), Column("revision", Integer, nullable=False), _time("changed"), _text("changed_by", ""), PrimaryKeyConstraint("space", "key"))
# kind: rule or list; body: JSON of domain.audience.Audience; size: when it was last counted
audience_versions = _table("audience_versions", _space(), Column("key", Text, nullable=False), Column("version", Integer, nullable=False), _text("body"), _time("at"), _text("by", ""), _text("note", ""),
                           PrimaryKeyConstraint("space", "key", "version"))
listed = _table("listed", _space(), Column("audience", Text, nullable=False), _person(), _time("created"), PrimaryKeyConstraint("space", "audience", "person"),
                Index("listed_by_person", "space", "person"))  # who is on a static list
imports = _table("imports", _space(), Column("id", Id, nullable=False), _text("name"), _text("state"), _text("body"), Column("total", Integer, nullable=False, server_default="0"), Column("done", Integer, nullable=False, server_default="0"),
                 Column("refused", Integer, nullable=False, server_default="0"), _time("created"), _time("changed"), _text("by", ""), PrimaryKeyConstraint("space", "id"))
# body: JSON of domain.importing: mapping, consent, encoding, what came of it
import_rows = _table("import_rows", _space(), Column("import_id", Id, nullable=False), Column("n", Integer, nullable=False), _person(), _bytes("sealed"), _text("error", ""),
                     PrimaryKeyConstraint("import_id", "n", "space"), Index("import_rows_by_person", "space", "person"))  # n: line of the file; sealed: its cells; person 0: refused

# ---- campaigns
campaigns = _table("campaigns", _space(), Column("key", Text, nullable=False), _text("name"), _text("state"), _text("body"), Column("version", Integer, nullable=False, server_default="0"), _time("next", nullable=True),
                   _text("submitted_by", ""), _text("approved_by", ""), Column("revision", Integer, nullable=False), _time("created"), _time("changed"), _text("changed_by", ""),
                   PrimaryKeyConstraint("space", "key"), Index("campaigns_by_time", "next"))  # state: domain.campaign.STATES; body: JSON of Campaign; version: the newest that was started; next: when it is looked at again
campaign_versions = _table("campaign_versions", _space(), Column("key", Text, nullable=False), Column("version", Integer, nullable=False), _text("body"), _time("at"), _text("by", ""), _text("note", ""),
                           PrimaryKeyConstraint("space", "key", "version"))
runs = _table("runs", _space(), Column("id", Id, nullable=False), _text("campaign"), Column("version", Integer, nullable=False), _time("planned"), _text("state"), Column("cursor", BigInteger, nullable=False, server_default="-1"),
              Column("recipients", BigInteger, nullable=False, server_default="0"), Column("forecast", Id, nullable=False), _text("body", "{}"), _time("created"), _time("started", nullable=True), _time("ended", nullable=True), _time("next", nullable=True),
              PrimaryKeyConstraint("space", "id"), Index("runs_by_campaign", "space", "campaign", "planned"), Index("runs_by_time", "next"))  # id: of its event; next: when it is looked at again
waves = _table("waves", _space(), Column("run", Id, nullable=False), Column("n", SmallInteger, nullable=False), _text("kind"), _time("at", nullable=True), Column("variant", SmallInteger, nullable=False, server_default="-1"),
               Column("recipients", BigInteger, nullable=False), Column("released", BigInteger, nullable=False, server_default="0"), _text("state"), _time("changed"),
               Column("ahead", Integer, nullable=True), PrimaryKeyConstraint("space", "run", "n"))  # those of a run who are told from one moment on; kind: all, test, rest; ahead: seconds their own clocks are ahead of UTC's
recipients = _table("recipients", Column("run", Id, nullable=False), _person(), _space(), Column("variant", SmallInteger, nullable=False), Column("wave", SmallInteger, nullable=False), _bytes("foreseen"),
                    *(_time(stamp, nullable=True) for stamp in ("got", "opened", "clicked", "read", "converted", "unsubscribed", "complained", "bounced")),
                    PrimaryKeyConstraint("run", "person", "space"), Index("recipients_by_person", "space", "person"))  # one row a person and run; stamps: the first time, seconds; foreseen: domain.forecast
differences = _table("differences", Column("run", Id, nullable=False), _person(), Column("channel", SmallInteger, nullable=False), _space(), _text("foreseen"), _text("fact"), _text("cause"), _time("at"),
                     PrimaryKeyConstraint("run", "person", "channel", "space"), Index("differences_by_person", "space", "person"))  # where a run did otherwise than its forecast said
forecasts = _table("forecasts", _space(), Column("id", Id, nullable=False), _text("campaign"), Column("revision", Integer, nullable=False), _text("state"), Column("cursor", BigInteger, nullable=False, server_default="-1"),
                   Column("total", BigInteger, nullable=False, server_default="0"), Column("done", BigInteger, nullable=False, server_default="0"), _text("body", "{}"), _time("at"), _time("ended", nullable=True), _text("by", ""), Column("claimed", Float(53), nullable=False, server_default="0"),
                   PrimaryKeyConstraint("space", "id"), Index("forecasts_by_campaign", "space", "campaign", "at"))
# the dry run over a whole audience; body: counts; claimed: until then (seconds) the process that walks it has it for itself
verdicts = _table("verdicts", _space(), Column("run", Id, nullable=False), _text("state"), Column("variant", SmallInteger, nullable=False, server_default="-1"), _text("body", "{}"), _time("next", nullable=True), _time("at"),
                  PrimaryKeyConstraint("space", "run"), Index("verdicts_by_time", "next"))  # of an experiment; next: when it is looked at again
looks = _table("looks", _space(), Column("run", Id, nullable=False), _time("at"), _text("body"), PrimaryKeyConstraint("space", "run", "at"))  # what an experiment showed at one moment: counts and intervals, JSON
providers = _table("providers", _space(), Column("key", Text, nullable=False), _text("kind"), _text("channel"), Column("place", Integer, nullable=False), Column("weight", Integer, nullable=False),
                   Column("used", Boolean, nullable=False, server_default="1"), _text("fields", "{}"), _bytes("secrets"), Column("revision", Integer, nullable=False), _time("changed"), _text("changed_by", ""),
                   PrimaryKeyConstraint("space", "key"))  # place: of its channel the lowest is asked first; weight: of a hundred; fields: JSON; secrets: sealed JSON
spent = _table("spent", _space(), Column("provider", Text, nullable=False), Column("day", Integer, nullable=False), Column("amount", BigInteger, nullable=False),
               PrimaryKeyConstraint("space", "provider", "day"))  # day: seconds // 86,400, UTC; amount: millionths of the operator's currency
halts = _table("halts", _space(), Column("scope", Text, nullable=False), _text("reason"), _text("by"), _time("at"), PrimaryKeyConstraint("space", "scope"))

# ---- the line
seen = _table("seen", _space(), Column("source", SmallInteger, nullable=False), Column("key", LargeBinary, nullable=False), Column("id", Id, nullable=False), _time("at"),
              PrimaryKeyConstraint("space", "source", "key"), Index("seen_by_age", "at"))
events = _table("events", Column("id", Id, nullable=False), _space(), _person(), _text("type"), _text("category"), _text("priority"), Column("source", SmallInteger, nullable=False), _text("key", ""),
                _text("template", ""), Column("version", Integer, nullable=False, server_default="0"), Column("recipients", Integer, nullable=False), Column("duplicate_of", Id, nullable=True),
                Column("cohort", BigInteger, nullable=False), _text("target", ""), _bytes("body"), _time("accepted"), PrimaryKeyConstraint("id", "space"))
# person 0 and target "group:key" for a fan-out; body: the whole record (msgpack of Event)
notifications = _table("notifications", Column("id", Id, nullable=False), _space(), Column("event", Id, nullable=False), _person(), Column("cohort", BigInteger, nullable=False), _text("category"),
                       Column("priority", SmallInteger, nullable=False), Column("planned", SmallInteger, nullable=False), Column("skipped", SmallInteger, nullable=False), _bytes("trace"),
                       _time("accepted"), PrimaryKeyConstraint("id", "space"), Index("notifications_by_person", "space", "person", "id"))
deliveries = _table("deliveries", Column("id", Id, nullable=False), _space(), Column("notification", Id, nullable=False), _person(), Column("channel", SmallInteger, nullable=False), _bytes("address"),
                    Column("cohort", BigInteger, nullable=False), Column("state", SmallInteger, nullable=False), Column("generation", SmallInteger, nullable=False, server_default="0"), _text("reason", ""),
                    _time("until", nullable=True), _time("changed"), PrimaryKeyConstraint("id", "space"), Index("deliveries_by_person", "space", "person", "id"))
attempts = _table("attempts", Column("delivery", Id, nullable=False), Column("n", SmallInteger, nullable=False), _space(), _text("provider"), _time("started"), _time("ended", nullable=True),
                  Column("outcome", SmallInteger, nullable=True), _text("code", ""), _text("raw", ""), PrimaryKeyConstraint("delivery", "n", "space"))
collapses = _table("collapses", _space(), _person(), Column("key", Text, nullable=False), Column("event", Id, nullable=False),
                   PrimaryKeyConstraint("space", "person", "key"), Index("collapses_by_age", "event"))  # event: the newest under a collapse key
snapshots = _table("snapshots", Column("event", Id, nullable=False), _person(), _space(),
                   PrimaryKeyConstraint("event", "person", "space"))  # whom a fan-out is for: taken once, walked by person
receipts = _table("receipts", Column("delivery", Id, nullable=False), _space(), Column("kind", Text, nullable=False), _time("at"), Column("generation", SmallInteger, nullable=False), _text("provider", ""), _text("raw", ""),
                  PrimaryKeyConstraint("delivery", "kind", "at", "space"))
deltas = Table("deltas", meta, Column("n_th", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True), _space(), Column("cohort", BigInteger, nullable=False),
               Column("minute", BigInteger, nullable=False), Column("channel", SmallInteger, nullable=False), Column("was", SmallInteger, nullable=False), Column("now", SmallInteger, nullable=False),
               Column("n", Integer, nullable=False), Column("born", Integer, nullable=False, server_default="0"), _text("provider", ""),
               Column("took", SmallInteger, nullable=False, server_default="-1"))
# minute: seconds // 60, of the move; born: seconds // 900, of the unit; was -1: a new unit; was = now: a stamp of `domain.tally`; provider: who
# answered; took: a step of `domain.latency`; channel 0: none; nothing of a person in it
tallies = _table("tallies", _space(), Column("born", Integer, nullable=False), Column("cohort", BigInteger, nullable=False), Column("channel", SmallInteger, nullable=False), _text("provider", ""),
                 Column("kind", SmallInteger, nullable=False), Column("n", BigInteger, nullable=False),
                 PrimaryKeyConstraint("space", "cohort", "born", "channel", "provider", "kind"),
                 Index("tallies_by_time", "space", "born"))  # units born in a quarter of an hour, as they stand now; kind: `domain.tally`; cohort 0: all cohorts together
tally_days = _table("tally_days", _space(), Column("day", Integer, nullable=False), Column("cohort", BigInteger, nullable=False), Column("channel", SmallInteger, nullable=False), _text("provider", ""),
                    Column("kind", SmallInteger, nullable=False), Column("n", BigInteger, nullable=False),
                    PrimaryKeyConstraint("space", "day", "cohort", "channel", "provider", "kind"))  # the same by day of UTC
totals = _table("totals", _space(), Column("cohort", BigInteger, nullable=False), Column("minute", BigInteger, nullable=False), Column("channel", SmallInteger, nullable=False), Column("state", SmallInteger, nullable=False),
                Column("n", BigInteger, nullable=False), PrimaryKeyConstraint("space", "cohort", "minute", "channel", "state"),
                Index("totals_by_time", "space", "minute"))  # net change of units in `state` within that minute
standing = _table("standing", _space(), Column("cohort", BigInteger, nullable=False), Column("channel", SmallInteger, nullable=False), Column("state", SmallInteger, nullable=False),
                  Column("n", BigInteger, nullable=False), PrimaryKeyConstraint("space", "cohort", "channel", "state"))  # the sum of all totals: how many units are in `state` now
ledger_totals = _table("ledger_totals", _space(), Column("day", Integer, nullable=False), Column("cohort", BigInteger, nullable=False), _text("totals"), _time("sealed"),
                       PrimaryKeyConstraint("space", "day", "cohort"))  # sealed before a day is dropped
due = _table("due", _space(), Column("id", Id, nullable=False), Column("kind", Text, nullable=False), _time("at"), _text("topic"), Column("partition", SmallInteger, nullable=False), _bytes("key"), _bytes("value"),
             _text("ordered", ""), PrimaryKeyConstraint("id", "kind", "space"), Index("due_by_time", "at"),
             Index("due_parked", "space", "kind", "id", sqlite_where=text(PARKED), postgresql_where=text(PARKED)))  # ordered: person and channel that wait behind it
ahead = _table("ahead", _space(), _person(), Column("kind", Text, nullable=False), Column("accepted", Float(53), nullable=False), Column("delivery", Id, nullable=False), _time("until"),
               PrimaryKeyConstraint("space", "person", "kind", "accepted", "delivery"))  # of ordered categories: what later ones wait behind; kind: channel, priority, category
dead = _table("dead", _space(), Column("id", Id, nullable=False), _time("at"), _text("topic"), _text("stage"), _text("cause"), _text("fingerprint"), _text("detail", ""), _bytes("value"), _time("replayed", nullable=True),
              _time("dropped", nullable=True), PrimaryKeyConstraint("space", "id"), Index("dead_by_fingerprint", "space", "fingerprint"))
captures = _table("captures", _space(), Column("id", Id, nullable=False), Column("delivery", Id, nullable=False), Column("channel", SmallInteger, nullable=False), _person(), _time("at"), _bytes("sealed"),
                  PrimaryKeyConstraint("space", "id"), Index("captures_by_channel", "space", "channel", "at"))  # what the capture provider was given, sealed

# ---- inbox (the web channel)
inbox_heads = _table("inbox_heads", _space(), _person(), Column("epoch", Integer, nullable=False), Column("seq", BigInteger, nullable=False), Column("unread", Integer, nullable=False), Column("unseen", Integer, nullable=False),
                     PrimaryKeyConstraint("space", "person"))
inbox = _table("inbox", _space(), _person(), Column("id", Id, nullable=False), Column("seq", BigInteger, nullable=False), _text("type"), _text("category"), _text("priority"), _text("title"), _text("message"),
               _text("image", ""), _text("link", ""), _text("actions", "[]"), _text("metadata", "{}"), _time("at"), _time("seen", nullable=True), _time("read", nullable=True), _time("archived", nullable=True),
               _time("snoozed_until", nullable=True), Column("silent", Boolean, nullable=False, server_default="0"),
               PrimaryKeyConstraint("space", "person", "id"), UniqueConstraint("space", "person", "seq"))  # id: of the notification

# ---- live topics besides the inbox
chat_members = _table("chat_members", _space(), Column("channel", Text, nullable=False), _person(), _time("since"), PrimaryKeyConstraint("space", "channel", "person"))
chat_messages = _table("chat_messages", _space(), Column("channel", Text, nullable=False), Column("seq", BigInteger, nullable=False), Column("id", Id, nullable=False), _person(), _text("author"), _text("text"), _time("at"),
                       PrimaryKeyConstraint("space", "channel", "seq"))
orders = _table("orders", _space(), Column("id", Text, nullable=False), _person(), _text("state"), _text("detail", ""), _time("at"), PrimaryKeyConstraint("space", "id"))
alerts = _table("alerts", _space(), Column("id", Id, nullable=False), _text("severity"), _text("title"), _text("message"), _time("at"), _time("resolved_at", nullable=True), PrimaryKeyConstraint("space", "id"))

# ---- entrances
accounts = _table("accounts", _space(), Column("login", Text, nullable=False), _text("name"), _text("password"), _text("role"), _person(), _text("timezone", "UTC"), _text("locale", "en"), _time("created"),
                  _time("disabled", nullable=True), PrimaryKeyConstraint("space", "login"))  # password: argon2id hash; person: their own inbox
invitations = _table("invitations", _space(), Column("id", Id, nullable=False), _bytes("token"), _bytes("name"), _text("role"), _text("by"), _time("created"), _time("expires"), _time("revoked", nullable=True),
                     _time("accepted", nullable=True), _text("login", ""), PrimaryKeyConstraint("space", "id"), UniqueConstraint("token"))  # token: hash of the link's; name: sealed
sessions = _table("sessions", Column("token", LargeBinary, nullable=False), _space(), _text("login"), _time("created"), _time("expires"), _text("agent", ""), PrimaryKeyConstraint("token"))  # token: hash of it
saved_views = _table("saved_views", _space(), _person(), Column("page", Text, nullable=False), Column("name", Text, nullable=False), _text("query"), _time("changed"),
                     PrimaryKeyConstraint("space", "person", "page", "name"))  # filters of a list of the portal, named by whoever signed in
clients = _table("clients", _space(), Column("id", Text, nullable=False), _text("name"), _bytes("secret"), _text("scopes"), _time("created"), PrimaryKeyConstraint("space", "id"))
revoked = _table("revoked", _space(), Column("jti", Text, nullable=False), _time("expires"), PrimaryKeyConstraint("space", "jti"))
idempotency = _table("idempotency", _space(), Column("key", Text, nullable=False), _bytes("digest"), Column("answer", LargeBinary, nullable=True), Column("code", SmallInteger, nullable=True), _time("at"),
                     PrimaryKeyConstraint("space", "key"))
audit = _table("audit", _space(), Column("id", Id, nullable=False), _time("at"), _text("actor"), _text("role"), _text("action"), _text("object"), _text("detail", "{}"), PrimaryKeyConstraint("space", "id"))
marks = _table("marks", Column("name", Text, nullable=False), _text("value"), PrimaryKeyConstraint("name"))  # small facts of the installation (rollup position, demo started ...)
