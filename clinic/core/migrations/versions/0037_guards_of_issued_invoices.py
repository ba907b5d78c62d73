"""The database refuses changes of what was issued: number, dates, amounts, particulars and lines of an invoice.

Status and what is paid may change, and the patient, when records are merged.
"""

from clinic.core.db.row_guards import create_part_guard, create_update_guard, drop_guard, drop_part_guard

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

ISSUED = "OLD.status <> 'draft'"
JSON = ("billed_to", "particulars")
COLUMNS = (
    *("clinic_id", "appointment_id", "number", "currency", "issued_on", "due_on", "served_from", "served_until"),
    *("payer_kind", "payer_person_id", "payer_name", "payer_address", "payer_tax_number"),
    *("prices_include_tax", "note", "total_minor"),
)


def upgrade() -> None:
    create_update_guard("invoices", "invoices_issued_unchanged", when=ISSUED, columns=COLUMNS, json=JSON)
    create_part_guard(
        "invoice_lines",
        "invoice_lines_issued_unchanged",
        owner="invoices",
        key="invoice_id",
        when="invoices.status <> 'draft'",
    )


def downgrade() -> None:
    drop_part_guard("invoice_lines", "invoice_lines_issued_unchanged")
    drop_guard("invoices", "invoices_issued_unchanged")
