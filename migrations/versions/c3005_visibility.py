"""When certificates of a run are seen, and what their learners are told of then.

Revision ID: c3005
Revises: c6033
"""

import sqlalchemy as sa
from alembic import op

revision = "c3005"
down_revision = "c6033"
branch_labels = None
depends_on = None

HELD_BACK = sa.text("held_back IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("certify_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pacing", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("display", sa.String(length=14), nullable=True))
        batch_op.add_column(sa.Column("available_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("zone", sa.String(length=60), nullable=True))
    with op.batch_alter_table("certify_award", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held_back", sa.String(length=10), nullable=True))
        batch_op.create_index(
            "ix_certify_award_held_back", ["run_id"], unique=False, sqlite_where=HELD_BACK, postgresql_where=HELD_BACK
        )


def downgrade() -> None:
    with op.batch_alter_table("certify_award", schema=None) as batch_op:
        batch_op.drop_index("ix_certify_award_held_back", sqlite_where=HELD_BACK, postgresql_where=HELD_BACK)
        batch_op.drop_column("held_back")
    with op.batch_alter_table("certify_run", schema=None) as batch_op:
        for name in ("zone", "ends_at", "available_on", "display", "pacing"):
            batch_op.drop_column(name)
