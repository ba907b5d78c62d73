"""Credit notes keep the particulars of seller, payer and patient, and the database refuses to change what was issued.

Those from before get what is printed on their invoice.
"""

import sqlalchemy as sa
from alembic import op

from clinic.core.db.row_guards import create_part_guard, create_update_guard, drop_guard, drop_part_guard

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

PARTICULARS = ("billed_to", "particulars")
COLUMNS = (
    *("id", "clinic_id", "invoice_id", "number", "issued_on"),
    *("reason", "note", "total_minor", "created_at"),
)
FILL = """
UPDATE credit_notes SET {0} = (
    SELECT invoices.{0} FROM invoices
    WHERE invoices.clinic_id = credit_notes.clinic_id AND invoices.id = credit_notes.invoice_id
)
"""
ISSUED = "1 = 1"
"""There are no drafts of credit notes."""

CHANGES = ("UPDATE", "DELETE")
NOTES, LINES = "credit_notes_unchanged", "credit_note_lines_unchanged"


def upgrade() -> None:
    with op.batch_alter_table("credit_notes") as notes:
        for name in PARTICULARS:
            notes.add_column(sa.Column(name, sa.JSON(), nullable=True))
    for name in PARTICULARS:
        op.execute(FILL.format(name))
    with op.batch_alter_table("credit_notes") as notes:
        for name in PARTICULARS:
            notes.alter_column(name, existing_type=sa.JSON(), nullable=False)
    create_update_guard("credit_notes", NOTES, when=ISSUED, columns=COLUMNS, json=("taxes", *PARTICULARS))
    create_part_guard(
        "credit_note_lines", LINES, owner="credit_notes", key="credit_note_id", when=ISSUED, moments=CHANGES
    )


def downgrade() -> None:
    drop_part_guard("credit_note_lines", LINES, moments=CHANGES)
    drop_guard("credit_notes", NOTES)
    with op.batch_alter_table("credit_notes") as notes:
        for name in PARTICULARS:
            notes.drop_column(name)
