"""The books agree with an exact oracle after random operations, and an audit finds what is damaged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from clinic.billing.service import billing_service
from clinic.core.db import db
from tests.billing.invoices import a_draft, a_line, a_seller, an_invoice, euros
from tests.billing.operations import Machine
from tests.builders import a_clinic, somebody
from tests.databases import on_sqlite_only, without_guards
from tests.load.billing_operations import run_operations

CURRENCIES = ("EUR", "JPY", "KWD")


@pytest.mark.breadth
@pytest.mark.both_databases
@pytest.mark.parametrize(("currency", "operations"), [("EUR", 30), *((currency, 80) for currency in CURRENCIES)])
def test_random_operations_agree_with_an_exact_oracle(app, here, currency: str, operations: int) -> None:
    with app.app_context():
        clinic_id = a_clinic(name=currency, currency=currency).id

    with here(clinic_id):
        machine = Machine(seed=CURRENCIES.index(currency))
        machine.run(operations)

    assert {name.split()[0] for name in machine.outcomes} == {
        *("issue", "pay", "take", "use_credit", "refund", "reverse", "credit", "write_off", "undo_write_off")
    }


@pytest.mark.slow
def test_the_proof_runs(tmp_path: Path) -> None:
    outcomes = run_operations(f"sqlite:///{tmp_path / 'clinic.db'}", count=90, seed=7)

    assert sum(outcomes.values()) == 90


GUARDED = ("invoices", "invoice_lines", "credit_notes", "credit_note_lines")


def damage(statement: str, **values: Any) -> None:
    """Change the database behind its back, whatever it checks."""
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.commit()
        try:
            with without_guards(connection, *GUARDED):
                changed = connection.execute(text(statement), values).rowcount
            connection.commit()
        finally:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
            connection.commit()
    assert changed


@pytest.fixture
def books(inside: None) -> dict[str, str]:
    """Books in order, with everything in them; return ids."""
    a_seller()
    patient = somebody()
    invoice = billing_service.issue(a_draft(patient, [a_line(1000, "5")]).id)
    payment = billing_service.record_payment(invoice.id, amount=euros(6000), method="card", keep_credit=True)
    note = billing_service.credit_invoice(invoice.id, reason="goodwill", lines=None)
    billing_service.refund_payment(payment.id, amount=euros(500), method="cash", reason="goodwill")
    other = an_invoice(patient)
    used = billing_service.use_credit(other.id, amount=euros(700))
    billing_service.write_off(other.id, reason="Typed in the wrong row")
    billing_service.undo_write_off(billing_service.write_offs_of(other.id)[0].id, reason="It was another one")
    billing_service.write_off(other.id, reason="Moved away")
    rows: dict[str, Any] = {"invoice": invoice, "other": other, "payment": payment, "note": note, "use": used.uses[0]}
    return {name: row.id.hex for name, row in rows.items()}


DAMAGES: dict[str, tuple[str, str]] = {
    "a line": ("line-amount", "UPDATE invoice_lines SET amount_minor = amount_minor + 1 WHERE invoice_id = :invoice"),
    "a total": ("invoice-total", "UPDATE invoices SET total_minor = total_minor + 1 WHERE id = :invoice"),
    "what is paid": ("invoice-paid", "UPDATE invoices SET paid_minor = paid_minor + 1 WHERE id = :other"),
    "what is credited": ("invoice-credited", "UPDATE invoices SET credited_minor = 4999 WHERE id = :invoice"),
    "what is written off": ("invoice-written-off", "UPDATE invoices SET written_off_minor = 4299 WHERE id = :other"),
    "a status": ("invoice-status", "UPDATE invoices SET status = 'issued' WHERE id = :other"),
    "what is used": ("payment-used", "UPDATE payments SET allocated_minor = 0 WHERE id = :payment"),
    "what is refunded": ("payment-refunded", "UPDATE payments SET refunded_minor = 0 WHERE id = :payment"),
    "an allocation": ("invoice-paid", "UPDATE allocations SET amount_minor = 699 WHERE id = :use"),
    "a lost allocation": ("balance", "DELETE FROM allocations WHERE id = :use"),
    "a lost refund": ("payment-refunded", "DELETE FROM refunds WHERE payment_id = :payment"),
    "a credit note": ("credit-note-total", "UPDATE credit_notes SET total_minor = 4999 WHERE id = :note"),
    "a line of a credit note": ("credit-line", "UPDATE credit_note_lines SET amount_minor = 1"),
    "too much credited": ("credit-line", "UPDATE credit_note_lines SET quantity_thousandths = 5001"),
    "a number": ("number-gap", "UPDATE invoices SET number = 'INV-2026-00009' WHERE id = :other"),
    "a number of a credit note": ("number-gap", "UPDATE credit_notes SET number = 'CN-2026-00002'"),
    "a number of an invoice and a credit note": (
        "number-collision",
        "UPDATE invoices SET number = (SELECT number FROM credit_notes) WHERE id = :other",
    ),
    "a pattern like that of credit notes": (
        "number-collision",
        "UPDATE billing_settings SET number_pattern = 'CN-YYYY-#####'",
    ),
    "a date": ("number-date", "UPDATE invoices SET issued_on = '2026-01-01' WHERE id = :other"),
    "a year": ("number", "UPDATE invoices SET issued_on = '2025-12-31' WHERE id = :other"),
    "a currency": ("currency", "UPDATE payments SET currency = 'USD' WHERE id = :payment"),
    "a reversed payment": ("payment-cap", "UPDATE payments SET reversed_at = received_at WHERE id = :payment"),
    "an undone write-off": ("write-off-undone", "UPDATE write_offs SET amount_minor = -1 WHERE amount_minor < 0"),
    "a use taken back twice": ("allocation-cap", "UPDATE allocations SET released_minor = 9999 WHERE id = :use"),
}


@on_sqlite_only
def test_books_in_order_are_audited_without_a_finding(books: dict[str, str]) -> None:
    assert billing_service.audit() == []


@on_sqlite_only
@pytest.mark.breadth
@pytest.mark.parametrize("what", DAMAGES)
def test_an_audit_finds_a_planted_damage(books: dict[str, str], what: str) -> None:
    check, statement = DAMAGES[what]
    damage(statement, **{name: value for name, value in books.items() if f":{name}" in statement})

    found = billing_service.audit()

    assert check in {one.check for one in found}, found
    assert all(one.text for one in found)


@on_sqlite_only
def test_the_command_prints_findings_and_fails(run: Callable[..., Any], here: Any) -> None:
    with here():
        invoice = an_invoice()
    clean = run("billing", "audit", "--json")
    with here():
        damage("UPDATE invoices SET total_minor = 4000 WHERE id = :id", id=invoice.id.hex)

    off = run("billing", "audit", "--json")
    lines = run("billing", "audit")

    assert (clean.exit_code, json.loads(clean.stdout)) == (0, [])
    assert "The books are in order" in clean.stderr
    assert off.exit_code == 1
    (finding,) = json.loads(off.stdout)
    assert (finding["check"], finding["number"]) == ("invoice-total", invoice.number)
    assert "is stored as 40.00 EUR, but its lines come to 50.00 EUR" in finding["text"]
    assert str(invoice.number) in lines.stdout
