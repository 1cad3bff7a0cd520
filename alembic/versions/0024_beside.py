"""An address can be suppressed because its owner said STOP and for another reason beside it.

Revision 0024.
"""

import sqlalchemy as sa

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("suppressions", sa.Column("beside", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("suppressions", "beside")
