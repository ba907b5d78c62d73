"""Every correction stands in the invoice's history and in the patient's timeline, with a link and by whom."""

from typing import Any

import pytest

from clinic.billing.service import PaymentPart, billing_service
from clinic.patients.service import patient_service
from tests.assertions import spoken
from tests.billing.corrections import credited, paid, refunded
from tests.billing.invoices import a_draft, a_line, an_invoice, euros
from tests.builders import somebody
from tests.fixtures import StoreOnce
from tests.statements import counted_statements, of_rows

WORDS = [
    "Credited 10,00 € of {number}: service not given",
    "Written off 15,00 € Moved away",
    "Refunded 5,00 € by cash: goodwill",
    "Payment of 30,00 € reversed Typed twice",
    "Paid 20,00 € by card",
]


@pytest.fixture
def corrected(store_once: StoreOnce) -> Any:
    """An invoice of 50.00 with every correction, and its credit note and payments, beside another one."""
    return store_once(_two_corrected_invoices)


def _two_corrected_invoices() -> dict[str, Any]:
    patient = somebody()
    _correct(billing_service.issue(a_draft(somebody(), [a_line(900, "5")]).id), "Noise")
    invoice = billing_service.issue(a_draft(patient, [a_line(1000, "5")]).id)
    note, kept = _correct(invoice, "Moved away")
    return {
        "invoice": invoice.id,
        "number": invoice.number,
        "patient": patient.id,
        "note": note.id,
        "payment": kept.id,
    }


def _correct(invoice: Any, reason: str) -> tuple[Any, Any]:
    mistaken, kept = paid(invoice, 3000), paid(invoice, 1500 if reason == "Noise" else 2000)
    billing_service.reverse_payment(mistaken.id, reason="Typed twice")
    refunded(kept, 500)
    note = credited(invoice, "1")
    if reason != "Noise":
        paid(invoice, 1000)
    billing_service.write_off(invoice.id, reason=reason)
    return note, kept


def _linked(page: str, corrected: dict[str, Any]) -> bool:
    addresses = (f"/invoices/credit-notes/{corrected['note']}", f"/invoices/payments/{corrected['payment']}")
    return all(f'<a href="{address}">' in page for address in addresses)


def test_the_history_of_the_invoice_has_every_correction(client, corrected) -> None:
    page = client.get(f"/invoices/{corrected['invoice']}").text
    history = page[page.index('id="history"') :]

    assert [one for one in WORDS if one.format(**corrected) not in spoken(history)] == []
    assert "Noise" not in page
    assert _linked(history, corrected)


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_timeline_of_the_patient_has_every_correction(client, corrected) -> None:
    page = client.get(f"/patients/{corrected['patient']}?show=money").text

    assert [one for one in WORDS if one.format(**corrected) not in spoken(page)] == []
    assert "Noise" not in page
    assert _linked(page, corrected)


@pytest.mark.slow
def test_json_names_what_was_corrected(client, corrected) -> None:
    found = client.get(f"/api/v1/patients/{corrected['patient']}/timeline?kind=money").json["data"]

    records = {one["action"]: (one["record"], one["record_id"]) for one in found}
    payment = ("payments", str(corrected["payment"]))
    assert records["credited"] == ("credit_notes", str(corrected["note"]))
    assert records["written-off"] == ("invoices", str(corrected["invoice"]))
    assert records["refunded"] == payment
    assert records["reversed"][0] == "payments"


@pytest.mark.slow
def test_a_payment_of_somebody_else_stands_in_the_history(client, here) -> None:
    with here():
        child, mother = somebody(), somebody()
        invoice, own = an_invoice(child), an_invoice(mother)
        payment = billing_service.take_payment(mother.id, amount=euros(5000), method="cash", keep_credit=True)
        billing_service.reverse_payment(payment.id, reason="Typed twice")
        parts = [PaymentPart(one.id, euros(5000)) for one in (invoice, own)]
        billing_service.take_payment(mother.id, amount=euros(10000), method="card", allocations=parts)

    page = client.get(f"/invoices/{invoice.id}").text
    history = spoken(page[page.index('id="history"') :])

    assert "Paid 100,00 € by card" in history
    assert "reversed" not in history


def test_both_pages_take_as_few_statements_with_many_corrections(app, client, here, corrected) -> None:
    addresses = [f"/invoices/{corrected['invoice']}", f"/patients/{corrected['patient']}?show=money"]

    def count(address: str) -> int:
        client.get("/patients")
        with counted_statements(app) as seen:
            assert client.get(address).status_code == 200
        return len([one for one in of_rows(seen) if "api_keys" not in one])

    before = [count(address) for address in addresses]
    with here():
        patient = patient_service.get(corrected["patient"])
        for _ in range(4):
            refunded(paid(an_invoice(patient)), 100)

    assert [count(address) for address in addresses] == before
    assert max(before) <= 12
