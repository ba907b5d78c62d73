"""Opening balances: what was owed or left before is payable, usable, audited, counted once, mended by reversal."""

from datetime import date
from typing import Any

import pytest

from clinic.billing.service import (
    IsOpeningBalance,
    OpeningBalanceExists,
    OpeningBalanceReversed,
    billing_service,
)
from clinic.core.clock import today
from clinic.core.errors import InvalidInput
from clinic.core.money import Money
from clinic.patients.service import merge_service
from tests.billing.corrections import Published, credited, data_of, paid, refunded, state
from tests.billing.guards import is_refused
from tests.billing.invoices import an_invoice, euros, paid_events
from tests.builders import somebody
from tests.concurrency import run_at_once

BEFORE = date(2026, 1, 31)


def owed(patient: Any, cents: int = 4500, **more: Any) -> Any:
    """Enter what a patient owed."""
    return billing_service.enter_opening_balance(patient.id, side="owed", amount=euros(cents), **more)


def left(patient: Any, cents: int = 2000, **more: Any) -> Any:
    """Enter credit that a patient had."""
    return billing_service.enter_opening_balance(patient.id, side="credit", amount=euros(cents), **more)


def account(patient: Any) -> tuple[int, int, int]:
    """Return what is due, the credit, and what the statement closes with."""
    made = billing_service.statement(patient.id)
    assert billing_service.account_of(patient.id) == (made.due, made.credit)
    return made.due.minor, made.credit.minor, made.ledger.closing.minor


@pytest.mark.slow
def test_what_was_owed_is_paid_like_an_invoice_without_an_event_of_one(inside, published: Published) -> None:
    patient = somebody()

    opening = owed(patient, as_of=BEFORE, reference="List of January")
    before = account(patient)
    payment = billing_service.take_payment(patient.id, amount=euros(4500), method="card")

    assert (opening.number, opening.as_of, opening.left, opening.reference) == (
        "OB-00001",
        BEFORE,
        euros(4500),
        "List of January",
    )
    assert before == (4500, 0, 4500)
    assert state(opening) == ("balanced", "paid", 0)
    assert payment.uses[0].invoice_id == opening.id
    assert account(patient) == (0, 0, 0)
    assert paid_events(published) == []
    assert data_of(published, "invoice.issued") == []
    assert len(data_of(published, "payment.recorded")) == 1
    assert billing_service.audit() == []


@pytest.mark.both_databases
def test_credit_from_before_pays_invoices_and_was_never_taken(inside, published: Published) -> None:
    patient = somebody()

    opening = left(patient, as_of=BEFORE)
    before = account(patient)
    invoice = an_invoice(patient, 1500)
    billing_service.use_credit(invoice.id)
    refunded(billing_service.get_payment(opening.id), 500)

    assert (opening.number, opening.as_of, before) == (None, BEFORE, (0, 2000, -2000))
    assert state(invoice) == ("balanced", "paid", 0)
    assert account(patient) == (0, 0, 0)
    assert data_of(published, "payment.recorded") == []
    assert len(paid_events(published)) == 1
    assert len(data_of(published, "payment.refunded")) == 1
    assert billing_service.audit() == []


@pytest.mark.slow
def test_no_number_of_an_invoice_is_used_and_no_date_is_bound(inside) -> None:
    patient, day = somebody(), today("Europe/Lisbon")

    first = an_invoice(patient)
    opening = owed(patient, as_of=BEFORE)
    second = an_invoice(patient)

    assert [one.number for one in (first, opening, second)] == [
        f"INV-{day.year}-00001",
        "OB-00001",
        f"INV-{day.year}-00002",
    ]
    assert billing_service.identify("ob-00001").id == opening.id
    assert billing_service.audit() == []


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("enter", [owed, left])
def test_a_patient_has_one_until_it_is_reversed(inside, enter: Any) -> None:
    patient, other = somebody(), somebody()
    opening = enter(patient)
    enter(other)

    for again in (owed, left):
        with pytest.raises(OpeningBalanceExists):
            again(patient)
    billing_service.reverse_opening_balance(opening.id, reason="Wrong patient")
    anew = left(patient, 700)

    assert account(patient) == (0, 700, -700)
    assert [one.id for one in billing_service.opening_balances(patient.id)] == [anew.id, opening.id]
    with pytest.raises(OpeningBalanceReversed):
        billing_service.reverse_opening_balance(opening.id, reason="Wrong patient")
    assert billing_service.audit() == []


@pytest.mark.slow
@pytest.mark.both_databases
def test_entered_several_times_at_once_it_is_counted_once(app, clinic, here) -> None:
    with here():
        patient_id = somebody().id

    def enter(number: int) -> None:
        side = "owed" if number % 2 else "credit"
        billing_service.enter_opening_balance(patient_id, side=side, amount=euros(100))

    outcomes = run_at_once(app, clinic.id, 4, enter)

    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", *["OpeningBalanceExists"] * 3]
    with here():
        assert len(billing_service.opening_balances(patient_id)) == 1


@pytest.mark.slow
def test_a_reversal_makes_credit_of_what_paid_it(inside, published: Published) -> None:
    patient = somebody()
    opening = owed(patient)
    paid(opening, 1000)

    gone = billing_service.reverse_opening_balance(opening.id, reason="Paid in January")

    assert state(opening) == ("cancelled", "reversed", 0)
    assert (gone.left, gone.reversal_reason, gone.reversed_at is not None) == (euros(0), "Paid in January", True)
    assert account(patient) == (0, 1000, -1000)
    rows = billing_service.statement(patient.id).ledger.rows
    assert {row.entry.kind for row in rows} == {"opening_balance", "payment", "opening_balance_reversal"}
    assert data_of(published, "invoice.credited") == []
    assert billing_service.audit() == []


@pytest.mark.slow
def test_reversed_credit_owes_again_what_it_paid(inside, published: Published) -> None:
    patient = somebody()
    opening, invoice = left(patient), an_invoice(patient, 1500)
    billing_service.use_credit(invoice.id)

    billing_service.reverse_opening_balance(opening.id, reason="Wrong patient")

    assert state(invoice) == ("issued", "open", 1500)
    assert account(patient) == (1500, 0, 1500)
    assert data_of(published, "payment.reversed") == []
    assert billing_service.audit() == []


def test_it_is_no_document(inside) -> None:
    opening = owed(somebody())

    with pytest.raises(IsOpeningBalance):
        credited(billing_service.get(opening.id))
    with pytest.raises(IsOpeningBalance):
        billing_service.duplicate(opening.id)
    billing_service.write_off(opening.id, reason="Moved away")

    assert state(opening) == ("balanced", "written off", 0)
    with pytest.raises(OpeningBalanceReversed):
        billing_service.reverse_opening_balance(opening.id, reason="Too late")


@pytest.mark.slow
def test_a_write_off_makes_no_room_for_a_second_one(inside) -> None:
    patient = somebody()
    opening = owed(patient)
    billing_service.write_off(opening.id, reason="Moved away")

    with pytest.raises(OpeningBalanceExists):
        owed(patient)
    (write_off,) = billing_service.write_offs_of(opening.id)
    billing_service.undo_write_off(write_off.id, reason="Came back")
    billing_service.reverse_opening_balance(opening.id, reason="Wrong patient")
    left(patient)

    assert account(patient) == (0, 2000, -2000)
    assert billing_service.audit() == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"side": "maybe"}, "side"),
        ({"amount": euros(0)}, "amount"),
        ({"amount": euros(-5)}, "amount"),
        ({"amount": Money(500, "USD")}, "amount"),
        ({"as_of": date(2999, 1, 1)}, "as_of"),
    ],
)
def test_a_wrong_one_is_refused(inside, fields: dict[str, Any], field: str) -> None:
    patient = somebody()

    with pytest.raises(InvalidInput) as refused:
        given: Any = {"side": "owed", "amount": euros(100)} | fields
        billing_service.enter_opening_balance(patient.id, **given)

    assert list(refused.value.problems) == [field]
    assert billing_service.opening_balances(patient.id) == []


@pytest.mark.both_databases
def test_the_database_caps_it(inside) -> None:
    owed(somebody())
    left(somebody())

    for statement in (
        "UPDATE invoices SET kind = 'invoice'",
        "UPDATE invoices SET credited_minor = 100",
        "UPDATE invoices SET paid_minor = 4501",
        "UPDATE payments SET kind = 'other'",
        "UPDATE payments SET method = 'cash'",
        "UPDATE payments SET allocated_minor = 2001",
    ):
        assert is_refused(statement), statement


@pytest.mark.slow
def test_both_records_of_a_merged_patient_keep_theirs(inside) -> None:
    kept, merged = somebody(), somebody()
    owed(kept, 100)
    left(merged, 700)

    merge_service.merge(kept.id, merged.id)

    assert account(kept) == (100, 700, -600)
    assert {one.side for one in billing_service.opening_balances(kept.id)} == {"owed", "credit"}
    with pytest.raises(OpeningBalanceExists):
        owed(kept)
