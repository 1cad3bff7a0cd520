"""Ordered categories: which deliveries later ones to the same person wait behind.

Revision 0014.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _c(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def upgrade() -> None:
    made = sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
    op.create_table(
        "ahead",
        _c("space", sa.SmallInteger()), _c("person", sa.BigInteger()), _c("kind", sa.Text()), _c("accepted", sa.Float(53)), _c("delivery", made),
        _c("until", sa.Float(53)), sa.PrimaryKeyConstraint("space", "person", "kind", "accepted", "delivery"), sqlite_with_rowid=False,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("ahead")
