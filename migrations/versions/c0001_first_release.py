"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "c0001"
down_revision = None
branch_labels = ("certify",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certify_audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_ref", sa.String(length=100), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=140), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_audit")),
        sa.UniqueConstraint("tenant_ref", "number", name=op.f("uq_certify_audit_tenant_ref_number")),
    )
    with op.batch_alter_table("certify_audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_audit_subject_at"), ["subject", "at"], unique=False)

    op.create_table(
        "certify_audit_chain",
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_ref", name=op.f("pk_certify_audit_chain")),
    )
    op.create_table(
        "certify_blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_certify_blob")),
    )
    op.create_table(
        "certify_issuer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("base", sa.String(length=300), nullable=False),
        sa.Column("did", sa.String(length=400), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_issuer")),
        sa.UniqueConstraint("did", name=op.f("uq_certify_issuer_did")),
        sa.UniqueConstraint("slug", name=op.f("uq_certify_issuer_slug")),
        sa.UniqueConstraint("tenant_ref", name=op.f("uq_certify_issuer_tenant_ref")),
    )
    op.create_table(
        "certify_plate",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("blob_sha", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_certify_plate")),
    )
    op.create_table(
        "certify_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_ref", sa.String(length=200), nullable=False),
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("course_ref", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_run")),
        sa.UniqueConstraint("run_ref", name=op.f("uq_certify_run_run_ref")),
    )
    with op.batch_alter_table("certify_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_run_tenant_ref"), ["tenant_ref"], unique=False)

    op.create_table(
        "certify_telemetry",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "event", "kind", name=op.f("pk_certify_telemetry")),
    )
    op.create_table(
        "certify_work",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("open_chunks", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_work")),
    )
    op.create_table(
        "certify_achievement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(length=2000), nullable=False),
        sa.Column("criteria", sa.String(length=2000), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_achievement_issuer_id_certify_issuer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_achievement")),
        sa.UniqueConstraint("issuer_id", "key", name=op.f("uq_certify_achievement_issuer_id_key")),
    )
    op.create_table(
        "certify_chunk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("work_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("hinted_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["work_id"], ["certify_work.id"], name=op.f("fk_certify_chunk_work_id_certify_work")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_chunk")),
    )
    with op.batch_alter_table("certify_chunk", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_chunk_state_lease_until"), ["state", "lease_until"], unique=False)
        batch_op.create_index(batch_op.f("ix_certify_chunk_work_id_state"), ["work_id", "state"], unique=False)

    op.create_table(
        "certify_failure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("learner_ref", sa.String(length=100), nullable=True),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name=op.f("fk_certify_failure_run_id_certify_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_failure")),
    )
    with op.batch_alter_table("certify_failure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_failure_run_id_at"), ["run_id", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_certify_failure_run_id_learner_ref"), ["run_id", "learner_ref"], unique=False
        )

    op.create_table(
        "certify_issue_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_by", sa.String(length=100), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("work_id", sa.Uuid(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("trouble", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name=op.f("fk_certify_issue_batch_run_id_certify_run")),
        sa.ForeignKeyConstraint(
            ["work_id"], ["certify_work.id"], name=op.f("fk_certify_issue_batch_work_id_certify_work")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_issue_batch")),
    )
    with op.batch_alter_table("certify_issue_batch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_certify_issue_batch_run_id_opened_at"), ["run_id", "opened_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_certify_issue_batch_work_id"), ["work_id"], unique=False)
        batch_op.create_index(
            "uq_certify_issue_batch_under_way",
            ["run_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('planning', 'running')"),
            postgresql_where=sa.text("state IN ('planning', 'running')"),
        )

    op.create_table(
        "certify_issuer_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("multikey", sa.String(length=60), nullable=False),
        sa.Column("sealed", sa.LargeBinary(length=61), nullable=False),
        sa.Column("state", sa.String(length=11), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_issuer_key_issuer_id_certify_issuer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_issuer_key")),
        sa.UniqueConstraint("multikey", name=op.f("uq_certify_issuer_key_multikey")),
    )
    with op.batch_alter_table("certify_issuer_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_issuer_key_issuer_id"), ["issuer_id"], unique=False)
        batch_op.create_index(
            "uq_certify_issuer_key_active",
            ["issuer_id"],
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        )

    op.create_table(
        "certify_signatory",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("designation", sa.String(length=200), nullable=False),
        sa.Column("image_sha", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_signatory_issuer_id_certify_issuer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_signatory")),
    )
    op.create_table(
        "certify_status_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("published", sa.Text(), nullable=True),
        sa.Column("published_changes", sa.Integer(), nullable=True),
        sa.Column("etag", sa.String(length=64), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_status_list_issuer_id_certify_issuer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_status_list")),
        sa.UniqueConstraint("issuer_id", "number", name=op.f("uq_certify_status_list_issuer_id_number")),
    )
    op.create_table(
        "certify_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_template_issuer_id_certify_issuer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_template")),
        sa.UniqueConstraint("issuer_id", "key", name=op.f("uq_certify_template_issuer_id_key")),
    )
    op.create_table(
        "certify_attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("audience", sa.String(length=8), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attached_by", sa.String(length=100), nullable=False),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["achievement_id"],
            ["certify_achievement.id"],
            name=op.f("fk_certify_attachment_achievement_id_certify_achievement"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name=op.f("fk_certify_attachment_run_id_certify_run")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["certify_template.id"], name=op.f("fk_certify_attachment_template_id_certify_template")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_attachment")),
    )
    with op.batch_alter_table("certify_attachment", schema=None) as batch_op:
        batch_op.create_index(
            "uq_certify_attachment_run_id_position",
            ["run_id", "position"],
            unique=True,
            sqlite_where=sa.text("detached_at IS NULL"),
            postgresql_where=sa.text("detached_at IS NULL"),
        )

    op.create_table(
        "certify_issue_item",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("learner_ref", sa.String(length=100), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("achievement_key", sa.String(length=40), nullable=True),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["certify_issue_batch.id"], name=op.f("fk_certify_issue_item_batch_id_certify_issue_batch")
        ),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_certify_issue_item")),
    )
    with op.batch_alter_table("certify_issue_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_certify_issue_item_batch_id_result_reason"), ["batch_id", "result", "reason"], unique=False
        )

    op.create_table(
        "certify_template_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("html_sha", sa.String(length=64), nullable=False),
        sa.Column("assets", sa.JSON(), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["certify_template.id"],
            name=op.f("fk_certify_template_version_template_id_certify_template"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_template_version")),
        sa.UniqueConstraint(
            "template_id", "language", "number", name=op.f("uq_certify_template_version_template_id_language_number")
        ),
    )
    op.create_table(
        "certify_award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("run_ref", sa.String(length=200), nullable=False),
        sa.Column("learner_ref", sa.String(length=100), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("template_version_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.String(length=40), nullable=True),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["achievement_id"],
            ["certify_achievement.id"],
            name=op.f("fk_certify_award_achievement_id_certify_achievement"),
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["certify_attachment.id"], name=op.f("fk_certify_award_attachment_id_certify_attachment")
        ),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_award_issuer_id_certify_issuer")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["certify_award.id"], name=op.f("fk_certify_award_replaces_id_certify_award")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name=op.f("fk_certify_award_run_id_certify_run")),
        sa.ForeignKeyConstraint(
            ["template_version_id"],
            ["certify_template_version.id"],
            name=op.f("fk_certify_award_template_version_id_certify_template_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_award")),
        sa.UniqueConstraint("code", name=op.f("uq_certify_award_code")),
    )
    with op.batch_alter_table("certify_award", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_award_learner_ref_state"), ["learner_ref", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_certify_award_run_id_state"), ["run_id", "state"], unique=False)
        batch_op.create_index(
            "uq_certify_award_live",
            ["tenant_ref", "run_ref", "learner_ref"],
            unique=True,
            sqlite_where=sa.text("state IN ('issued', 'withdrawn') OR (state = 'granted' AND replaces_id IS NULL)"),
            postgresql_where=sa.text("state IN ('issued', 'withdrawn') OR (state = 'granted' AND replaces_id IS NULL)"),
        )

    op.create_table(
        "certify_credential",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.String(length=45), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("status_list_id", sa.Uuid(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=480), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name=op.f("fk_certify_credential_award_id_certify_award")
        ),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_credential_issuer_id_certify_issuer")
        ),
        sa.ForeignKeyConstraint(
            ["status_list_id"],
            ["certify_status_list.id"],
            name=op.f("fk_certify_credential_status_list_id_certify_status_list"),
        ),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_certify_credential")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_certify_credential_credential_id")),
        sa.UniqueConstraint(
            "status_list_id", "status_index", name=op.f("uq_certify_credential_status_list_id_status_index")
        ),
    )
    op.create_table(
        "certify_document",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("template_version_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name=op.f("fk_certify_document_award_id_certify_award")
        ),
        sa.ForeignKeyConstraint(
            ["template_version_id"],
            ["certify_template_version.id"],
            name=op.f("fk_certify_document_template_version_id_certify_template_version"),
        ),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_certify_document")),
    )
    with op.batch_alter_table("certify_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_document_sha256"), ["sha256"], unique=False)

    op.create_table(
        "certify_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("locale", sa.String(length=35), nullable=True),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(length=100), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("work_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name=op.f("fk_certify_message_award_id_certify_award")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_message")),
        sa.UniqueConstraint(
            "award_id",
            "event",
            "recipient",
            "channel",
            name=op.f("uq_certify_message_award_id_event_recipient_channel"),
        ),
    )
    with op.batch_alter_table("certify_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_message_work_id_position"), ["work_id", "position"], unique=False)

    op.create_table(
        "certify_record",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("learner_ref", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=True),
        sa.Column("label", sa.String(length=12), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=True),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("completed_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("display_name", sa.String(length=300), nullable=True),
        sa.Column("external_id", sa.String(length=100), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name=op.f("fk_certify_record_award_id_certify_award")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["certify_run.id"], name=op.f("fk_certify_record_run_id_certify_run")),
        sa.PrimaryKeyConstraint("run_id", "learner_ref", name=op.f("pk_certify_record")),
    )
    with op.batch_alter_table("certify_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_certify_record_run_id_completed_on"), ["run_id", "completed_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_certify_record_run_id_label"), ["run_id", "label"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("certify_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_record_run_id_label"))
        batch_op.drop_index(batch_op.f("ix_certify_record_run_id_completed_on"))

    op.drop_table("certify_record")
    with op.batch_alter_table("certify_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_message_work_id_position"))

    op.drop_table("certify_message")
    with op.batch_alter_table("certify_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_document_sha256"))

    op.drop_table("certify_document")
    op.drop_table("certify_credential")
    with op.batch_alter_table("certify_award", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_certify_award_live",
            sqlite_where=sa.text("state IN ('issued', 'withdrawn') OR (state = 'granted' AND replaces_id IS NULL)"),
            postgresql_where=sa.text("state IN ('issued', 'withdrawn') OR (state = 'granted' AND replaces_id IS NULL)"),
        )
        batch_op.drop_index(batch_op.f("ix_certify_award_run_id_state"))
        batch_op.drop_index(batch_op.f("ix_certify_award_learner_ref_state"))

    op.drop_table("certify_award")
    op.drop_table("certify_template_version")
    with op.batch_alter_table("certify_issue_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_issue_item_batch_id_result_reason"))

    op.drop_table("certify_issue_item")
    with op.batch_alter_table("certify_attachment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_certify_attachment_run_id_position",
            sqlite_where=sa.text("detached_at IS NULL"),
            postgresql_where=sa.text("detached_at IS NULL"),
        )

    op.drop_table("certify_attachment")
    op.drop_table("certify_template")
    op.drop_table("certify_status_list")
    op.drop_table("certify_signatory")
    with op.batch_alter_table("certify_issuer_key", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_certify_issuer_key_active",
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        )
        batch_op.drop_index(batch_op.f("ix_certify_issuer_key_issuer_id"))

    op.drop_table("certify_issuer_key")
    with op.batch_alter_table("certify_issue_batch", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_certify_issue_batch_under_way",
            sqlite_where=sa.text("state IN ('planning', 'running')"),
            postgresql_where=sa.text("state IN ('planning', 'running')"),
        )
        batch_op.drop_index(batch_op.f("ix_certify_issue_batch_work_id"))
        batch_op.drop_index(batch_op.f("ix_certify_issue_batch_run_id_opened_at"))

    op.drop_table("certify_issue_batch")
    with op.batch_alter_table("certify_failure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_failure_run_id_learner_ref"))
        batch_op.drop_index(batch_op.f("ix_certify_failure_run_id_at"))

    op.drop_table("certify_failure")
    with op.batch_alter_table("certify_chunk", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_chunk_work_id_state"))
        batch_op.drop_index(batch_op.f("ix_certify_chunk_state_lease_until"))

    op.drop_table("certify_chunk")
    op.drop_table("certify_achievement")
    op.drop_table("certify_work")
    op.drop_table("certify_telemetry")
    with op.batch_alter_table("certify_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_run_tenant_ref"))

    op.drop_table("certify_run")
    op.drop_table("certify_plate")
    op.drop_table("certify_issuer")
    op.drop_table("certify_blob")
    op.drop_table("certify_audit_chain")
    with op.batch_alter_table("certify_audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_audit_subject_at"))

    op.drop_table("certify_audit")
