"""The receipt of a payment says what it is used for, what is still due, what was given back and what is kept."""

from typing import Any

import pytest

from clinic.billing.service import PaymentPart, billing_service
from tests.billing.corrections import paid, refunded
from tests.billing.invoices import a_line, an_invoice, euros
from tests.builders import somebody
from tests.statements import counted_statements, of_rows


def receipt_of(client: Any, payment_id: Any) -> str:
    """Return the text of the page of a receipt."""
    page = client.get(f"/invoices/payments/{payment_id}/receipt")
    assert page.status_code == 200
    return str(page.text)


def test_it_names_uses_cash_change_and_credit(client, here) -> None:
    with here():
        patient = somebody(family_name="Pereira")
        one, other = an_invoice(patient, 6500), an_invoice(patient, 3000)
        parts = [PaymentPart(one.id, euros(2000)), PaymentPart(other.id, euros(3000))]
        payment = billing_service.take_payment(
            patient.id, amount=euros(5500), method="cash", tendered=euros(6000), allocations=parts, keep_credit=True
        )

    text = receipt_of(client, payment.id)

    for wanted in (str(one.number), str(other.number), "Pereira", "Cash", patient.mrn, str(payment.id)):
        assert wanted in text
    for amount in ("65,00", "20,00", "45,00", "30,00", "0,00", "55,00", "60,00"):
        assert f"{amount}\xa0€" in text
    assert "60,00\xa0€ given, change 5,00\xa0€" in text
    assert "<dt>Kept as credit</dt>\n      <dd>5,00\xa0€</dd>" in text
    assert "Taken by" in text


def test_it_shows_what_was_given_back_and_a_reversal(client, here) -> None:
    with here():
        payment, wrong = paid(an_invoice()), paid(an_invoice())
        refunded(payment, 1000)
        billing_service.reverse_payment(wrong.id, reason="Typed twice")
        payment_id, wrong_id = payment.id, wrong.id

    given_back, was_reversed = receipt_of(client, payment_id), receipt_of(client, wrong_id)

    assert "Received less refunds" in given_back
    assert "−10,00\xa0€" in given_back
    assert '<dd class="sum">40,00\xa0€</dd>' in given_back
    assert "Receipt, not valid" in was_reversed
    assert "Typed twice" in was_reversed
    assert '<dd class="sum">0,00\xa0€</dd>' in was_reversed


def test_a_refund_has_a_receipt(client, here) -> None:
    with here():
        patient = somebody(family_name="Pereira")
        payment = paid(an_invoice(patient))
        refund = refunded(payment, 1000)
        refund_id, payment_id = refund.id, payment.id
    address = f"/invoices/refunds/{refund_id}/receipt"

    page = client.get(address)

    for text in ("10,00\xa0€", "50,00\xa0€", "Cash", "Goodwill", "Pereira", str(refund_id)):
        assert text in page.text
    assert address in client.get(f"/invoices/payments/{payment_id}").text
    assert client.get(f"/invoices/refunds/{payment_id}/receipt").status_code == 404


def test_the_payer_is_whoever_the_invoices_name(client, here) -> None:
    with here():
        patient = somebody(family_name="Pereira")
        firm = {"kind": "other", "name": "Mar Lda.", "address": "Cais 1"}
        by_firm = paid(_issued(patient, firm)).id
        parts = [PaymentPart(_issued(patient, payer).id, euros(5000)) for payer in (firm, None)]
        mixed = billing_service.take_payment(patient.id, amount=euros(10000), method="card", allocations=parts).id

    assert "Mar Lda." in receipt_of(client, by_firm)
    assert "Mar Lda." not in receipt_of(client, mixed)
    assert "Pereira" in receipt_of(client, mixed)


@pytest.mark.slow
def test_a_payment_for_another_patient_was_not_received_from_them(client, here) -> None:
    with here():
        patient = somebody(family_name="Pereira", address="Rua Nova 1")
        other = an_invoice(somebody(family_name="Costa", address="Rua Velha 2"))
        parts = [PaymentPart(other.id, euros(5000))]
        payment = billing_service.take_payment(patient.id, amount=euros(5000), method="card", allocations=parts).id

    receipt = receipt_of(client, payment)

    assert "Pereira" in receipt
    assert "Rua Nova 1" in receipt
    assert "Costa" not in receipt
    assert "Rua Velha 2" not in receipt


@pytest.mark.slow
def test_payment_and_invoice_lead_to_it(client, here) -> None:
    with here():
        invoice = an_invoice()
        payment = paid(invoice)
    address = f"/invoices/payments/{payment.id}/receipt"

    assert address in client.get(f"/invoices/{invoice.id}").text
    assert address in client.get(f"/invoices/payments/{payment.id}").text


@pytest.mark.parametrize("denied", [("patients:read", "patients:contact"), ("patients:contact",)])
def test_those_who_may_not_see_patients_get_the_number(client, here, become, denied: Any) -> None:
    with here():
        patient = somebody(family_name="Pereira", address="Rua Nova 1")
        payment, number = paid(an_invoice(patient)), patient.mrn
    become("billing-clerk", *denied)

    text = receipt_of(client, payment.id)

    assert "Rua Nova" not in text
    assert ("Pereira" in text) == ("patients:read" not in denied)
    assert number in text


@pytest.mark.slow
def test_it_takes_few_statements(app, client, here) -> None:
    with here():
        patient = somebody()
        for _ in range(4):
            an_invoice(patient)
        payment = billing_service.take_payment(patient.id, amount=euros(20000), method="card")
        refunded(payment, 100)
        payment_id = payment.id
    client.get("/patients")

    with counted_statements(app) as seen:
        receipt_of(client, payment_id)

    assert len(of_rows(seen)) <= 12, seen


def _issued(patient: Any, payer: Any) -> Any:
    draft = billing_service.create(patient_id=patient.id, lines=[a_line()], payer=payer)
    return billing_service.issue(draft.id)
