"""Allocations say which part of a payment pays which invoice; payments are a patient's, and know the cash given.

What was paid before is wholly used for its invoice; each such allocation has the id of its payment.
"""

import sqlalchemy as sa
from alembic import op

from clinic.core.db.row_guards import guards_set_aside

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

CHECKS = {
    "tendered": "tendered_minor IS NULL OR (method = 'cash' AND tendered_minor >= amount_minor)",
    "allocated": "allocated_minor >= 0 AND allocated_minor <= amount_minor",
}
KEY = "fk_payments_clinic_id_patient_id"
FILL_PAYMENTS = """
UPDATE payments SET allocated_minor = amount_minor, patient_id = (
    SELECT invoices.patient_id FROM invoices
    WHERE invoices.clinic_id = payments.clinic_id AND invoices.id = payments.invoice_id
)
"""
FILL_ALLOCATIONS = """
INSERT INTO allocations (id, clinic_id, payment_id, invoice_id, amount_minor, released_minor, allocated_at)
SELECT id, clinic_id, id, invoice_id, amount_minor, 0, received_at FROM payments
"""
FILL_INVOICES = "UPDATE invoices SET paid_published = (status = 'balanced' AND total_minor > 0)"


def upgrade() -> None:
    with guards_set_aside("invoices", "invoice_lines"):
        with op.batch_alter_table("payments") as payments:
            payments.add_column(sa.Column("patient_id", sa.Uuid(), nullable=True))
            payments.add_column(sa.Column("allocated_minor", sa.BigInteger(), nullable=True))
            payments.add_column(sa.Column("tendered_minor", sa.BigInteger(), nullable=True))
            payments.alter_column("invoice_id", existing_type=sa.Uuid(), nullable=True)
        op.execute(FILL_PAYMENTS)
        with op.batch_alter_table("payments") as payments:
            payments.alter_column("patient_id", existing_type=sa.Uuid(), nullable=False)
            payments.alter_column("allocated_minor", existing_type=sa.BigInteger(), nullable=False)
            payments.create_foreign_key(op.f(KEY), "patients", ["clinic_id", "patient_id"], ["clinic_id", "id"])
            for name, condition in CHECKS.items():
                payments.create_check_constraint(op.f(f"ck_payments_{name}"), condition)
        op.create_index("ix_payments_patient", "payments", ["clinic_id", "patient_id", "id"], unique=False)
        _create_allocations()
        op.execute(FILL_ALLOCATIONS)
        with op.batch_alter_table("invoices") as invoices:
            invoices.add_column(sa.Column("paid_published", sa.Boolean(), nullable=True))
        op.execute(FILL_INVOICES)
        with op.batch_alter_table("invoices") as invoices:
            invoices.alter_column("paid_published", existing_type=sa.Boolean(), nullable=False)


def downgrade() -> None:
    with guards_set_aside("invoices", "invoice_lines"):
        op.drop_table("allocations")
        op.execute("DELETE FROM payments WHERE invoice_id IS NULL")
        op.drop_index("ix_payments_patient", table_name="payments")
        with op.batch_alter_table("payments") as payments:
            for name in CHECKS:
                payments.drop_constraint(op.f(f"ck_payments_{name}"), type_="check")
            payments.drop_constraint(op.f(KEY), type_="foreignkey")
            for name in ("patient_id", "allocated_minor", "tendered_minor"):
                payments.drop_column(name)
            payments.alter_column("invoice_id", existing_type=sa.Uuid(), nullable=False)
        with op.batch_alter_table("invoices") as invoices:
            invoices.drop_column("paid_published")


def _create_allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("released_minor", sa.BigInteger(), nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_allocations_amount")),
        sa.CheckConstraint(
            "released_minor >= 0 AND released_minor <= amount_minor", name=op.f("ck_allocations_released")
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_allocations_clinic_id")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "invoice_id"],
            ["invoices.clinic_id", "invoices.id"],
            name=op.f("fk_allocations_clinic_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "payment_id"],
            ["payments.clinic_id", "payments.id"],
            name=op.f("fk_allocations_clinic_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocations")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_allocations_clinic_id_id")),
    )
    op.create_index("ix_allocations_payment", "allocations", ["clinic_id", "payment_id", "id"], unique=False)
    op.create_index("ix_allocations_invoice", "allocations", ["clinic_id", "invoice_id", "id"], unique=False)
