"""All tables as they were first: people, content, the line, the inbox, the entrances; on SQLite the embedded log's too.

Revision 0001, the first.
"""

import functools

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTITIONED = ("events", "notifications", "deliveries", "attempts")
TABLES = (
    "spaces",
    "people",
    "addresses",
    "groups",
    "memberships",
    "consents",
    "suppressions",
    "categories",
    "templates",
    "template_versions",
    "cohorts",
    "halts",
    "seen",
    "events",
    "notifications",
    "deliveries",
    "attempts",
    "collapses",
    "snapshots",
    "receipts",
    "deltas",
    "totals",
    "ledger_totals",
    "due",
    "dead",
    "captures",
    "inbox_heads",
    "inbox",
    "chat_members",
    "chat_messages",
    "orders",
    "alerts",
    "accounts",
    "sessions",
    "clients",
    "revoked",
    "idempotency",
    "audit",
    "marks",
)
LOG = (
    "CREATE TABLE log_topics (topic INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE log_records (topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
        key BLOB NOT NULL, value BLOB NOT NULL, headers BLOB, at REAL NOT NULL, PRIMARY KEY (topic, partition, offset)) WITHOUT ROWID""",
    """CREATE TABLE log_marks ("group" TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, upto INTEGER NOT NULL,
        PRIMARY KEY ("group", topic, partition)) WITHOUT ROWID""",
    """CREATE TABLE log_heads (topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
        PRIMARY KEY (topic, partition)) WITHOUT ROWID""",
)


def column(kind: sa.types.TypeEngine, name: str, *, null: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=null, server_default=default, autoincrement=False)


small, number, big = (functools.partial(column, kind) for kind in (sa.SmallInteger(), sa.Integer(), sa.BigInteger()))
flag, time, text, blob = (functools.partial(column, kind) for kind in (sa.Boolean(), sa.Float(53), sa.Text(), sa.LargeBinary()))
made = functools.partial(column, sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql"))


def upgrade() -> None:
    op.create_table(
        "spaces",
        small("space"), text("name"), text("settings", default="{}"), time("created"), sa.PrimaryKeyConstraint("space"),
        sa.UniqueConstraint("name"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "people",
        small("space"), big("person"), text("user_id"), small("bucket"), number("revision"), text("timezone", default="UTC"),
        text("locale", default="en"), blob("profile"), text("wishes", default="{}"), flag("demo", default="0"), time("created"),
        time("changed"), time("erased", null=True), sa.PrimaryKeyConstraint("space", "person"), sa.UniqueConstraint("space", "user_id"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "addresses",
        small("space"), big("person"), small("channel"), blob("hash"), blob("sealed"), text("label", default=""), time("created"),
        sa.PrimaryKeyConstraint("space", "person", "channel", "hash"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("addresses_by_hash", "addresses", ["space", "channel", "hash"])
    op.create_table(
        "groups",
        small("space"), text("key"), text("name"), text("wishes", default="{}"), number("revision"), time("changed"),
        sa.PrimaryKeyConstraint("space", "key"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "memberships",
        small("space"), text("group_key"), big("person"), time("created"), sa.PrimaryKeyConstraint("space", "group_key", "person"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("memberships_by_person", "memberships", ["space", "person"])
    op.create_table(
        "consents",
        small("space"), big("person"), text("category"), time("at"), flag("given"), text("source"), text("evidence", default=""),
        sa.PrimaryKeyConstraint("space", "person", "category", "at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "suppressions",
        small("space"), small("channel"), blob("hash"), text("reason"), text("source"), time("since"), time("until", null=True),
        sa.PrimaryKeyConstraint("space", "channel", "hash"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "categories",
        small("space"), text("key"), text("body"), number("revision"), time("changed"), sa.PrimaryKeyConstraint("space", "key"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "templates",
        small("space"), text("key"), text("name"), text("draft"), number("revision"), number("published", default="0"), time("changed"),
        sa.PrimaryKeyConstraint("space", "key"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "template_versions",
        small("space"), text("key"), number("version"), text("content"), text("published_by"), time("at"),
        sa.PrimaryKeyConstraint("space", "key", "version"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "cohorts",
        small("space"), big("cohort"), text("category"), text("priority"), text("template", default=""), number("version", default="0"),
        made("event", null=True), time("created"), sa.PrimaryKeyConstraint("space", "cohort"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "halts",
        small("space"), text("scope"), text("reason"), text("by"), time("at"), sa.PrimaryKeyConstraint("space", "scope"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "seen",
        small("space"), small("source"), blob("key"), made("id"), time("at"), sa.PrimaryKeyConstraint("space", "source", "key"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("seen_by_age", "seen", ["at"])
    op.create_table(
        "events",
        made("id"), small("space"), big("person"), text("type"), text("category"), text("priority"), small("source"),
        text("key", default=""), text("template", default=""), number("version", default="0"), number("recipients"),
        made("duplicate_of", null=True), big("cohort"), text("target", default=""), blob("body"), time("accepted"),
        sa.PrimaryKeyConstraint("id", "space"), sqlite_with_rowid=False, postgresql_partition_by="RANGE (id)",
    )  # fmt: skip
    op.create_table(
        "notifications",
        made("id"), small("space"), made("event"), big("person"), big("cohort"), text("category"), small("priority"), small("planned"),
        small("skipped"), blob("trace"), time("accepted"), sa.PrimaryKeyConstraint("id", "space"), sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (id)",
    )  # fmt: skip
    op.create_index("notifications_by_person", "notifications", ["space", "person", "id"])
    op.create_table(
        "deliveries",
        made("id"), small("space"), made("notification"), big("person"), small("channel"), blob("address"), big("cohort"),
        small("state"), small("generation", default="0"), text("reason", default=""), time("until", null=True), time("changed"),
        sa.PrimaryKeyConstraint("id", "space"), sqlite_with_rowid=False, postgresql_partition_by="RANGE (id)",
    )  # fmt: skip
    op.create_index("deliveries_by_person", "deliveries", ["space", "person", "id"])
    op.create_table(
        "attempts",
        made("delivery"), small("n"), small("space"), text("provider"), time("started"), time("ended", null=True),
        small("outcome", null=True), text("code", default=""), text("raw", default=""),
        sa.PrimaryKeyConstraint("delivery", "n", "space"), sqlite_with_rowid=False, postgresql_partition_by="RANGE (delivery)",
    )  # fmt: skip
    op.create_table(
        "collapses",
        small("space"), big("person"), text("key"), made("event"), sa.PrimaryKeyConstraint("space", "person", "key"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("collapses_by_age", "collapses", ["event"])
    op.create_table(
        "snapshots",
        made("event"), big("person"), small("space"), sa.PrimaryKeyConstraint("event", "person", "space"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "receipts",
        made("delivery"), small("space"), text("kind"), time("at"), small("generation"), text("provider", default=""),
        text("raw", default=""), sa.PrimaryKeyConstraint("delivery", "kind", "at", "space"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "deltas",
        sa.Column("n_th", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True, autoincrement=True),
        small("space"), big("cohort"), big("minute"), small("channel"), small("was"), small("now"), number("n"),
    )  # fmt: skip
    op.create_table(
        "totals",
        small("space"), big("cohort"), big("minute"), small("channel"), small("state"), big("n"),
        sa.PrimaryKeyConstraint("space", "cohort", "minute", "channel", "state"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "ledger_totals",
        small("space"), number("day"), big("cohort"), text("totals"), time("sealed"), sa.PrimaryKeyConstraint("space", "day", "cohort"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "due",
        small("space"), made("id"), text("kind"), time("at"), text("topic"), small("partition"), blob("key"), blob("value"),
        text("ordered", default=""), sa.PrimaryKeyConstraint("id", "kind", "space"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("due_by_time", "due", ["at"])
    op.create_table(
        "dead",
        small("space"), made("id"), time("at"), text("topic"), text("stage"), text("cause"), text("fingerprint"),
        text("detail", default=""), blob("value"), time("replayed", null=True), sa.PrimaryKeyConstraint("space", "id"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("dead_by_fingerprint", "dead", ["space", "fingerprint"])
    op.create_table(
        "captures",
        small("space"), made("id"), made("delivery"), small("channel"), big("person"), time("at"), blob("sealed"),
        sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "inbox_heads",
        small("space"), big("person"), number("epoch"), big("seq"), number("unread"), number("unseen"),
        sa.PrimaryKeyConstraint("space", "person"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "inbox",
        small("space"), big("person"), made("id"), big("seq"), text("type"), text("category"), text("priority"), text("title"),
        text("message"), text("image", default=""), text("link", default=""), text("actions", default="[]"),
        text("metadata", default="{}"), time("at"), time("seen", null=True), time("read", null=True), time("archived", null=True),
        time("snoozed_until", null=True), flag("silent", default="0"), sa.PrimaryKeyConstraint("space", "person", "id"),
        sa.UniqueConstraint("space", "person", "seq"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "chat_members",
        small("space"), text("channel"), big("person"), time("since"), sa.PrimaryKeyConstraint("space", "channel", "person"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "chat_messages",
        small("space"), text("channel"), big("seq"), made("id"), big("person"), text("author"), text("text"), time("at"),
        sa.PrimaryKeyConstraint("space", "channel", "seq"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "orders",
        small("space"), text("id"), big("person"), text("state"), text("detail", default=""), time("at"),
        sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "alerts",
        small("space"), made("id"), text("severity"), text("title"), text("message"), time("at"), time("resolved_at", null=True),
        sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "accounts",
        small("space"), text("login"), text("name"), text("password"), text("role"), big("person"), text("timezone", default="UTC"),
        text("locale", default="en"), time("created"), time("disabled", null=True), sa.PrimaryKeyConstraint("space", "login"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "sessions",
        blob("token"), small("space"), text("login"), time("created"), time("expires"), sa.PrimaryKeyConstraint("token"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "clients",
        small("space"), text("id"), text("name"), blob("secret"), text("scopes"), time("created"),
        sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "revoked",
        small("space"), text("jti"), time("expires"), sa.PrimaryKeyConstraint("space", "jti"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "idempotency",
        small("space"), text("key"), blob("digest"), blob("answer", null=True), small("code", null=True), time("at"),
        sa.PrimaryKeyConstraint("space", "key"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "audit",
        small("space"), made("id"), time("at"), text("actor"), text("role"), text("action"), text("object"),
        text("detail", default="{}"), sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "marks",
        text("name"), text("value"), sa.PrimaryKeyConstraint("name"), sqlite_with_rowid=False,
    )  # fmt: skip

    op.execute("insert into spaces (space, name, settings, created) values (1, 'main', '{}', 0)")
    if op.get_bind().dialect.name == "sqlite":
        for statement in LOG:
            op.execute(statement)
    else:
        for table in PARTITIONED:
            op.execute(f"create table {table}_default partition of {table} default")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in ("log_heads", "log_marks", "log_records", "log_topics"):
            op.drop_table(table)
    for table in reversed(TABLES):
        op.drop_table(table)  # its partitions go with it
