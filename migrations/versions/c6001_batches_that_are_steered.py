"""Batches that are previewed, paused and stopped, of several kinds; turns of tenants.

Revision ID: c6001
Revises: c3004
"""

import sqlalchemy as sa
from alembic import op

revision = "c6001"
down_revision = "c3004"
branch_labels = None
depends_on = None

BEFORE = sa.text("state IN ('planning', 'running')")
UNDER_WAY = sa.text("state IN ('planning', 'running', 'paused', 'stopping')")
INDEX, TABLE = "uq_certify_issue_batch_under_way", "certify_issue_batch"


def of_work() -> list[sa.Column]:
    return [
        sa.Column("tenant_ref", sa.String(length=100), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
    ]


def of_batch() -> list[sa.Column]:
    return [
        sa.Column("kind", sa.String(length=8), server_default="issue", nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("retry_of", sa.Uuid(), nullable=True),
        sa.Column("unknown_lines", sa.JSON(), nullable=True),
        sa.Column("going_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_before", sa.Integer(), server_default="0", nullable=False),
    ]


def of_item() -> list[sa.Column]:
    return [
        sa.Column("foreseen", sa.String(length=10), nullable=True),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.Column("bound_award_id", sa.Uuid(), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "certify_turn",
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("served_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_ref", "kind", name=op.f("pk_certify_turn")),
    )
    for table, columns in (("certify_work", of_work()), (TABLE, of_batch()), ("certify_issue_item", of_item())):
        for column in columns:
            op.add_column(table, column)
    op.drop_index(INDEX, table_name=TABLE)
    op.create_index(INDEX, TABLE, ["run_id", "kind"], unique=True, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY)


def downgrade() -> None:
    """What was only previewed is gone; what was paused goes on, and re-issues and revocations under way have ended."""
    previews = "SELECT id FROM certify_issue_batch WHERE state = 'preview'"
    op.execute(f"DELETE FROM certify_issue_item WHERE batch_id IN ({previews})")
    op.execute("DELETE FROM certify_issue_batch WHERE state = 'preview'")
    op.execute("UPDATE certify_issue_batch SET state = 'finished' WHERE kind <> 'issue'")
    op.execute("UPDATE certify_issue_batch SET state = 'running' WHERE state IN ('paused', 'stopping')")
    op.drop_index(INDEX, table_name=TABLE)
    op.create_index(INDEX, TABLE, ["run_id"], unique=True, sqlite_where=BEFORE, postgresql_where=BEFORE)
    for table, columns in (("certify_issue_item", of_item()), (TABLE, of_batch()), ("certify_work", of_work())):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column.name)
    op.drop_table("certify_turn")
