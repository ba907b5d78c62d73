"""Attempts to deliver messages; of those made before, the last one of each message is kept as far as it is known."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from clinic.core.ids import new_id

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

OUTCOMES = {"sent": "sent", "failed": "refused", "unknown": "unknown", "suppressed": "suppressed", "queued": "deferred"}
"""The outcome of the last attempt of a message in a state; one that is being sent has none yet."""

BATCH = 1000


def upgrade() -> None:
    op.create_table(
        "notification_attempts",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("answer", sa.String(length=300), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('sent', 'deferred', 'refused', 'unknown', 'suppressed')",
            name=op.f("ck_notification_attempts_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "notification_id"],
            ["notifications.clinic_id", "notifications.id"],
            name=op.f("fk_notification_attempts_clinic_id_notification_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_notification_attempts_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_attempts")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_notification_attempts_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "notification_id", "number", name="uq_notification_attempts_number"),
    )
    _keep_last_attempts()


def downgrade() -> None:
    op.drop_table("notification_attempts")


def _keep_last_attempts() -> None:
    """Insert the last attempt of each message that was attempted, with its number and the reason of its state."""
    connection = op.get_bind()
    messages, attempts = _tables()
    attempted = sa.select(messages).where(messages.c.attempts > 0).order_by(messages.c.id).limit(BATCH)
    found = connection.execute(attempted).all()
    while found:
        connection.execute(sa.insert(attempts), [_last_attempt(message) for message in found])
        found = connection.execute(attempted.where(messages.c.id > found[-1].id)).all()


def _tables() -> tuple[sa.TableClause, sa.TableClause]:
    shared = [sa.column("clinic_id", sa.Uuid()), sa.column("id", sa.Uuid())]
    messages = sa.table(
        "notifications",
        *shared,
        sa.column("attempts", sa.Integer()),
        sa.column("state", sa.String()),
        sa.column("reason", sa.String()),
        sa.column("sent_at", sa.DateTime(timezone=True)),
    )
    attempts = sa.table(
        "notification_attempts",
        *(sa.column(name, sa.Uuid()) for name in ("clinic_id", "id", "notification_id")),
        sa.column("number", sa.Integer()),
        sa.column("ended_at", sa.DateTime(timezone=True)),
        sa.column("outcome", sa.String()),
        sa.column("answer", sa.String()),
    )
    return messages, attempts


def _last_attempt(message: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "clinic_id": message.clinic_id,
        "notification_id": message.id,
        "number": message.attempts,
        "ended_at": message.sent_at,
        "outcome": OUTCOMES.get(message.state),
        "answer": message.reason,
    }
