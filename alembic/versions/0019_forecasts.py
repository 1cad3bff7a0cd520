"""A forecast is walked by one process at a time.

Revision 0019.
"""

import sqlalchemy as sa

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("forecasts", sa.Column("claimed", sa.Float(53), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("forecasts", "claimed")
