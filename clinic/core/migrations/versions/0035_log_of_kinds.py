"""The order of the log among messages of a kind."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_notifications_kind_log", "notifications", ["clinic_id", "kind", "due_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_notifications_kind_log", table_name="notifications")
