"""A record of the embedded log is found by one number, its place, so that it lies whole on its page.

Revision 0025.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OFFSETS, PARTITIONS = 1 << 40, 1 << 10


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("CREATE TABLE log_places (place INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, headers BLOB, at REAL NOT NULL)")
    op.execute(
        f"INSERT INTO log_places SELECT (topic * {PARTITIONS} + partition) * {OFFSETS} + offset, key, value, headers, at "
        "FROM log_records ORDER BY topic, partition, offset"
    )
    op.execute("DROP TABLE log_records")
    op.execute("ALTER TABLE log_places RENAME TO log_records")


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(
        "CREATE TABLE log_offsets (topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, "
        "key BLOB NOT NULL, value BLOB NOT NULL, headers BLOB, at REAL NOT NULL, PRIMARY KEY (topic, partition, offset)) WITHOUT ROWID"
    )
    op.execute(
        f"INSERT INTO log_offsets SELECT place / {PARTITIONS * OFFSETS}, place / {OFFSETS} % {PARTITIONS}, place % {OFFSETS}, key, value, headers, at "
        "FROM log_records ORDER BY place"
    )
    op.execute("DROP TABLE log_records")
    op.execute("ALTER TABLE log_offsets RENAME TO log_records")
