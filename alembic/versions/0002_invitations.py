"""Invitations: links that let somebody make an account, each once.

Revision 0002.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("space", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("id", sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql"), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(53), nullable=False),
        sa.Column("expires", sa.Float(53), nullable=False),
        sa.Column("revoked", sa.Float(53), nullable=True),
        sa.Column("accepted", sa.Float(53), nullable=True),
        sa.Column("login", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("space", "id"),
        sa.UniqueConstraint("token"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("invitations")
