"""Opening balances: invoices and payments of a kind of their own, for what was owed or left before.

What is stored by then is of the ordinary kind. The kind of what was issued can't be changed.
"""

import sqlalchemy as sa
from alembic import op

from clinic.core.db.row_guards import create_update_guard, drop_guard, guards_set_aside

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None

CHECKS = {
    "invoices": "kind IN ('invoice', 'opening') AND (kind = 'invoice' OR credited_minor = 0)",
    "payments": "kind IN ('payment', 'opening') AND (kind = 'payment' OR (method = 'other' AND invoice_id IS NULL))",
}
GUARD = "invoices_issued_unchanged"
ISSUED = "OLD.status <> 'draft'"
JSON = ("billed_to", "particulars")
COLUMNS = (
    *("clinic_id", "appointment_id", "number", "currency", "issued_on", "due_on", "served_from", "served_until"),
    *("payer_kind", "payer_person_id", "payer_name", "payer_address", "payer_tax_number"),
    *("prices_include_tax", "note", "total_minor"),
)


def upgrade() -> None:
    with guards_set_aside("invoices", "invoice_lines"):
        for table, condition in CHECKS.items():
            with op.batch_alter_table(table) as altered:
                kind = sa.Column("kind", sa.String(length=10), nullable=False, server_default=table.removesuffix("s"))
                altered.add_column(kind)
            with op.batch_alter_table(table) as altered:
                altered.alter_column("kind", existing_type=sa.String(length=10), server_default=None)
                altered.create_check_constraint(op.f(f"ck_{table}_kind"), condition)
    _replace_guard("kind", *COLUMNS)


def downgrade() -> None:
    """Go back: an opening balance becomes an invoice or a payment like any other."""
    _replace_guard(*COLUMNS)
    with guards_set_aside("invoices", "invoice_lines"):
        for table in CHECKS:
            with op.batch_alter_table(table) as altered:
                altered.drop_constraint(op.f(f"ck_{table}_kind"), type_="check")
                altered.drop_column("kind")


def _replace_guard(*columns: str) -> None:
    drop_guard("invoices", GUARD)
    create_update_guard("invoices", GUARD, when=ISSUED, columns=columns, json=JSON)
