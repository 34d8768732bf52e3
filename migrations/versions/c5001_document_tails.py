"""A document is a prefix that many share and a tail of its own.

Revision ID: c5001
Revises: c0001
"""

import sqlalchemy as sa
from alembic import op

revision = "c5001"
down_revision = "c3002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("certify_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("prefix_sha", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("tail", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    # Documents in two parts are unknown to the release before; it prints them again when they are wanted.
    op.execute(sa.text("DELETE FROM certify_document WHERE prefix_sha IS NOT NULL"))
    with op.batch_alter_table("certify_document", schema=None) as batch_op:
        batch_op.drop_column("tail")
        batch_op.drop_column("prefix_sha")
