"""Attachments of courses, and what became of each; nights; whether the last decision said yes.

Revision ID: c3001
Revises: c0001
"""

import sqlalchemy as sa
from alembic import op

revision = "c3001"
down_revision = "c0001"
branch_labels = None
depends_on = None

IN_USE = sa.text("detached_at IS NULL")
IN_USE_BY_A_COURSE = sa.text("detached_at IS NULL AND run_id IS NULL")


def upgrade() -> None:
    op.drop_index("uq_certify_attachment_run_id_position", "certify_attachment")
    with op.batch_alter_table("certify_attachment") as batch:
        batch.alter_column("run_id", existing_type=sa.Uuid(), nullable=True)
        batch.add_column(sa.Column("tenant_ref", sa.String(100), nullable=True))
        batch.add_column(sa.Column("course_ref", sa.String(200), nullable=True))
        # What was issued until now carried the score.
        batch.add_column(sa.Column("facts", sa.JSON(), nullable=False, server_default='["score"]'))
        batch.add_column(sa.Column("confirmed", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("replaces_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("reason", sa.String(500), nullable=True))
        batch.add_column(sa.Column("detached_by", sa.String(100), nullable=True))
        batch.add_column(sa.Column("detached_reason", sa.String(500), nullable=True))
        batch.create_foreign_key(
            "fk_certify_attachment_replaces_id_certify_attachment", "certify_attachment", ["replaces_id"], ["id"]
        )
    with op.batch_alter_table("certify_attachment") as batch:
        batch.alter_column("facts", existing_type=sa.JSON(), existing_nullable=False, server_default=None)
        batch.alter_column("confirmed", existing_type=sa.JSON(), existing_nullable=False, server_default=None)
    _index_attachments()
    op.create_index(
        "uq_certify_attachment_course_position",
        "certify_attachment",
        ["tenant_ref", "course_ref", "position"],
        unique=True,
        sqlite_where=IN_USE_BY_A_COURSE,
        postgresql_where=IN_USE_BY_A_COURSE,
    )
    op.add_column("certify_record", sa.Column("eligible", sa.Boolean(), nullable=True))
    op.create_table(
        "certify_refresh",
        sa.Column("work_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name="fk_certify_refresh_run_id_certify_run"),
        sa.ForeignKeyConstraint(["work_id"], ["certify_work.id"], name="fk_certify_refresh_work_id_certify_work"),
        sa.PrimaryKeyConstraint("work_id", "position", name="pk_certify_refresh"),
    )
    op.create_index("ix_certify_refresh_run_id", "certify_refresh", ["run_id"])
    op.create_table(
        "certify_night",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.String(20), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("started_by", sa.String(100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("work_id", sa.Uuid(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["work_id"], ["certify_work.id"], name="fk_certify_night_work_id_certify_work"),
        sa.PrimaryKeyConstraint("id", name="pk_certify_night"),
        sa.UniqueConstraint("job", "date", name="uq_certify_night_job_date"),
    )
    op.create_table(
        "certify_night_run",
        sa.Column("night_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=True),
        sa.Column("due", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(60), nullable=True),
        sa.ForeignKeyConstraint(["night_id"], ["certify_night.id"], name="fk_certify_night_run_night_id_certify_night"),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name="fk_certify_night_run_run_id_certify_run"),
        sa.PrimaryKeyConstraint("night_id", "position", name="pk_certify_night_run"),
    )
    with op.batch_alter_table("certify_issue_batch") as batch:
        batch.add_column(sa.Column("night_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key("fk_certify_issue_batch_night_id_certify_night", "certify_night", ["night_id"], ["id"])
        batch.create_index("ix_certify_issue_batch_night_id", ["night_id"])


def downgrade() -> None:
    with op.batch_alter_table("certify_issue_batch") as batch:
        batch.drop_index("ix_certify_issue_batch_night_id")
        batch.drop_constraint("fk_certify_issue_batch_night_id_certify_night", type_="foreignkey")
        batch.drop_column("night_id")
    op.drop_table("certify_night_run")
    op.drop_table("certify_night")
    op.drop_table("certify_refresh")
    op.drop_column("certify_record", "eligible")
    op.drop_index("uq_certify_attachment_course_position", "certify_attachment")
    op.drop_index("uq_certify_attachment_run_id_position", "certify_attachment")
    _give_courses_to_runs()
    with op.batch_alter_table("certify_attachment") as batch:
        batch.drop_constraint("fk_certify_attachment_replaces_id_certify_attachment", type_="foreignkey")
        for name in (
            "tenant_ref",
            "course_ref",
            "facts",
            "confirmed",
            "replaces_id",
            "reason",
            "detached_by",
            "detached_reason",
        ):
            batch.drop_column(name)
        batch.alter_column("run_id", existing_type=sa.Uuid(), nullable=False)
    _index_attachments()


def _index_attachments() -> None:
    op.create_index(
        "uq_certify_attachment_run_id_position",
        "certify_attachment",
        ["run_id", "position"],
        unique=True,
        sqlite_where=IN_USE,
        postgresql_where=IN_USE,
    )


def _give_courses_to_runs() -> None:
    """Certificates refer to the attachments of courses, so these stay: detached, at a run they were issued in."""
    op.execute(
        "UPDATE certify_attachment SET detached_at = coalesce(detached_at, attached_at), "
        "run_id = (SELECT certify_award.run_id FROM certify_award "
        "WHERE certify_award.attachment_id = certify_attachment.id LIMIT 1) WHERE run_id IS NULL"
    )
    op.execute("UPDATE certify_attachment SET replaces_id = NULL")
    op.execute("DELETE FROM certify_attachment WHERE run_id IS NULL")
