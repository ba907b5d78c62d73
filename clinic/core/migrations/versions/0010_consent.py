"""Consent has a purpose and a channel, and each answer is kept; a flag that nobody was asked for is none."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from clinic.core.ids import new_id

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_PURPOSES = ("care", "reminders")
"""What a patient counted as agreeing to by email, as a registration alone allows no more."""

_CHECKS = {
    "purpose": "purpose IN ('care', 'reminders', 'recalls', 'news')",
    "channel": "channel IN ('email', 'sms', 'phone', 'post')",
    "state": "state IN ('yes', 'no', 'withdrawn', 'by-registration', 'not-asked')",
}

_clinics = sa.table("clinics", sa.column("id", sa.Uuid), sa.column("zone"))
_patients = sa.table(
    "patients",
    *(sa.column(name, sa.Uuid) for name in ("id", "clinic_id")),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("messages_agreed", sa.Boolean),
    sa.column("messages_agreed_source"),
    sa.column("messages_agreed_at", sa.DateTime(timezone=True)),
)
_answers = sa.table(
    "consent_answers",
    *(sa.column(name, sa.Uuid) for name in ("id", "clinic_id", "patient_id")),
    *(sa.column(name) for name in ("change", "purpose", "channel", "state", "source", "recorded_by")),
    sa.column("answered_on", sa.Date),
    sa.column("recorded_at", sa.DateTime(timezone=True)),
    sa.column("is_current", sa.Boolean),
)


def upgrade() -> None:
    _create_answers()
    _keep_refusals()
    for name in ("messages_agreed", "messages_agreed_source", "messages_agreed_at"):
        op.drop_column("patients", name)


def downgrade() -> None:
    moment = sa.text("'1970-01-01 00:00:00.000000'")
    for column in (
        sa.Column("messages_agreed", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("messages_agreed_source", sa.String(50), nullable=False, server_default="registration"),
        sa.Column("messages_agreed_at", sa.DateTime(timezone=True), nullable=False, server_default=moment),
    ):
        op.add_column("patients", column)
    _restore_flags()
    with op.batch_alter_table("patients") as patients:
        for name in ("messages_agreed", "messages_agreed_source", "messages_agreed_at"):
            patients.alter_column(name, server_default=None)
    op.drop_table("consent_answers")


def _create_answers() -> None:
    op.create_table(
        "consent_answers",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_consent_answers_{name}")) for name, rule in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_consent_answers_clinic_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_consent_answers_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_answers")),
        sa.UniqueConstraint(
            "clinic_id", "patient_id", "change", "purpose", "channel", name="uq_consent_answers_change"
        ),
    )
    op.create_index(
        "uq_consent_answers_current",
        "consent_answers",
        ["clinic_id", "patient_id", "purpose", "channel"],
        unique=True,
        postgresql_where=sa.text("is_current"),
        sqlite_where=sa.text("is_current"),
    )


def _keep_refusals() -> None:
    """Store who wanted no messages as a no to each; a yes was no answer, but what follows from the registration."""
    connection = op.get_bind()
    zones = {row.id: ZoneInfo(row.zone) for row in connection.execute(sa.select(_clinics))}
    refused = sa.select(_patients).where(_patients.c.messages_agreed.is_(False))
    for patient in connection.execute(refused).all():
        at = _aware(patient.messages_agreed_at)
        common = {
            "clinic_id": patient.clinic_id,
            "patient_id": patient.id,
            "change": 1,
            "channel": "email",
            "state": "no",
            "source": "earlier-record",
            "answered_on": at.astimezone(zones[patient.clinic_id]).date(),
            "recorded_at": at,
            "recorded_by": "system",
            "is_current": True,
        }
        op.bulk_insert(_answers, [{"id": new_id(), "purpose": purpose, **common} for purpose in _PURPOSES])


def _restore_flags() -> None:
    """Set the flag as the older version reads it: no message at all for those who do not agree to care messages."""
    op.execute(_patients.update().values(messages_agreed_at=_patients.c.created_at))
    care = (_answers.c.purpose == "care", _answers.c.channel == "email", _answers.c.is_current)
    refused = sa.select(_answers.c.patient_id).where(*care, _answers.c.state.in_(("no", "withdrawn")))
    op.execute(_patients.update().where(_patients.c.id.in_(refused)).values(messages_agreed=False))


def _aware(instant: Any) -> datetime:
    """Return an instant, which SQLite stores without its zone, UTC."""
    moment: datetime = instant
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
