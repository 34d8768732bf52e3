"""Attempts, quiet hours, switches, opt-outs, reports of providers and their pace.

Revision ID: c6033
Revises: c6001
"""

import sqlalchemy as sa
from alembic import op

revision = "c6033"
down_revision = "c6001"
branch_labels = None
depends_on = None

OPEN_QUESTION = sa.text("state = 'unknown' OR reason = 'notify.switched_off'")


def upgrade() -> None:
    with op.batch_alter_table("certify_message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("report", sa.String(length=10), nullable=True))
        batch_op.create_index(
            "ix_certify_message_open_question",
            ["changed_at"],
            unique=False,
            sqlite_where=OPEN_QUESTION,
            postgresql_where=OPEN_QUESTION,
        )
        batch_op.create_index(batch_op.f("ix_certify_message_recipient"), ["recipient"], unique=False)
    op.create_table(
        "certify_message_attempt",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("answer", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["certify_message.id"], name=op.f("fk_certify_message_attempt_message_id_certify_message")
        ),
        sa.PrimaryKeyConstraint("message_id", "number", name=op.f("pk_certify_message_attempt")),
    )
    op.create_table(
        "certify_message_rules",
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("region", sa.String(length=2), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant_ref", name=op.f("pk_certify_message_rules")),
    )
    op.create_table(
        "certify_message_switch",
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant_ref", "event", "channel", name=op.f("pk_certify_message_switch")),
    )
    op.create_table(
        "certify_opt_out",
        sa.Column("tenant_ref", sa.String(length=100), nullable=False),
        sa.Column("recipient", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_ref", "recipient", "channel", name=op.f("pk_certify_opt_out")),
    )
    op.create_table(
        "certify_stopped_number",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_certify_stopped_number")),
    )
    op.create_table(
        "certify_heard_hook",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("heard_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_certify_heard_hook")),
    )
    with op.batch_alter_table("certify_heard_hook", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certify_heard_hook_at"), ["at"], unique=False)
    op.create_table(
        "certify_channel_pace",
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("busy_until", sa.BigInteger(), nullable=False),
        sa.Column("rests_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_certify_channel_pace")),
    )


def downgrade() -> None:
    for table in (
        "certify_channel_pace",
        "certify_heard_hook",
        "certify_stopped_number",
        "certify_opt_out",
        "certify_message_switch",
        "certify_message_rules",
        "certify_message_attempt",
    ):
        op.drop_table(table)
    with op.batch_alter_table("certify_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certify_message_recipient"))
        batch_op.drop_index("ix_certify_message_open_question")
        batch_op.drop_column("report")
