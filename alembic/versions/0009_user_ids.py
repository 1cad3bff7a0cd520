"""User ids in the order of their bytes on PostgreSQL too, so that a search by their beginning walks a range of the index.

Revision 0009, behind 0008. The index on user ids is made again: seconds for millions of people, while writes to them wait.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _collate('"C"')


def downgrade() -> None:
    _collate('"default"')


def _collate(name: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite orders bytes as it is
        op.execute(f"alter table people alter column user_id type text collate {name}")
