"""An invoice can be a part of another one, for another payer; what was issued keeps that it is."""

import sqlalchemy as sa
from alembic import op

from clinic.core.db.row_guards import create_update_guard, drop_guard, guards_set_aside

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

KEY = "fk_invoices_clinic_id_part_of_id"
INDEX = "ix_invoices_part_of"
GUARD = "invoices_issued_unchanged"
ISSUED = "OLD.status <> 'draft'"
JSON = ("billed_to", "particulars")
COLUMNS = (
    *("kind", "clinic_id", "appointment_id", "number", "currency"),
    *("issued_on", "due_on", "served_from", "served_until"),
    *("payer_kind", "payer_person_id", "payer_name", "payer_address", "payer_tax_number"),
    *("prices_include_tax", "note", "total_minor"),
)


def upgrade() -> None:
    with guards_set_aside("invoices", "invoice_lines"), op.batch_alter_table("invoices") as invoices:
        invoices.add_column(sa.Column("part_of_id", sa.Uuid(), nullable=True))
        invoices.create_foreign_key(op.f(KEY), "invoices", ["clinic_id", "part_of_id"], ["clinic_id", "id"])
    op.create_index(INDEX, "invoices", ["clinic_id", "part_of_id"], unique=False)
    _replace_guard("part_of_id", *COLUMNS)


def downgrade() -> None:
    """Go back: parts stay invoices, and name each other no more."""
    _replace_guard(*COLUMNS)
    op.drop_index(INDEX, table_name="invoices")
    with guards_set_aside("invoices", "invoice_lines"), op.batch_alter_table("invoices") as invoices:
        invoices.drop_constraint(op.f(KEY), type_="foreignkey")
        invoices.drop_column("part_of_id")


def _replace_guard(*columns: str) -> None:
    drop_guard("invoices", GUARD)
    create_update_guard("invoices", GUARD, when=ISSUED, columns=columns, json=JSON)
