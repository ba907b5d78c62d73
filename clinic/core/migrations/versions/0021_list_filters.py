"""Filters of the list of patients that few match have indexes: archived, deceased, consent refused or withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

PARTIAL = {
    "ix_patients_deceased": ("patients", ["clinic_id", "sort_name", "id"], "deceased_on IS NOT NULL"),
    "ix_consent_answers_refused": (
        "consent_answers",
        ["clinic_id", "purpose", "channel", "patient_id"],
        "state IN ('no', 'withdrawn')",
    ),
}


def upgrade() -> None:
    op.create_index("ix_patients_state", "patients", ["clinic_id", "state", "sort_name", "id"], unique=False)
    for name, (table, columns, condition) in PARTIAL.items():
        where = sa.text(condition)
        op.create_index(name, table, columns, unique=False, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    for name, (table, _columns, _condition) in PARTIAL.items():
        op.drop_index(name, table_name=table)
    op.drop_index("ix_patients_state", table_name="patients")
