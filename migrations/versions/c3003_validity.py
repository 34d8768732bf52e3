"""How long what was earned holds: terms of attachments, and the last second of each award.

Revision ID: c3003
Revises: c6032
"""

import sqlalchemy as sa
from alembic import op

revision = "c3003"
down_revision = "c6032"
branch_labels = None
depends_on = None

HAS_END = sa.text("valid_until IS NOT NULL")


def upgrade() -> None:
    op.add_column("certify_attachment", sa.Column("validity", sa.JSON(), nullable=True))
    op.add_column("certify_award", sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_certify_award_valid_until",
        "certify_award",
        ["valid_until"],
        sqlite_where=HAS_END,
        postgresql_where=HAS_END,
    )


def downgrade() -> None:
    op.drop_index("ix_certify_award_valid_until", "certify_award")
    op.drop_column("certify_award", "valid_until")
    op.drop_column("certify_attachment", "validity")
