"""An index from which the messages of one patient are read in the order of the log, and counted by their state."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_notifications_patient", "notifications"
OWNER = ["clinic_id", "patient_id"]


def upgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, [*OWNER, "due_at", "id", "state"], unique=False)


def downgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, OWNER, unique=False)
