"""How many SMS a preview would lead to.

Revision ID: c6041
Revises: c3007
"""

import sqlalchemy as sa
from alembic import op

revision = "c6041"
down_revision = "c3007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("certify_issue_batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sms_texts", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("certify_issue_batch", schema=None) as batch_op:
        batch_op.drop_column("sms_texts")
