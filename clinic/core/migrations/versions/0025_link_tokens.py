"""When a patient confirmed an appointment, and a table of the links in messages, which stores hashes of their tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

VISIT = (
    "purpose = 'preferences' OR (appointment_id IS NOT NULL AND wall_start IS NOT NULL AND practitioner_id IS NOT NULL)"
)


def upgrade() -> None:
    op.add_column("appointments", sa.Column("confirmed_at", sa.DateTime(timezone=True)))
    op.create_table(
        "link_tokens",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(12), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("appointment_id", sa.Uuid()),
        sa.Column("about_version", sa.Integer(), nullable=False),
        sa.Column("wall_start", sa.DateTime(timezone=False)),
        sa.Column("practitioner_id", sa.Uuid()),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True)),
        sa.Column("moved_to", sa.DateTime(timezone=False)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("purpose IN ('answer', 'calendar', 'preferences')", name=op.f("ck_link_tokens_purpose")),
        sa.CheckConstraint(VISIT, name=op.f("ck_link_tokens_visit")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_link_tokens_clinic_id_clinics")),
        *(
            sa.ForeignKeyConstraint(
                ["clinic_id", column],
                [f"{table}.clinic_id", f"{table}.id"],
                name=op.f(f"fk_link_tokens_clinic_id_{table}"),
            )
            for column, table in {
                "notification_id": "notifications",
                "patient_id": "patients",
                "appointment_id": "appointments",
                "practitioner_id": "practitioners",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_tokens_token_hash")),
    )
    op.create_index("ix_link_tokens_notification", "link_tokens", ["clinic_id", "notification_id"])
    op.create_index("ix_link_tokens_expires", "link_tokens", ["expires_at"])


def downgrade() -> None:
    op.drop_table("link_tokens")
    op.drop_column("appointments", "confirmed_at")
