"""The records that somebody opened last are found by an index of the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OPENED = "action = 'viewed' AND record_id IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_audit_entries_opened",
        "audit_entries",
        ["clinic_id", "actor", "record", "at"],
        unique=False,
        postgresql_where=sa.text(OPENED),
        sqlite_where=sa.text(OPENED),
    )


def downgrade() -> None:
    op.drop_index("ix_audit_entries_opened", table_name="audit_entries")
