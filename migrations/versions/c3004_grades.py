"""The grade and mode of the last evaluation, which a withdrawal replaces.

Revision ID: c3004
Revises: c3003
"""

import sqlalchemy as sa
from alembic import op

revision = "c3004"
down_revision = "c3003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("certify_award", sa.Column("grade", sa.String(12), nullable=True))
    op.add_column("certify_record", sa.Column("grade", sa.String(12), nullable=True))
    op.add_column("certify_record", sa.Column("mode", sa.String(40), nullable=True))
    op.execute(
        "UPDATE certify_record SET mode = (SELECT mode FROM certify_award WHERE certify_award.id = award_id)"
        " WHERE award_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("certify_record", "mode")
    op.drop_column("certify_record", "grade")
    op.drop_column("certify_award", "grade")
