"""What providers have cost, by day: all processes take from one sum.

Revision 0017.
"""

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent",
        sa.Column("space", sa.SmallInteger(), nullable=False, autoincrement=False), sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False), sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("space", "provider", "day"), sqlite_with_rowid=False,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("spent")
