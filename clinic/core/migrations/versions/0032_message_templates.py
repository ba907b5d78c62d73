"""Clinics have their own texts of messages, and can switch kinds of messages off; test mails are queued.

Who can change the clinic's settings can change the texts.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES = ("test_mails", "message_kind_settings", "message_templates")


def upgrade() -> None:
    op.create_table(
        "message_templates",
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        *_versioned("message_templates"),
        sa.UniqueConstraint("clinic_id", "kind", "channel", "language", name="uq_message_templates_text"),
    )
    op.create_table(
        "message_kind_settings",
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        *_versioned("message_kind_settings"),
        sa.UniqueConstraint("clinic_id", "kind", name="uq_message_kind_settings_kind"),
    )
    op.create_table(
        "test_mails",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        *_of_clinic("test_mails"),
        sa.ForeignKeyConstraint(["member_id"], ["staff_members.id"], name=op.f("fk_test_mails_member_id")),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'unknown')", name=op.f("ck_test_mails_state")
        ),
    )
    op.create_index("ix_test_mails_due", "test_mails", ["clinic_id", "state", "due_at"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _of_clinic(table: str) -> tuple[Any, ...]:
    return (
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.UniqueConstraint("clinic_id", "id", name=op.f(f"uq_{table}_clinic_id_id")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f(f"fk_{table}_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _versioned(table: str) -> tuple[Any, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        *_of_clinic(table),
    )
