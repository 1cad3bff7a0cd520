"""The template studio: who changed a draft, notes and sources of versions, overtaken drafts, layouts and partials, images.

Revision 0007, after 0006.
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def text(name: str, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def whole(name: str, kind: type[sa.types.TypeEngine] = sa.Integer) -> sa.Column:
    return sa.Column(name, kind(), nullable=False, autoincrement=False)


def time(name: str) -> sa.Column:
    return sa.Column(name, sa.Float(53), nullable=False)


def upgrade() -> None:
    op.add_column("templates", text("changed_by", ""))
    op.add_column("template_versions", text("note", ""))
    op.add_column("template_versions", text("source", ""))
    op.create_table(
        "template_drafts",
        whole("space", sa.SmallInteger), text("key"), text("author"), whole("base"), text("draft"), time("at"),
        sa.PrimaryKeyConstraint("space", "key", "author"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "template_parts",
        whole("space", sa.SmallInteger), text("kind"), text("key"), text("source"), whole("revision"), time("changed"),
        text("changed_by", ""), sa.PrimaryKeyConstraint("space", "kind", "key"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "images",
        whole("space", sa.SmallInteger), text("name"), text("label", ""), text("type"), whole("size"), whole("width"), whole("height"),
        text("added_by", ""), time("at"), sa.PrimaryKeyConstraint("space", "name"), sqlite_with_rowid=False,
    )  # fmt: skip


def downgrade() -> None:
    for table in ("images", "template_parts", "template_drafts"):
        op.drop_table(table)
    op.drop_column("template_versions", "source")
    op.drop_column("template_versions", "note")
    op.drop_column("templates", "changed_by")
