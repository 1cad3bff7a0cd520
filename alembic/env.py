"""How alembic meets the database: through `backend.store.migrate`, or by its own command with CARILLON_DATABASE_URL set."""

import os
from typing import Any

from sqlalchemy import Connection

from alembic import context
from backend.store import dialect
from backend.store.tables import PARTITIONED, meta


def ours(name: str | None, kind: str, parents: Any) -> bool:
    """Day partitions and the embedded log's own tables are not in the metadata, and are no difference."""
    table = name if kind == "table" else parents.get("table_name")
    return not table or not table.startswith((*(p + "_" for p in PARTITIONED), "log_"))


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=meta, include_name=ours, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = os.environ["CARILLON_DATABASE_URL"]
    sqlite = dialect.dialect_of(url) == "sqlite"
    engine = dialect.sqlite_engine(dialect.sqlite_path(url)) if sqlite else dialect.postgres_engine(url, size=1)
    with engine.connect() as conn, conn.begin():
        run(conn)
    engine.dispose()
