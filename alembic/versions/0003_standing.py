"""What stands in each state now, and counts and consents by time: an overview is read without walking a month.

Revision 0003.
"""

import functools

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def column(kind: sa.types.TypeEngine, name: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


small, big = (functools.partial(column, kind) for kind in (sa.SmallInteger(), sa.BigInteger()))


def upgrade() -> None:
    op.create_table(
        "standing",
        small("space"), big("cohort"), small("channel"), small("state"), big("n"),
        sa.PrimaryKeyConstraint("space", "cohort", "channel", "state"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.execute("insert into standing select space, cohort, channel, state, sum(n) from totals group by space, cohort, channel, state")
    op.create_index("totals_by_time", "totals", ["space", "minute"])
    op.create_index("consents_by_time", "consents", ["space", "at"])


def downgrade() -> None:
    op.drop_index("consents_by_time", "consents")
    op.drop_index("totals_by_time", "totals")
    op.drop_table("standing")
