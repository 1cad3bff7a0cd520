"""Waves count how many people were released.

Revision 0020.
"""

import sqlalchemy as sa

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("waves", sa.Column("released", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("waves", "released")
