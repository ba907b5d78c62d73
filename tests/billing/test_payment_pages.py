"""Payments of several invoices, cash, overpayment and credit, on pages, over JSON and as commands."""

import json
from typing import Any
from uuid import UUID

import pytest

from clinic.billing.service import Payment, billing_service
from clinic.core.db import db
from clinic.patients.service import merge_service
from tests.billing.invoices import KEY, an_invoice, euros, money, payment_fields
from tests.builders import somebody
from tests.statements import counted_statements, of_rows

HEADERS = {"Idempotency-Key": KEY}


def a_deposit(patient: Any, cents: int = 2000) -> Payment:
    """Take a deposit."""
    return billing_service.take_payment(
        patient.id, amount=euros(cents), method="cash", allocations=[], keep_credit=True
    )


def due_of(here: Any, *invoice_ids: UUID) -> list[int]:
    with here():
        db.session.expire_all()
        return [billing_service.get(one).due.minor for one in invoice_ids]


@pytest.mark.slow
def test_the_page_offers_to_keep_what_is_too_much(client, here) -> None:
    with here():
        invoice = an_invoice()
    address = f"/invoices/{invoice.id}/payments"
    typed = {"key": KEY, "amount": "55.00", "method": "cash", "tendered": "60", "reference": "till 1"}

    asked = client.submit(address, **typed)
    kept = client.submit(address, **typed, keep_credit="1")

    assert asked.status_code == 409
    assert "Keep 5,00\xa0€ as credit" in asked.text
    assert 'value="55.00"' in asked.text
    assert 'value="till 1"' in asked.text
    assert kept.status_code == 303
    with here():
        assert billing_service.credit(invoice.patient_id) == euros(500)
    assert "change 5,00\xa0€, 5,00\xa0€ kept as credit" in client.get(kept.location).text


def test_the_cash_given_counts_only_for_cash(client, here) -> None:
    with here():
        invoice = an_invoice()
    address = f"/invoices/{invoice.id}/payments"

    refused = client.submit(address, key=KEY, amount="50", method="cash", tendered="45")
    by_card = client.submit(address, key=KEY, amount="50", method="card", tendered="45")

    assert (refused.status_code, by_card.status_code) == (422, 303)
    assert "The cash given is less than the amount" in refused.text


def test_credit_is_used_from_the_page_of_an_invoice(client, here) -> None:
    with here():
        patient = somebody()
        a_deposit(patient)
        invoice = an_invoice(patient)
    address = f"/invoices/{invoice.id}/use-credit"

    page = client.get(f"/invoices/{invoice.id}")
    wrong = [client.submit(address, key=KEY, credit=typed) for typed in ("20.01", "0", "x")]
    used = client.submit(address, key=KEY, credit="12,50")

    assert 'name="credit" type="text" value="20.00"' in page.text
    assert [answer.status_code for answer in wrong] == [409, 422, 422]
    assert all('id="f-credit-error"' in answer.text for answer in wrong)
    assert (used.status_code, due_of(here, invoice.id)) == (303, [3750])
    assert client.get(address).status_code == 302


def test_a_payment_is_spread_over_the_rows_and_taken(client, here) -> None:
    with here():
        patient = somebody()
        first, second = an_invoice(patient).id, an_invoice(patient).id
    address = f"/invoices/take-payment/{patient.id}"
    rows = {f"pay-{first}": "", f"pay-{second}": "50.00"}
    typed = {"key": KEY, "method": "transfer", "amount": "60"}

    page = client.get(address)
    spread = client.submit(address, **typed, **rows, act="oldest")
    too_much = client.submit(address, **typed, **rows | {f"pay-{first}": "50.01"})
    left = client.submit(address, **typed, **rows)
    taken = client.submit(address, **typed, **rows | {f"pay-{first}": "10"})

    assert page.text.count('value="50.00"') == 2
    assert 'value="100.00"' in page.text
    assert 'value="10.00"' in spread.text
    assert too_much.status_code == 422
    assert f'id="f-pay-{first}-error"' in too_much.text
    assert left.status_code == 409
    assert "Keep 10,00\xa0€ as credit" in left.text
    assert "10,00\xa0€ of it would be used for no invoice" in left.text
    assert (taken.status_code, due_of(here, first, second)) == (303, [4000, 0])
    shown = client.get(taken.location).text
    assert "Payment of 60,00\xa0€" in shown
    assert "Bank transfer" in shown


def test_only_an_amount_above_zero_is_spread(client, here) -> None:
    with here():
        invoice = an_invoice()
        address, row = f"/invoices/take-payment/{invoice.patient_id}", f"pay-{invoice.id}"

    answers = [
        client.submit(address, key=KEY, amount=amount, method="card", act="oldest", **{row: "7"})
        for amount in ("-5", "0", "1,000")
    ]

    assert all('id="f-amount-error"' in answer.text for answer in answers)
    assert all(f'name="{row}" value="7"' in answer.text for answer in answers)


def test_what_is_wrong_with_an_invoice_that_was_paid_meanwhile_is_told_at_the_amount(client, here) -> None:
    with here():
        invoice, other = an_invoice(), an_invoice()
        address, row = f"/invoices/take-payment/{other.patient_id}", f"pay-{invoice.id}"
        billing_service.record_payment(invoice.id, amount=euros(5000), method="card")

    answer = client.submit(address, key=KEY, amount="50", method="card", **{row: "50"})

    assert answer.status_code == 422
    assert '<a href="#f-amount">Nothing is due of this invoice' in answer.text


@pytest.mark.slow
def test_who_owes_nothing_leaves_a_deposit(client, here) -> None:
    with here():
        patient = somebody()

    taken = client.submit(f"/invoices/take-payment/{patient.id}", key=KEY, amount="30", method="card", keep_credit="1")

    assert taken.status_code == 303
    assert '30,00\xa0€ <span class="meta">credit' in client.get(f"/patients/{patient.id}").text


def test_json_takes_a_payment_of_several_invoices_once(client, here) -> None:
    with here():
        patient = somebody()
        first, second = an_invoice(patient).id, an_invoice(patient).id
    told = [{"invoice_id": str(second), "amount": money("20.00")}]
    sent = payment_fields("25.00", patient_id=str(patient.id), allocations=told)

    refused = client.post("/api/v1/payments", json=sent, headers=HEADERS)
    taken = client.post("/api/v1/payments", json=sent | {"keep_credit": True}, headers=HEADERS)
    again = client.post("/api/v1/payments", json=sent | {"keep_credit": True}, headers=HEADERS)
    read = client.get(taken.headers["Location"])

    assert (refused.status_code, refused.json["code"]) == (409, "payment-too-large")
    assert refused.json["detail"] == "5,00\xa0€ of it would be used for no invoice"
    assert refused.json["surplus"] == money("5.00")
    assert (taken.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert taken.json == again.json == read.json
    assert taken.json["credit"] == money("5.00")
    assert [use["invoice_id"] for use in taken.json["allocations"]] == [str(second)]
    assert due_of(here, first, second) == [5000, 3000]


def test_json_without_a_key_is_refused(client, here) -> None:
    with here():
        invoice = an_invoice()

    answers = [
        client.post("/api/v1/payments", json=payment_fields(patient_id=str(invoice.patient_id))),
        client.post(f"/api/v1/invoices/{invoice.id}/use-credit", json={}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]


def test_json_names_every_wrong_part(client, here) -> None:
    with here():
        invoice = an_invoice()
    parts = [
        {"invoice_id": str(invoice.id), "amount": money("50.01")},
        {"invoice_id": str(invoice.patient_id), "amount": money("1.00")},
    ]
    sent = payment_fields("60.00", patient_id=str(invoice.patient_id), allocations=parts)

    answer = client.post("/api/v1/payments", json=sent, headers=HEADERS)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json["errors"]] == [
        "#/allocations/0/amount",
        "#/allocations/1/invoice_id",
    ]


def test_json_uses_credit_and_lists_payments_with_credit(client, here) -> None:
    with here():
        patient = somebody()
        payment_id = str(a_deposit(patient).id)
        invoice = an_invoice(patient)
    listed = f"/api/v1/payments?patient_id={patient.id}&with_credit=true"

    before = client.get(listed).json["data"]
    used = client.post(f"/api/v1/invoices/{invoice.id}/use-credit", json={}, headers=HEADERS)

    assert [one["id"] for one in before] == [payment_id]
    assert used.json["due"] == money("30.00")
    assert [use["payment_id"] for use in used.json["allocations"]] == [payment_id]
    assert client.get(listed).json["data"] == []


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/invoices/{invoice}", 12),
        ("/invoices/payments/{payment}", 12),
        ("/invoices/take-payment/{patient}", 12),
        ("/api/v1/payments", 4),
        ("/api/v1/payments/{payment}", 4),
        ("/api/v1/invoices", 4),
        ("/api/v1/invoices/{invoice}", 4),
        ("/api/v1/invoices/{invoice}/payments", 4),
    ],
)
def test_reading_takes_few_statements(app, client, here, address: str, most: int) -> None:
    with here():
        patient = somebody()
        invoices = [an_invoice(patient) for _ in range(4)]
        payment = billing_service.take_payment(patient.id, amount=euros(17000), method="card")
        ids = {"invoice": invoices[3].id, "payment": payment.id, "patient": patient.id}
    client.get("/patients")

    with counted_statements(app) as seen:
        answer = client.get(address.format(**ids))

    assert answer.status_code == 200
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= most, seen


def test_commands_take_deposits_and_use_them(run, here) -> None:
    with here():
        patient = somebody()
        invoice = an_invoice(patient)
        number, name = str(invoice.number), patient.mrn

    deposit = run(
        "billing", "take", name, "20.00", "--method", "cash", "--tendered", "50", "--deposit", "--keep-credit"
    )
    used = run("billing", "use-credit", number)
    part = run("billing", "take", name, "20", "--method", "card", "--invoice", f"{number}=20.00")
    refused = run("billing", "pay", number, "11.00", "--method", "card")
    over = run("billing", "pay", number, "11.00", "--method", "card", "--keep-credit", "--json")
    listed = run("billing", "payments", "--patient", name, "--with-credit", "--json")

    assert "Change: 30.00 EUR" in deposit.stderr
    assert "20.00 EUR is kept as credit" in deposit.stderr
    assert "30.00 EUR is still due" in used.stderr
    assert part.exit_code == 0
    assert refused.exit_code == 5
    assert f"{number} is paid" in over.stderr
    assert [one["id"] for one in json.loads(listed.stdout)] == [json.loads(over.stdout)["id"]]
    assert run("billing", "take", name, "1", "--method", "cash", "--invoice", "x").exit_code == 2


def test_a_page_of_a_merged_patient_leads_to_the_record_that_remains(client, here) -> None:
    with here():
        survivor, merged = somebody(), somebody()
        invoice = an_invoice(merged)
        merge_service.merge(survivor.id, merged.id)
        address, remaining = (f"/invoices/take-payment/{one.id}" for one in (merged, survivor))
        typed = {f"pay-{invoice.id}": "12.34", "amount": "12.34", "method": "cash", "tendered": "20", "key": KEY}

    shown = client.get(address)
    refused = client.submit(address, **typed)
    spread = client.submit(address, **typed | {"act": "oldest"})
    taken = client.submit(remaining, **typed)

    assert (shown.status_code, shown.location) == (302, remaining)
    assert (refused.status_code, spread.status_code) == (409, 409)
    assert "was merged into" in refused.text
    assert f'action="{remaining}"' in refused.text
    assert refused.text.count('value="12.34"') == 2
    assert 'value="20"' in refused.text
    assert taken.status_code == 303
    with here():
        assert billing_service.get(invoice.id).paid == euros(1234)
