"""What rules look at of a person says where there is an address; people without a summary get theirs when it is filled in.

Revision 0021.
"""

import sqlalchemy as sa

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("summaries", sa.Column("reach", sa.Integer(), nullable=False, server_default="0"))
    bits = "case channel when 1 then 2 when 2 then 4 when 3 then 8 when 4 then 16 else 0 end"
    had = "from addresses a where a.space = summaries.space and a.person = summaries.person"
    op.execute(f"update summaries set reach = (select coalesce(sum(distinct {bits}), 0) {had})")


def downgrade() -> None:
    op.drop_column("summaries", "reach")
