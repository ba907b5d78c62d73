"""Corrections: reversals and refunds of payments, credit notes with their lines, write-offs."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from clinic.core.db.row_guards import guards_set_aside

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

SUM = "paid_minor + credited_minor + written_off_minor"
INVOICE_CHECKS = {
    "status": "status IN ('draft', 'issued', 'balanced', 'cancelled')",
    "paid": f"paid_minor >= 0 AND credited_minor >= 0 AND written_off_minor >= 0 AND {SUM} <= total_minor",
    "settled": f"(status = 'draft' AND {SUM} = 0)"
    f" OR (status = 'issued' AND {SUM} < total_minor)"
    f" OR (status = 'balanced' AND {SUM} = total_minor)"
    " OR (status = 'cancelled' AND paid_minor = 0 AND credited_minor + written_off_minor = total_minor)",
}
INVOICE_CHECKS_BEFORE = {
    "status": "status IN ('draft', 'issued', 'balanced')",
    "paid": "paid_minor >= 0 AND paid_minor <= total_minor",
    "settled": "(status = 'draft' AND paid_minor = 0)"
    " OR (status = 'issued' AND paid_minor < total_minor)"
    " OR (status = 'balanced' AND paid_minor = total_minor)",
}
PAYMENT_CHECKS = {
    "allocated": "allocated_minor >= 0 AND refunded_minor >= 0 AND allocated_minor + refunded_minor <= amount_minor",
    "reversed": "(reversed_at IS NULL) = (reversal_reason IS NULL)"
    " AND (reversed_at IS NULL OR (allocated_minor = 0 AND refunded_minor = 0))",
}
PAYMENT_CHECKS_BEFORE = {"allocated": "allocated_minor >= 0 AND allocated_minor <= amount_minor"}
METHODS = "method IN ('card', 'cash', 'transfer', 'other')"


def upgrade() -> None:
    with guards_set_aside("invoices", "invoice_lines"):
        _add_counts("invoices", "credited_minor", "written_off_minor")
        _add_counts("payments", "refunded_minor")
        with op.batch_alter_table("payments") as payments:
            payments.add_column(sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True))
            payments.add_column(sa.Column("reversal_reason", sa.String(length=200), nullable=True))
        _replace_checks("invoices", INVOICE_CHECKS_BEFORE, INVOICE_CHECKS)
        _replace_checks("payments", PAYMENT_CHECKS_BEFORE, PAYMENT_CHECKS)
        _create_refunds()
        _create_credit_notes()
        _create_credit_note_lines()
        _create_write_offs()


def downgrade() -> None:
    """Go back: what was credited or written off is owed again, and what was refunded or reversed is credit.

    Credit notes, write-offs, refunds and reversals are lost; the numbers of credit notes are not given again.
    """
    with guards_set_aside("invoices", "invoice_lines"):
        for name in ("write_offs", "credit_note_lines", "credit_notes", "refunds"):
            op.drop_table(name)
        for name in INVOICE_CHECKS:
            with op.batch_alter_table("invoices") as invoices:
                invoices.drop_constraint(op.f(f"ck_invoices_{name}"), type_="check")
        op.execute("UPDATE invoices SET status = 'issued' WHERE credited_minor + written_off_minor > 0")
        with op.batch_alter_table("invoices") as invoices:
            for name in ("credited_minor", "written_off_minor"):
                invoices.drop_column(name)
            for name, condition in INVOICE_CHECKS_BEFORE.items():
                invoices.create_check_constraint(op.f(f"ck_invoices_{name}"), condition)
        _replace_checks("payments", PAYMENT_CHECKS, PAYMENT_CHECKS_BEFORE)
        with op.batch_alter_table("payments") as payments:
            for name in ("refunded_minor", "reversed_at", "reversal_reason"):
                payments.drop_column(name)


def _add_counts(table: str, *names: str) -> None:
    """Add columns of amounts, which are nothing at first."""
    with op.batch_alter_table(table) as altered:
        for name in names:
            altered.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table(table) as altered:
        for name in names:
            altered.alter_column(name, existing_type=sa.BigInteger(), server_default=None)


def _replace_checks(table: str, before: dict[str, str], after: dict[str, str]) -> None:
    with op.batch_alter_table(table) as altered:
        for name in before:
            altered.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
    with op.batch_alter_table(table) as altered:
        for name, condition in after.items():
            altered.create_check_constraint(op.f(f"ck_{table}_{name}"), condition)


def _own(table: str) -> list[Any]:
    """Return what each table has: its clinic and its id."""
    return [
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f(f"fk_{table}_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f(f"uq_{table}_clinic_id_id")),
    ]


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_clinic_id_{column}")
    return sa.ForeignKeyConstraint(["clinic_id", column], [f"{target}.clinic_id", f"{target}.id"], name=name)


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=False),
        *_own("refunds"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint(METHODS, name=op.f("ck_refunds_method")),
        _reference("refunds", "payment_id", "payments"),
    )
    op.create_index("ix_refunds_payment", "refunds", ["clinic_id", "payment_id", "id"], unique=False)


def _create_credit_notes() -> None:
    op.create_table(
        "credit_notes",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("taxes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_own("credit_notes"),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_credit_notes_total")),
        sa.UniqueConstraint("clinic_id", "number", name="uq_credit_notes_number"),
        _reference("credit_notes", "invoice_id", "invoices"),
    )
    op.create_index("ix_credit_notes_invoice", "credit_notes", ["clinic_id", "invoice_id", "id"], unique=False)
    op.create_index("ix_credit_notes_issued_on", "credit_notes", ["clinic_id", "issued_on"], unique=False)


def _create_credit_note_lines() -> None:
    op.create_table(
        "credit_note_lines",
        sa.Column("credit_note_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_line_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("quantity_thousandths", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *_own("credit_note_lines"),
        sa.CheckConstraint("quantity_thousandths > 0", name=op.f("ck_credit_note_lines_quantity")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_credit_note_lines_amount")),
        sa.UniqueConstraint("clinic_id", "credit_note_id", "invoice_line_id", name="uq_credit_note_lines_line"),
        _reference("credit_note_lines", "credit_note_id", "credit_notes"),
        _reference("credit_note_lines", "invoice_line_id", "invoice_lines"),
    )


def _create_write_offs() -> None:
    op.create_table(
        "write_offs",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("written_off_at", sa.DateTime(timezone=True), nullable=False),
        *_own("write_offs"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_write_offs_amount")),
        _reference("write_offs", "invoice_id", "invoices"),
    )
    op.create_index("ix_write_offs_invoice", "write_offs", ["clinic_id", "invoice_id", "id"], unique=False)
