"""Tallies are found by cohort, stand once for all cohorts together, and are kept by day too: a month is read without walking its quarters.

Revision 0011.
"""

import functools

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEYS = ("cohort", "born", "channel", "provider", "kind")


def column(kind: sa.types.TypeEngine, name: str, default: str | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=default, autoincrement=False)


small, number, big, text = (functools.partial(column, kind) for kind in (sa.SmallInteger(), sa.Integer(), sa.BigInteger(), sa.Text()))


def remade(*keys: str) -> None:
    """The table again, under another key; its rows are kept."""
    columns = "space, born, cohort, channel, provider, kind, n"
    op.execute(f"create temporary table tallies_kept as select {columns} from tallies")
    op.drop_table("tallies")
    op.create_table(
        "tallies",
        small("space"), number("born"), big("cohort"), small("channel"), text("provider", ""), small("kind"), big("n"),
        sa.PrimaryKeyConstraint("space", *keys), sqlite_with_rowid=False,
    )  # fmt: skip
    op.execute(f"insert into tallies ({columns}) select {columns} from tallies_kept")
    op.execute("drop table tallies_kept")


def upgrade() -> None:
    remade(*KEYS)
    op.create_index("tallies_by_time", "tallies", ["space", "born"])
    op.create_table(
        "tally_days",
        small("space"), number("day"), big("cohort"), small("channel"), text("provider", ""), small("kind"), big("n"),
        sa.PrimaryKeyConstraint("space", "day", "cohort", "channel", "provider", "kind"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.execute(
        """insert into tally_days (space, day, cohort, channel, provider, kind, n) select space, born / 96, cohort, channel, provider, kind, sum(n)
        from tallies group by space, born / 96, cohort, channel, provider, kind"""
    )
    op.execute(
        """insert into tallies (space, born, cohort, channel, provider, kind, n) select space, born, 0, channel, '', kind, sum(n)
        from tallies group by space, born, channel, kind"""
    )


def downgrade() -> None:
    op.drop_table("tally_days")
    op.execute("delete from tallies where cohort = 0")
    op.drop_index("tallies_by_time", "tallies")
    remade("born", "cohort", "channel", "provider", "kind")
