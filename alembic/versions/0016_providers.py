"""Providers that are configured in the portal, with what is secret sealed.

Revision 0016.
"""

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _c(name: str, kind: sa.types.TypeEngine, default: str | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=default, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "providers",
        _c("space", sa.SmallInteger()), _c("key", sa.Text()), _c("kind", sa.Text()), _c("channel", sa.Text()), _c("place", sa.Integer()),
        _c("weight", sa.Integer()), _c("used", sa.Boolean(), "1"), _c("fields", sa.Text(), "{}"), _c("secrets", sa.LargeBinary()),
        _c("revision", sa.Integer()), _c("changed", sa.Float(53)), _c("changed_by", sa.Text(), ""), sa.PrimaryKeyConstraint("space", "key"),
        sqlite_with_rowid=False,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("providers")
