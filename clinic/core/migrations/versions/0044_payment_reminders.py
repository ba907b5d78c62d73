"""Payment reminders: how many days after the due date of an invoice a clinic sends them; none until it says so; the log of a state in order."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    days = sa.Column("payment_reminder_days", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("notification_settings", days)
    _index("clinic_id", "state", "due_at", "id")


def downgrade() -> None:
    op.execute(
        "UPDATE notifications SET state = 'suppressed', reason = 'the program was set back', lease = NULL,"
        " leased_until = NULL WHERE kind IN ('invoice', 'payment-reminder') AND state IN ('queued', 'sending')"
    )
    op.drop_column("notification_settings", "payment_reminder_days")
    _index("clinic_id", "state", "due_at")


def _index(*columns: str) -> None:
    """Let the index of due messages have these columns: with the id, it has the order of the log within a state."""
    op.drop_index("ix_notifications_due", table_name="notifications")
    op.create_index("ix_notifications_due", "notifications", columns, unique=False)
