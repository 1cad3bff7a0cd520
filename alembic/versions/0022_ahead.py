"""Waves of people who are told by their own clocks know how far these are ahead of UTC's.

Revision 0022.
"""

import sqlalchemy as sa

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("waves", sa.Column("ahead", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("waves", "ahead")
