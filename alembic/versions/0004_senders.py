"""Senders: who messages of a space come from; and with which browser a session was begun."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, flag = sa.Text(), sa.Boolean()
    op.create_table(
        "senders",
        sa.Column("space", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("key", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("address", text, nullable=False),
        sa.Column("reply_to", text, nullable=False, server_default=""),
        sa.Column("postal", text, nullable=False, server_default=""),
        sa.Column("categories", text, nullable=False, server_default="[]"),
        sa.Column("chosen", flag, nullable=False, server_default="0"),
        sa.Column("revision", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("changed", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("space", "key"),
        sqlite_with_rowid=False,
    )
    op.add_column("sessions", sa.Column("agent", text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("sessions", "agent")
    op.drop_table("senders")
