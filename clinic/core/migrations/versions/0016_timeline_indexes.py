"""The timeline of a patient finds the changes among the views, and the patient's messages; lists are sorted by name."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NO_VIEW = "action NOT IN ('viewed', 'listed', 'exported')"
INDEXES = {
    "ix_notifications_patient": ("notifications", ["clinic_id", "patient_id"]),
    "ix_patients_name": ("patients", ["clinic_id", "sort_name", "id"]),
    "ix_patients_updated": ("patients", ["clinic_id", "updated_at", "id"]),
}


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns, unique=False)
    op.create_index(
        "ix_audit_entries_changes",
        "audit_entries",
        ["clinic_id", "patient_id", "at", "id"],
        unique=False,
        postgresql_where=sa.text(NO_VIEW),
        sqlite_where=sa.text(NO_VIEW),
    )


def downgrade() -> None:
    op.drop_index("ix_audit_entries_changes", table_name="audit_entries")
    for name, (table, _columns) in INDEXES.items():
        op.drop_index(name, table_name=table)
