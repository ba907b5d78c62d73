"""Lines of invoices have an item, a discount, a tax and a visit; invoices know how prices are understood, and a note.

Lines from before have no tax: their invoices come to what they came to.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

LINE_COLUMNS: dict[str, Any] = {
    "item_id": sa.Uuid(),
    "code": sa.String(length=30),
    "discount_thousandths": sa.Integer(),
    "discount_minor": sa.BigInteger(),
    "tax_rate_id": sa.Uuid(),
    "tax_name": sa.String(length=100),
    "tax_category": sa.String(length=1),
    "tax_thousandths": sa.Integer(),
    "tax_reason": sa.String(length=300),
    "appointment_id": sa.Uuid(),
}
REFERENCES = {"item_id": "price_items", "tax_rate_id": "tax_rates", "appointment_id": "appointments"}
CHECKS = {
    "discount": "(discount_thousandths IS NULL OR discount_minor IS NULL)"
    " AND (discount_thousandths IS NULL OR discount_thousandths BETWEEN 1 AND 100000)"
    " AND (discount_minor IS NULL OR discount_minor > 0)",
    "tax": "(tax_category IS NULL) = (tax_thousandths IS NULL)",
}


def upgrade() -> None:
    with op.batch_alter_table("invoices") as invoices:
        invoices.add_column(sa.Column("prices_include_tax", sa.Boolean(), nullable=False, server_default=sa.true()))
        invoices.add_column(sa.Column("note", sa.String(length=500), nullable=True))
    with op.batch_alter_table("invoices") as invoices:
        invoices.alter_column("prices_include_tax", existing_type=sa.Boolean(), server_default=None)
    with op.batch_alter_table("invoice_lines") as lines:
        for name, kind in LINE_COLUMNS.items():
            lines.add_column(sa.Column(name, kind, nullable=True))
        for name, table in REFERENCES.items():
            key = op.f(f"fk_invoice_lines_clinic_id_{name}")
            lines.create_foreign_key(key, table, ["clinic_id", name], ["clinic_id", "id"])
        for name, condition in CHECKS.items():
            lines.create_check_constraint(op.f(f"ck_invoice_lines_{name}"), condition)
    op.create_index("ix_invoice_lines_appointment", "invoice_lines", ["clinic_id", "appointment_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_invoice_lines_appointment", table_name="invoice_lines")
    with op.batch_alter_table("invoice_lines") as lines:
        for name in CHECKS:
            lines.drop_constraint(op.f(f"ck_invoice_lines_{name}"), type_="check")
        for name in REFERENCES:
            lines.drop_constraint(op.f(f"fk_invoice_lines_clinic_id_{name}"), type_="foreignkey")
        for name in LINE_COLUMNS:
            lines.drop_column(name)
    with op.batch_alter_table("invoices") as invoices:
        invoices.drop_column("note")
        invoices.drop_column("prices_include_tax")
