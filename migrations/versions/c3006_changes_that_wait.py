"""What the host said of a learner, or of the course, waits until the host can be asked.

Revision ID: c3006
Revises: c3005
"""

import sqlalchemy as sa
from alembic import op

revision = "c3006"
down_revision = "c3005"
branch_labels = None
depends_on = None

TABLE = "certify_refresh"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("learner_ref", sa.String(100), nullable=True))
    op.add_column(TABLE, sa.Column("what", sa.String(20), nullable=True))
    op.add_column(TABLE, sa.Column("changed_by", sa.String(100), nullable=True))
    op.add_column(TABLE, sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("changed_at", "changed_by", "what", "learner_ref"):
        op.drop_column(TABLE, name)
