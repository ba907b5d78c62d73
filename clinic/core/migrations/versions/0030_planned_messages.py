"""Planned messages: when a clinic reminds and is quiet, what a message was planned for, and when it was attempted."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification_settings",
        sa.Column("reminder_offsets", sa.JSON(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Integer(), nullable=False),
        sa.Column("grace_seconds", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 1439 AND quiet_until BETWEEN 0 AND 1439 AND quiet_from <> quiet_until",
            name=op.f("ck_notification_settings_quiet_hours"),
        ),
        sa.CheckConstraint("grace_seconds BETWEEN 0 AND 3600", name=op.f("ck_notification_settings_grace_seconds")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_notification_settings_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_settings")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_notification_settings_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", name=op.f("uq_notification_settings_clinic_id")),
    )
    op.create_table(
        "service_reminders",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("offsets", sa.JSON(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_service_reminders_clinic_id")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "service_id"],
            ["services.clinic_id", "services.id"],
            name=op.f("fk_service_reminders_clinic_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_reminders")),
        sa.UniqueConstraint("clinic_id", "service_id", name=op.f("uq_service_reminders_clinic_id_service_id")),
    )
    op.add_column("notifications", sa.Column("about_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notifications", sa.Column("settings_version", sa.Integer(), nullable=True))
    op.add_column("notifications", sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_notifications_planned", "notifications", ["clinic_id", "kind", "about_at"])


def downgrade() -> None:
    op.drop_index("ix_notifications_planned", table_name="notifications")
    op.drop_column("notifications", "attempted_at")
    op.drop_column("notifications", "settings_version")
    op.drop_column("notifications", "about_at")
    op.drop_table("service_reminders")
    op.drop_table("notification_settings")
