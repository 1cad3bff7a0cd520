"""Tallies: how units fared by the quarter of an hour they were born in; deltas say when that was, through whom and how long it took.

Revision 0006.
"""

import functools

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def column(kind: sa.types.TypeEngine, name: str, default: str | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=default, autoincrement=False)


small, number, big, text = (functools.partial(column, kind) for kind in (sa.SmallInteger(), sa.Integer(), sa.BigInteger(), sa.Text()))


def upgrade() -> None:
    op.add_column("deltas", number("born", "0"))
    op.add_column("deltas", text("provider", ""))
    op.add_column("deltas", small("took", "-1"))
    op.create_table(
        "tallies",
        small("space"), number("born"), big("cohort"), small("channel"), text("provider", ""), small("kind"), big("n"),
        sa.PrimaryKeyConstraint("space", "born", "cohort", "channel", "provider", "kind"), sqlite_with_rowid=False,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("tallies")
    for name in ("took", "provider", "born"):
        op.drop_column("deltas", name)
