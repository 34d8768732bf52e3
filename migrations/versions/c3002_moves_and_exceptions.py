"""Every move of an award, exceptions of learners, one successor at a time, and what was earned again.

Revision ID: c3002
Revises: c3001
"""

import sqlalchemy as sa
from alembic import op

revision = "c3002"
down_revision = "c3001"
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('issued', 'withdrawn') OR (state = 'granted' AND replaces_id IS NULL)")
SUCCEEDS = sa.text("replaces_id IS NOT NULL AND state <> 'revoked'")
NOT_BOTH = sa.text("ended_at IS NULL AND kind <> 'date'")
ONE_DATE = sa.text("ended_at IS NULL AND kind = 'date'")
FOLLOWS = "fk_certify_award_follows_id_certify_award"


def upgrade() -> None:
    op.drop_index("uq_certify_award_live", "certify_award")
    with op.batch_alter_table("certify_award") as batch:
        batch.add_column(sa.Column("follows_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(FOLLOWS, "certify_award", ["follows_id"], ["id"])
    _index_live_awards()
    op.create_index(
        "uq_certify_award_successor",
        "certify_award",
        ["replaces_id"],
        unique=True,
        sqlite_where=SUCCEEDS,
        postgresql_where=SUCCEEDS,
    )
    op.create_table(
        "certify_award_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_ref", sa.String(100), nullable=False),
        sa.Column("move", sa.String(10), nullable=False),
        sa.Column("from_state", sa.String(9), nullable=False),
        sa.Column("to_state", sa.String(9), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("by_person", sa.Boolean(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name="fk_certify_award_move_award_id_certify_award"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_certify_award_move"),
    )
    op.create_index("ix_certify_award_move_award_id_at", "certify_award_move", ["award_id", "at"])
    op.create_table(
        "certify_exception",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("learner_ref", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("shown_on", sa.Date(), nullable=True),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(100), nullable=True),
        sa.Column("ended_cause", sa.String(40), nullable=True),
        sa.Column("ended_note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name="fk_certify_exception_run_id_certify_run"),
        sa.PrimaryKeyConstraint("id", name="pk_certify_exception"),
    )
    op.create_index("ix_certify_exception_learner_ref", "certify_exception", ["learner_ref"])
    for name, where in (("not_both", NOT_BOTH), ("one_date", ONE_DATE)):
        op.create_index(
            f"uq_certify_exception_{name}",
            "certify_exception",
            ["run_id", "learner_ref"],
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )


def downgrade() -> None:
    op.drop_table("certify_exception")
    op.drop_table("certify_award_move")
    op.drop_index("uq_certify_award_successor", "certify_award")
    op.drop_index("uq_certify_award_live", "certify_award")
    with op.batch_alter_table("certify_award") as batch:
        batch.drop_constraint(FOLLOWS, type_="foreignkey")
        batch.drop_column("follows_id")
    _index_live_awards()


def _index_live_awards() -> None:
    op.create_index(
        "uq_certify_award_live",
        "certify_award",
        ["tenant_ref", "run_ref", "learner_ref"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
