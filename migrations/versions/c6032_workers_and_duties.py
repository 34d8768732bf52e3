"""Who works, and what is done by the clock.

Revision ID: c6032
Revises: c5011
"""

import sqlalchemy as sa
from alembic import op

revision = "c6032"
down_revision = "c5011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certify_worker",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("machine", sa.String(length=100), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("lanes", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("is_stopping", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_worker")),
    )
    op.create_table(
        "certify_duty",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_certify_duty")),
    )


def downgrade() -> None:
    op.drop_table("certify_duty")
    op.drop_table("certify_worker")
