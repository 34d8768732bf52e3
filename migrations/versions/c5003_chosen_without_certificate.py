"""Learners who were chosen for a bundle and have no certificate.

Revision ID: c5003
Revises: c6031
"""

import sqlalchemy as sa
from alembic import op

revision = "c5003"
down_revision = "c6031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("certify_bundle_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("learner_ref", sa.String(length=100), nullable=True))
        batch_op.alter_column("award_id", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM certify_bundle_item WHERE award_id IS NULL")
    with op.batch_alter_table("certify_bundle_item", schema=None) as batch_op:
        batch_op.alter_column("award_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.drop_column("learner_ref")
