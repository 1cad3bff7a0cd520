"""The demo's people are counted in cohorts of their own, so that they can leave without a trace.

Revision 0010.
"""

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cohorts", sa.Column("demo", sa.Boolean(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("cohorts", "demo")
