"""Captures are found by channel and time; a dead letter may be dropped by a person."""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("captures_by_channel", "captures", ["space", "channel", "at"])
    op.add_column("dead", sa.Column("dropped", sa.Float(53), nullable=True))


def downgrade() -> None:
    op.drop_column("dead", "dropped")
    op.drop_index("captures_by_channel", "captures")
