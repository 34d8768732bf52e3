"""Learners ask for another name on a certificate.

Revision ID: c3007
Revises: c3006
"""

import sqlalchemy as sa
from alembic import op

revision = "c3007"
down_revision = "c3006"
branch_labels = None
depends_on = None

PENDING = sa.text("state IN ('open', 'confirmed')")
TABLE = "certify_name_correction"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("learner_ref", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("new_award_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["certify_award.id"], name=op.f(f"fk_{TABLE}_award_id_certify_award")),
        sa.ForeignKeyConstraint(
            ["new_award_id"], ["certify_award.id"], name=op.f(f"fk_{TABLE}_new_award_id_certify_award")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name=op.f(f"fk_{TABLE}_run_id_certify_run")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    with op.batch_alter_table(TABLE, schema=None) as batch_op:
        batch_op.create_index(
            f"uq_{TABLE}_pending", ["award_id"], unique=True, sqlite_where=PENDING, postgresql_where=PENDING
        )
        batch_op.create_index(batch_op.f(f"ix_{TABLE}_run_id_state"), ["run_id", "state"], unique=False)
        batch_op.create_index(batch_op.f(f"ix_{TABLE}_learner_ref"), ["learner_ref"], unique=False)


def downgrade() -> None:
    op.drop_table(TABLE)
