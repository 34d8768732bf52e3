"""How often a thing of the failure log has failed, and when last.

Revision ID: c6034
Revises: c3007
"""

import sqlalchemy as sa
from alembic import op

revision = "c6034"
down_revision = "c3007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("certify_failure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("last_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("certify_failure", schema=None) as batch_op:
        batch_op.drop_column("last_at")
        batch_op.drop_column("attempts")
