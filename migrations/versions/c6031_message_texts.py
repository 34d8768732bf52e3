"""What tenants say themselves in messages.

Revision ID: c6031
Revises: c4001
"""

import sqlalchemy as sa
from alembic import op

revision = "c6031"
down_revision = "c4001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certify_message_text",
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("sender", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=150), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sms", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant_ref", "event", "language", name=op.f("pk_certify_message_text")),
    )


def downgrade() -> None:
    op.drop_table("certify_message_text")
