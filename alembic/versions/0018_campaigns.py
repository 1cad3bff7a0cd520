"""Audiences, campaigns and experiments; cohorts know of what campaign and variant they are.

Revision 0018.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = (
    "fields", "summaries", "acts", "touches", "audiences", "audience_versions", "listed", "imports", "import_rows",
    "campaigns", "campaign_versions", "runs", "waves", "recipients", "differences", "forecasts", "verdicts", "looks",
)  # fmt: skip


def _c(name: str, kind: sa.types.TypeEngine, default: str | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=default, autoincrement=False)


def upgrade() -> None:
    made = sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
    facts = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    moment = sa.Float(53)
    op.add_column("cohorts", _c("campaign", sa.Text(), ""))
    op.add_column("cohorts", _c("variant", sa.SmallInteger(), "-1"))
    op.create_index("cohorts_by_campaign", "cohorts", ["space", "campaign"])
    op.create_table(
        "fields",
        _c("space", sa.SmallInteger()), _c("name", sa.Text()), _c("kind", sa.Text()), _c("used", sa.Boolean(), "1"), _c("changed", moment),
        sa.PrimaryKeyConstraint("space", "name"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "summaries",
        _c("space", sa.SmallInteger()), _c("person", sa.BigInteger()), _c("attributes", facts, "{}"), _c("consents", facts, "{}"),
        sa.Column("got", moment, nullable=True), sa.Column("opened", moment, nullable=True), sa.Column("clicked", moment, nullable=True),
        _c("times", facts, "{}"), sa.PrimaryKeyConstraint("space", "person"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "acts",
        _c("space", sa.SmallInteger()), _c("type", sa.Text()), _c("person", sa.BigInteger()), _c("first", moment), _c("last", moment),
        _c("n", sa.Integer()), sa.PrimaryKeyConstraint("space", "type", "person"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("acts_by_person", "acts", ["space", "person"])
    op.create_table(
        "touches",
        sa.Column("n_th", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True, autoincrement=True),
        _c("space", sa.SmallInteger()), _c("at", moment), _c("body", sa.LargeBinary()),
    )  # fmt: skip
    op.create_table(
        "audiences",
        _c("space", sa.SmallInteger()), _c("key", sa.Text()), _c("name", sa.Text()), _c("kind", sa.Text()), _c("body", sa.Text()),
        _c("version", sa.Integer()), sa.Column("size", sa.BigInteger(), nullable=True), sa.Column("counted", moment, nullable=True),
        _c("revision", sa.Integer()), _c("changed", moment), _c("changed_by", sa.Text(), ""), sa.PrimaryKeyConstraint("space", "key"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "audience_versions",
        _c("space", sa.SmallInteger()), _c("key", sa.Text()), _c("version", sa.Integer()), _c("body", sa.Text()), _c("at", moment),
        _c("by", sa.Text(), ""), _c("note", sa.Text(), ""), sa.PrimaryKeyConstraint("space", "key", "version"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "listed",
        _c("space", sa.SmallInteger()), _c("audience", sa.Text()), _c("person", sa.BigInteger()), _c("created", moment),
        sa.PrimaryKeyConstraint("space", "audience", "person"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("listed_by_person", "listed", ["space", "person"])
    op.create_table(
        "imports",
        _c("space", sa.SmallInteger()), _c("id", made), _c("name", sa.Text()), _c("state", sa.Text()), _c("body", sa.Text()),
        _c("total", sa.Integer(), "0"), _c("done", sa.Integer(), "0"), _c("refused", sa.Integer(), "0"), _c("created", moment),
        _c("changed", moment), _c("by", sa.Text(), ""), sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "import_rows",
        _c("space", sa.SmallInteger()), _c("import_id", made), _c("n", sa.Integer()), _c("person", sa.BigInteger()),
        _c("sealed", sa.LargeBinary()), _c("error", sa.Text(), ""), sa.PrimaryKeyConstraint("import_id", "n", "space"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("import_rows_by_person", "import_rows", ["space", "person"])
    op.create_table(
        "campaigns",
        _c("space", sa.SmallInteger()), _c("key", sa.Text()), _c("name", sa.Text()), _c("state", sa.Text()), _c("body", sa.Text()),
        _c("version", sa.Integer(), "0"), sa.Column("next", moment, nullable=True), _c("submitted_by", sa.Text(), ""),
        _c("approved_by", sa.Text(), ""), _c("revision", sa.Integer()), _c("created", moment), _c("changed", moment),
        _c("changed_by", sa.Text(), ""), sa.PrimaryKeyConstraint("space", "key"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("campaigns_by_time", "campaigns", ["next"])
    op.create_table(
        "campaign_versions",
        _c("space", sa.SmallInteger()), _c("key", sa.Text()), _c("version", sa.Integer()), _c("body", sa.Text()), _c("at", moment),
        _c("by", sa.Text(), ""), _c("note", sa.Text(), ""), sa.PrimaryKeyConstraint("space", "key", "version"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "runs",
        _c("space", sa.SmallInteger()), _c("id", made), _c("campaign", sa.Text()), _c("version", sa.Integer()), _c("planned", moment),
        _c("state", sa.Text()), _c("cursor", sa.BigInteger(), "-1"), _c("recipients", sa.BigInteger(), "0"), _c("forecast", made),
        _c("body", sa.Text(), "{}"), _c("created", moment), sa.Column("started", moment, nullable=True),
        sa.Column("ended", moment, nullable=True), sa.Column("next", moment, nullable=True), sa.PrimaryKeyConstraint("space", "id"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("runs_by_campaign", "runs", ["space", "campaign", "planned"])
    op.create_index("runs_by_time", "runs", ["next"])
    op.create_table(
        "waves",
        _c("space", sa.SmallInteger()), _c("run", made), _c("n", sa.SmallInteger()), _c("kind", sa.Text()),
        sa.Column("at", moment, nullable=True), _c("variant", sa.SmallInteger(), "-1"), _c("recipients", sa.BigInteger()),
        _c("state", sa.Text()), _c("changed", moment), sa.PrimaryKeyConstraint("space", "run", "n"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "recipients",
        _c("run", made), _c("person", sa.BigInteger()), _c("space", sa.SmallInteger()), _c("variant", sa.SmallInteger()),
        _c("wave", sa.SmallInteger()), _c("foreseen", sa.LargeBinary()), sa.Column("got", moment, nullable=True),
        sa.Column("opened", moment, nullable=True), sa.Column("clicked", moment, nullable=True), sa.Column("read", moment, nullable=True),
        sa.Column("converted", moment, nullable=True), sa.Column("unsubscribed", moment, nullable=True),
        sa.Column("complained", moment, nullable=True), sa.Column("bounced", moment, nullable=True),
        sa.PrimaryKeyConstraint("run", "person", "space"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("recipients_by_person", "recipients", ["space", "person"])
    op.create_table(
        "differences",
        _c("run", made), _c("person", sa.BigInteger()), _c("channel", sa.SmallInteger()), _c("space", sa.SmallInteger()),
        _c("foreseen", sa.Text()), _c("fact", sa.Text()), _c("cause", sa.Text()), _c("at", moment),
        sa.PrimaryKeyConstraint("run", "person", "channel", "space"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("differences_by_person", "differences", ["space", "person"])
    op.create_table(
        "forecasts",
        _c("space", sa.SmallInteger()), _c("id", made), _c("campaign", sa.Text()), _c("revision", sa.Integer()), _c("state", sa.Text()),
        _c("cursor", sa.BigInteger(), "-1"), _c("total", sa.BigInteger(), "0"), _c("done", sa.BigInteger(), "0"),
        _c("body", sa.Text(), "{}"), _c("at", moment), sa.Column("ended", moment, nullable=True), _c("by", sa.Text(), ""),
        sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("forecasts_by_campaign", "forecasts", ["space", "campaign", "at"])
    op.create_table(
        "verdicts",
        _c("space", sa.SmallInteger()), _c("run", made), _c("state", sa.Text()), _c("variant", sa.SmallInteger(), "-1"),
        _c("body", sa.Text(), "{}"), sa.Column("next", moment, nullable=True), _c("at", moment), sa.PrimaryKeyConstraint("space", "run"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("verdicts_by_time", "verdicts", ["next"])
    op.create_table(
        "looks",
        _c("space", sa.SmallInteger()), _c("run", made), _c("at", moment), _c("body", sa.Text()),
        sa.PrimaryKeyConstraint("space", "run", "at"), sqlite_with_rowid=False,
    )  # fmt: skip

    op.execute("insert into summaries (space, person) select space, person from people where erased is null")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("cohorts_by_campaign", "cohorts")
    op.drop_column("cohorts", "variant")
    op.drop_column("cohorts", "campaign")
