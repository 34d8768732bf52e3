"""How often something was tried that failed in the same way each time.

Revision ID: c3008
Revises: c3007
"""

import sqlalchemy as sa
from alembic import op

revision = "c3008"
down_revision = "c3007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("certify_failure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attempts", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("certify_failure", schema=None) as batch_op:
        batch_op.drop_column("attempts")
