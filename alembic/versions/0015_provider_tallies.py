"""Tallies of all cohorts together name who answered: what became of one provider's messages over time is read without walking every cohort.

Revision 0015.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ANSWERED = 60  # kinds from here on are counted by provider


def upgrade() -> None:
    op.execute(f"delete from tallies where cohort = 0 and kind >= {ANSWERED}")
    op.execute(
        f"""insert into tallies (space, born, cohort, channel, provider, kind, n) select space, born, 0, channel, provider, kind, sum(n)
        from tallies where cohort <> 0 and kind >= {ANSWERED} group by space, born, channel, provider, kind"""
    )


def downgrade() -> None:
    op.execute(f"delete from tallies where cohort = 0 and kind >= {ANSWERED}")
    op.execute(
        f"""insert into tallies (space, born, cohort, channel, provider, kind, n) select space, born, 0, channel, '', kind, sum(n)
        from tallies where cohort <> 0 and kind >= {ANSWERED} group by space, born, channel, kind"""
    )
