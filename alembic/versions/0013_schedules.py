"""Schedules, and the firings of each: nothing fires twice, for a firing's id is made of schedule and planned time.

Revision 0013.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _c(name: str, kind: sa.types.TypeEngine, default: str | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=default, autoincrement=False)


def upgrade() -> None:
    made = sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
    moment = sa.Float(53)
    op.create_table(
        "schedules",
        _c("space", sa.SmallInteger()), _c("key", sa.Text()), _c("name", sa.Text()), _c("body", sa.Text()), _c("paused", sa.Boolean(), "0"),
        sa.Column("next", moment, nullable=True), _c("revision", sa.Integer()), _c("changed", moment), _c("changed_by", sa.Text(), ""),
        sa.PrimaryKeyConstraint("space", "key"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("schedules_by_time", "schedules", ["next"])
    op.create_table(
        "firings",
        _c("space", sa.SmallInteger()), _c("id", made), _c("schedule", sa.Text()), _c("planned", moment), _c("at", moment), _c("outcome", sa.Text()),
        _c("detail", sa.Text(), ""), _c("n", sa.Integer(), "1"), _c("event", made), sa.PrimaryKeyConstraint("space", "id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("firings_by_schedule", "firings", ["space", "schedule", "planned"])


def downgrade() -> None:
    op.drop_table("firings")
    op.drop_table("schedules")
