"""What people turn on and off is counted when it is said: the answers to categories there are become tallies of the quarter they were given in.

An answer that says again what stood counts nothing, nor does a first "yes" to a category that is on by itself.

Revision 0023.
"""

import json
from collections import Counter
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

IN, OUT = 70, 71
SOURCES = {"portal": "portal", "portal, on behalf": "staff", "api": "api", "graphql": "api", "api, on behalf": "api", "graphql, on behalf": "api",
           "link": "link", "one_click": "one_click"}  # fmt: skip
ONCE = 1_000  # rows of one statement


def upgrade() -> None:
    conn = op.get_bind()
    quarter = "cast(s.at / 900 as integer)" if conn.dialect.name == "sqlite" else "cast(floor(s.at / 900) as integer)"
    answers = conn.execute(sa.text(f"""
        select s.space, s.category, {quarter} as born, s.given, s.source, coalesce(p.demo, false) as demo, s.was is null as first, count(*) as n, min(s.at) as at
        from (select c.*, lag(c.given) over (partition by c.space, c.person, c.category order by c.at) as was from consents c) s
        left join people p on p.space = s.space and p.person = s.person
        where s.was is null or s.was <> s.given
        group by s.space, s.category, {quarter}, s.given, s.source, coalesce(p.demo, false), s.was is null"""))  # fmt: skip
    kinds = {(row.space, row.key): json.loads(row.body).get("kind", "service") for row in conn.execute(sa.text("select space, key, body from categories"))}
    no_id = bytes(16) if conn.dialect.name == "sqlite" else "0" * 32
    cohorts: dict[tuple[int, int], dict[str, object]] = {}
    born: Counter[tuple[int, int, int, str, int]] = Counter()
    days: Counter[tuple[int, int, int, str, int]] = Counter()
    for row in answers:
        if row.first and row.given and kinds.get((row.space, row.category), "marketing") != "marketing":
            continue
        demo = bool(row.demo)
        cohort = _cohort(row.space, row.category, demo)
        kept = cohorts.setdefault(
            (row.space, cohort), {"space": row.space, "cohort": cohort, "category": row.category, "priority": "", "event": no_id, "created": row.at, "demo": demo}
        )
        kept["created"] = min(kept["created"], row.at)
        kind, way = IN if row.given else OUT, SOURCES.get(row.source, "program")
        for of in (cohort, 0):
            born[row.space, row.born, of, way, kind] += row.n
        days[row.space, row.born // 96, cohort, way, kind] += row.n
    made = sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
    names = ("space", "cohort", "category", "priority", "created", "demo")
    _insert(_table("cohorts", *(sa.column(name) for name in names), sa.column("event", made)), list(cohorts.values()))
    for name, when, counts in (("tallies", "born", born), ("tally_days", "day", days)):
        table = _table(name, *(sa.column(c) for c in ("space", when, "cohort", "channel", "provider", "kind", "n")))
        _insert(table, [{"space": space, when: at, "cohort": cohort, "channel": 0, "provider": way, "kind": kind, "n": n} for (space, at, cohort, way, kind), n in sorted(counts.items())])


def downgrade() -> None:
    for name in ("tallies", "tally_days"):
        op.execute(f"delete from {name} where kind between 70 and 77")
    op.execute("delete from deltas where now between 70 and 77")


def _cohort(space: int, category: str, demo: bool) -> int:
    parts = ["shifts", category, *(["demo"] if demo else [])]
    return int.from_bytes(blake2b(space.to_bytes(2, "big") + "\x1f".join(parts).encode(), digest_size=8).digest(), "big") >> 1


def _table(name: str, *columns: sa.ColumnClause) -> sa.TableClause:
    return sa.table(name, *columns)


def _insert(table: sa.TableClause, rows: list[dict[str, object]]) -> None:
    for n in range(0, len(rows), ONCE):
        op.bulk_insert(table, rows[n : n + ONCE])
