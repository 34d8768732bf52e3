"""Status lists as JWT, keys for other forms, and what the public sees of a certificate."""

import sqlalchemy as sa
from alembic import op

revision = "c4001"
down_revision = "c5002"
branch_labels = None
depends_on = None

ACTIVE = sa.text("state = 'active'")


def upgrade() -> None:
    with op.batch_alter_table("certify_status_list") as batch:
        batch.add_column(sa.Column("published_jwt", sa.Text(), nullable=True))
    with op.batch_alter_table("certify_issuer") as batch:
        batch.add_column(sa.Column("disclosure", sa.String(length=8), nullable=True))
    op.create_table(
        "certify_form_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("algorithm", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(length=43), nullable=False),
        sa.Column("public_pem", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=11), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["certify_issuer.id"], name=op.f("fk_certify_form_key_issuer_id_certify_issuer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_form_key")),
        sa.UniqueConstraint("name", name=op.f("uq_certify_form_key_name")),
    )
    op.create_index(
        "uq_certify_form_key_active",
        "certify_form_key",
        ["issuer_id", "algorithm"],
        unique=True,
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    op.create_table(
        "certify_code_alias",
        sa.Column("alias", sa.String(length=64), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name=op.f("fk_certify_code_alias_award_id_certify_award")
        ),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_certify_code_alias")),
    )
    op.create_index(op.f("ix_certify_code_alias_award_id"), "certify_code_alias", ["award_id"])
    op.create_table(
        "certify_disclosure",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name=op.f("fk_certify_disclosure_award_id_certify_award")
        ),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_certify_disclosure")),
    )
    op.create_table(
        "certify_share",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["award_id"], ["certify_award.id"], name=op.f("fk_certify_share_award_id_certify_award")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certify_share")),
        sa.UniqueConstraint("token", name=op.f("uq_certify_share_token")),
    )
    op.create_index(op.f("ix_certify_share_award_id"), "certify_share", ["award_id"])


def downgrade() -> None:
    op.drop_table("certify_share")
    op.drop_table("certify_disclosure")
    op.drop_table("certify_code_alias")
    op.drop_table("certify_form_key")
    with op.batch_alter_table("certify_issuer") as batch:
        batch.drop_column("disclosure")
    with op.batch_alter_table("certify_status_list") as batch:
        batch.drop_column("published_jwt")
