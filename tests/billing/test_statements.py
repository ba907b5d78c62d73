"""Statements of accounts: they close with what is due less the credit, on pages, over JSON and as a command."""

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from time_machine import travel

from clinic.billing.service import PaymentPart, billing_service
from clinic.patients.service import merge_service
from tests.billing.corrections import credited, paid, refunded
from tests.billing.invoices import a_draft, a_line, a_seller, an_invoice, euros
from tests.billing.opening_operations import WithOpenings
from tests.builders import a_clinic, somebody
from tests.statements import counted_statements, of_rows

CURRENCIES = ("EUR", "JPY", "KWD")


@pytest.mark.breadth
@pytest.mark.parametrize(("currency", "operations"), [("EUR", 25), *((currency, 110) for currency in CURRENCIES)])
def test_a_statement_closes_with_what_is_due_less_the_credit(app, here, currency: str, operations: int) -> None:
    with app.app_context():
        clinic_id = a_clinic(name=currency, currency=currency).id

    with here(clinic_id):
        machine = WithOpenings(seed=100 + CURRENCIES.index(currency))
        machine.run(operations)

    assert {"enter_opening done", "reverse_opening done"} <= machine.outcomes.keys()


def issued(patient: Any, cents: int) -> Any:
    """Issue an invoice, whatever the date of the one before."""
    return billing_service.issue(a_draft(patient, [a_line(cents)]).id, confirm_date=True)


@pytest.fixture
def account(inside: None) -> Any:
    """A patient with an entry of every kind since September."""
    patient, other = somebody(family_name="Pereira", given_name="Inês"), somebody()
    moments = iter(datetime(2026, 9, 14, 9, tzinfo=UTC) + timedelta(days=7 * week) for week in range(12))
    with travel(next(moments), tick=False) as clock:
        payment = paid(issued(patient, 5000))
        clock.move_to(next(moments))
        refunded(payment, 1000)
        clock.move_to(next(moments))
        second = issued(patient, 6500)
        billing_service.reverse_payment(paid(second, 6500).id, reason="Typed twice")
        clock.move_to(next(moments))
        credited(second)
        clock.move_to(next(moments))
        parts = [PaymentPart(issued(other, 300).id, euros(300))]
        billing_service.take_payment(patient.id, amount=euros(800), method="cash", allocations=parts, keep_credit=True)
        clock.move_to(next(moments))
        third = issued(patient, 700)
        parts = [PaymentPart(third.id, euros(200))]
        billing_service.take_payment(other.id, amount=euros(200), method="card", allocations=parts)
        billing_service.write_off(issued(patient, 400).id, reason="Moved away")
    return patient


def rows_of(patient: Any, **period: Any) -> list[tuple[str, int, int, int]]:
    """Return kind, charged, paid and balance of each row."""
    rows = billing_service.statement(patient.id, **period).ledger.rows
    return [(row.entry.kind, row.charged.minor, row.paid.minor, row.balance.minor) for row in rows]


@pytest.mark.slow
def test_every_kind_of_entry_has_its_row(account: Any) -> None:
    assert rows_of(account, since=datetime(2026, 9, 1, tzinfo=UTC).date()) == [
        ("invoice", 5000, 0, 5000),
        ("payment", 0, 5000, 0),
        ("refund", 1000, 0, 1000),
        ("invoice", 6500, 0, 7500),
        ("payment", 0, 6500, 1000),
        ("reversal", 0, -6500, 7500),
        ("credit_note", -6500, 0, 1000),
        ("payment", 0, 800, 200),
        ("paid_for_another", 0, -300, 500),
        ("invoice", 700, 0, 1200),
        ("invoice", 400, 0, 1600),
        ("paid_by_another", 0, 200, 1400),
        ("write_off", -400, 0, 1000),
    ]


@pytest.mark.slow
def test_a_period_begins_with_the_balance_before_it(account: Any) -> None:
    first_day = datetime(2026, 10, 5, tzinfo=UTC).date()

    made = billing_service.statement(account.id, since=first_day, until=first_day)

    assert (made.ledger.opening, made.ledger.closing) == (euros(7500), euros(1000))
    assert [row.entry.kind for row in made.ledger.rows] == ["credit_note"]
    assert (made.ledger.charged, made.ledger.paid) == (euros(-6500), euros(0))
    assert (made.due, made.credit, made.to_pay) == (euros(1000) + euros(500), euros(500), euros(1000))


def test_page_json_and_command_have_the_same_figures(client, run, account: Any) -> None:
    period = {"from": "2026-09-20", "to": "2026-11-30"}

    answer = client.get(f"/api/v1/patients/{account.id}/statement", query_string=period).json
    page = client.get(f"/invoices/statement/{account.id}", query_string=period)
    options = [word for name, value in period.items() for word in (f"--{name}", value)]
    printed = run("billing", "statement", account.mrn, *options, "--json")
    lines = run("billing", "statement", account.mrn, *options)

    assert json.loads(printed.stdout) == answer
    assert (answer["from"], answer["to"]) == ("2026-09-20", "2026-11-30")
    assert answer["opening"]["amount"] == "0.00"
    assert answer["closing"] == {"amount": "10.00", "currency": "EUR"}
    assert (answer["due"]["amount"], answer["credit"]["amount"], answer["to_pay"]["amount"]) == (
        "15.00",
        "5.00",
        "10.00",
    )
    assert sum(Fraction(one["amount"]) for one in answer["ages"].values()) == 15
    for row in answer["rows"]:
        assert f"{row['balance']['amount'].replace('.', ',')}\xa0€" in page.text
        assert row["number"] is None or row["number"] in page.text
        assert "\t".join([row["date"], row["kind"]]) in lines.stdout
    for text in ("20 Sep – 30 Nov 2026", "Pereira", "Closing balance", "Typed twice", "Cash", "Consultation"):
        assert text in page.text
    assert "10.00 EUR is to pay today" in lines.stderr


def test_a_wrong_period_is_refused_everywhere_with_what_was_typed(client, run, here) -> None:
    with here():
        patient = somebody()
    period = {"from": "2026-11-02", "to": "2026-11-01"}
    wrong = "Enter a day that is not before the first one"

    page = client.get(f"/invoices/statement/{patient.id}", query_string=period)
    answer = client.get(f"/api/v1/patients/{patient.id}/statement", query_string=period)
    printed = run("billing", "statement", patient.mrn, "--from", period["from"], "--to", period["to"])

    assert (page.status_code, answer.status_code, printed.exit_code) == (422, 422, 2)
    assert wrong in page.text
    assert 'value="2026-11-02"' in page.text
    assert answer.json["errors"][0]["pointer"] == "#/to"
    assert wrong in printed.stderr
    assert client.get(f"/invoices/statement/{patient.id}?from=&to=").status_code == 200


def test_a_merged_patient_has_the_statement_of_the_record_that_remains(client, here) -> None:
    with here():
        kept, merged = somebody(), somebody()
        invoice = an_invoice(merged)
        merge_service.merge(kept.id, merged.id)

    page = client.get(f"/invoices/statement/{merged.id}?from=2026-01-01")
    answer = client.get(f"/api/v1/patients/{merged.id}/statement")

    assert (page.status_code, answer.status_code) == (302, 410)
    assert page.location == f"/invoices/statement/{kept.id}?from=2026-01-01"
    assert str(invoice.number) in client.get(page.location).text


@pytest.mark.parametrize(
    ("denied", "hidden"),
    [
        (["patients:read", "patients:contact"], ["Pereira", "Rua Nova", "214555018"]),
        (["patients:contact"], ["Rua Nova", "214555018"]),
    ],
)
def test_those_who_may_not_see_patients_get_the_number(client, here, become, denied: Any, hidden: Any) -> None:
    with here():
        identifier = {"type": "pt-nif", "value": "214555018"}
        patient = somebody(family_name="Pereira", address="Rua Nova 1", identifiers=[identifier])
        an_invoice(patient)
    whole = client.get(f"/invoices/statement/{patient.id}").text
    become("billing-clerk", *denied)

    page = client.get(f"/invoices/statement/{patient.id}")

    assert page.status_code == 200
    assert patient.mrn in page.text
    assert [text for text in hidden if text in page.text] == []
    assert [text for text in hidden if text not in whole] == []


def test_a_transfer_names_the_account(client, here) -> None:
    with here():
        a_seller(iban="PT50000201231234567890154", bic="HARBPTPL", footer="Registered in Lisboa")
        patient = somebody()
        an_invoice(patient)

    page = client.get(f"/invoices/statement/{patient.id}").text
    linked = client.get(f"/patients/{patient.id}").text

    for text in ("PT50 0002 0123 1234 5678 9015 4", "BIC HARBPTPL", f"<b>{patient.mrn}</b>", "Registered in Lisboa"):
        assert text in page
    assert f"/invoices/statement/{patient.id}" in linked


@pytest.mark.slow
@pytest.mark.parametrize(("address", "most"), [("/invoices/statement/{0}", 12), ("/api/v1/patients/{0}/statement", 4)])
def test_reading_takes_few_statements(app, client, account: Any, address: str, most: int) -> None:
    client.get("/patients")

    with counted_statements(app) as seen:
        answer = client.get(address.format(account.id))

    assert answer.status_code == 200
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= most, seen
