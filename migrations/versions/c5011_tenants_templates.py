"""Templates of tenants: in which language, who signs, and what is different in a version.

Revision ID: c5011
Revises: c5003
"""

import sqlalchemy as sa
from alembic import op

revision = "c5011"
down_revision = "c5003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("certify_template", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("signatories", sa.JSON(), nullable=True))
    with op.batch_alter_table("certify_template_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("note", sa.String(length=500), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("certify_template_version", schema=None) as batch_op:
        batch_op.drop_column("note")
    with op.batch_alter_table("certify_template", schema=None) as batch_op:
        batch_op.drop_column("signatories")
        batch_op.drop_column("language")
