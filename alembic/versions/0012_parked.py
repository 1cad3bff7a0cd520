"""What waits for a halt to end is found by the halt: an index over such due rows alone.

Revision 0012.
"""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PARKED = sa.text("substr(kind, 1, 7) = 'parked:'")


def upgrade() -> None:
    op.create_index("due_parked", "due", ["space", "kind", "id"], sqlite_where=PARKED, postgresql_where=PARKED)


def downgrade() -> None:
    op.drop_index("due_parked", "due")
