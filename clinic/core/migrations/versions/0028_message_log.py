"""Messages as they were sent, an order of the log of messages, and calls to patients that messages did not reach."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_notifications_log": ["clinic_id", "due_at", "id"],
    "ix_notifications_kind": ["clinic_id", "kind", "state", "due_at", "id"],
    "ix_notifications_about": ["clinic_id", "about_id", "id"],
}
ANOTHER_CHANNEL = sa.text("channel <> 'email'")


def upgrade() -> None:
    op.add_column("notifications", sa.Column("source", sa.LargeBinary(), nullable=True))
    for name, columns in INDEXES.items():
        op.create_index(name, "notifications", columns)
    op.create_index(
        "ix_notifications_channel",
        "notifications",
        ["clinic_id", "channel", "state", "due_at", "id"],
        postgresql_where=ANOTHER_CHANNEL,
        sqlite_where=ANOTHER_CHANNEL,
    )
    op.create_index("ix_notification_attempts_ended", "notification_attempts", ["clinic_id", "ended_at"])
    op.create_table(
        "calls",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("result IN ('will-come', 'cant-come', 'no-answer')", name=op.f("ck_calls_result")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_calls_clinic_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["appointments.clinic_id", "appointments.id"],
            name=op.f("fk_calls_clinic_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_calls_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_calls_clinic_id_id")),
    )
    op.create_index("ix_calls_appointment", "calls", ["clinic_id", "appointment_id", "made_at"])
    op.create_index("ix_calls_made", "calls", ["clinic_id", "made_at"])
    op.create_index("ix_calls_patient", "calls", ["clinic_id", "patient_id"])


def downgrade() -> None:
    op.drop_table("calls")
    op.drop_index("ix_notification_attempts_ended", table_name="notification_attempts")
    for name in ("ix_notifications_channel", *INDEXES):
        op.drop_index(name, table_name="notifications")
    op.drop_column("notifications", "source")
