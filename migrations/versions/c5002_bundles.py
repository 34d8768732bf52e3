"""ZIP bundles of certificates.

Revision ID: c5002
Revises: c5001
"""

import sqlalchemy as sa
from alembic import op

revision = "c5002"
down_revision = "c5001"
branch_labels = None
depends_on = None

UNDER_WAY = sa.text("state = 'running'")


def upgrade() -> None:
    op.create_table(
        "certify_bundle",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_by", sa.String(length=100), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("work_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.String(length=200), nullable=False),
        sa.Column("part_bytes", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name=op.f("fk_certify_bundle_run_id_certify_run")),
        sa.ForeignKeyConstraint(["work_id"], ["certify_work.id"], name=op.f("fk_certify_bundle_work_id_certify_work")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_bundle")),
    )
    with op.batch_alter_table("certify_bundle", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_bundle_opened_at"), ["opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_certify_bundle_work_id"), ["work_id"], unique=False)
        batch_op.create_index(
            "uq_certify_bundle_under_way",
            ["run_id"],
            unique=True,
            sqlite_where=UNDER_WAY,
            postgresql_where=UNDER_WAY,
        )
    op.create_table(
        "certify_bundle_item",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["certify_bundle.id"], name=op.f("fk_certify_bundle_item_bundle_id_certify_bundle")
        ),
        sa.PrimaryKeyConstraint("bundle_id", "position", name=op.f("pk_certify_bundle_item")),
    )
    with op.batch_alter_table("certify_bundle_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_certify_bundle_item_bundle_id_result"), ["bundle_id", "result"], unique=False
        )
    op.create_table(
        "certify_bundle_part",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["certify_bundle.id"], name=op.f("fk_certify_bundle_part_bundle_id_certify_bundle")
        ),
        sa.PrimaryKeyConstraint("bundle_id", "first", name=op.f("pk_certify_bundle_part")),
    )


def downgrade() -> None:
    op.drop_table("certify_bundle_part")
    op.drop_table("certify_bundle_item")
    op.drop_table("certify_bundle")
