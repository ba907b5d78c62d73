"""Reversals, refunds, credit notes and write-offs on pages, over JSON and as commands."""

import json
from typing import Any

import pytest

from clinic.billing.service import Invoice, billing_service
from clinic.core.db import db
from tests.assertions import rows
from tests.billing.corrections import confirm
from tests.billing.invoices import KEY, a_draft, a_line, an_invoice, euros, money, paid_events
from tests.builders import somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

HEADERS = {"Idempotency-Key": KEY}
REFUND = {"amount": "20", "method": "cash", "reason": "goodwill", "note": ""}


def paid(invoice: Invoice, cents: int = 5000) -> str:
    """Take a payment of an invoice; return its id."""
    return str(billing_service.record_payment(invoice.id, amount=euros(cents), method="card").id)


def two_lines() -> Invoice:
    """Issue an invoice of 50.00 for five, and of 10.00."""
    return billing_service.issue(a_draft(lines=[a_line(1000, "5"), a_line(1000)]).id)


def stored(here: Any, invoice: Invoice) -> tuple[str, int]:
    """Return status and what is due of an invoice, as the database has it."""
    with here():
        db.session.expire_all()
        found = billing_service.get(invoice.id)
        return found.status, found.due.minor


def test_a_refund_asks_first_and_is_made_once(client, here) -> None:
    with here():
        invoice = an_invoice()
        payment_id = paid(invoice)
    address = f"/invoices/payments/{payment_id}/refund"

    asked = client.get(address)
    wrong = client.submit(address, key=KEY, **REFUND | {"amount": "50.01"})
    unexplained = client.submit(address, key=KEY, **REFUND | {"reason": "other"})
    made, again = (client.submit(address, key=KEY, **REFUND) for _ in range(2))

    assert 'value="50.00"' in asked.text
    assert (wrong.status_code, unexplained.status_code) == (409, 422)
    assert "At most 50,00\xa0€ is left of this payment" in wrong.text
    assert 'value="50.01"' in wrong.text
    assert 'id="f-note-error"' in unexplained.text
    assert (made.status_code, again.status_code) == (303, 303)
    assert stored(here, invoice) == ("issued", 2000)
    assert "−20,00\xa0€" in client.get(made.location).text


def test_a_reversal_needs_a_reason_and_stays_visible(client, here) -> None:
    with here():
        invoice = an_invoice()
        payment_id = paid(invoice)
    address = f"/invoices/payments/{payment_id}/reversal"

    refused = client.submit(address, key=KEY, reason=" ")
    made = client.submit(address, key=KEY, reason="Typed twice")
    late = client.submit(address, key=KEY + "2", reason="Typed twice")

    assert (client.get(address).status_code, refused.status_code) == (200, 422)
    assert (made.status_code, late.status_code) == (303, 409)
    assert "Typed twice" in client.get(made.location).text
    assert "reversed" in client.get(f"/invoices/{invoice.id}").text
    assert stored(here, invoice) == ("issued", 5000)


def test_a_credit_note_by_lines_is_worked_out_and_issued(client, here) -> None:
    with here():
        invoice = two_lines()
    address = f"/invoices/{invoice.id}/credit-note"
    page = client.get(address)
    ids = {f"lines-{at}-line_id": hidden_value(page.text, f"lines-{at}-line_id") for at in (0, 1)}
    rows = ids | {"lines-0-quantity": "2", "lines-1-quantity": ""}
    typed = {"key": KEY, "what": "lines", "reason": "wrong-item", "note": "Two of them"}

    checked = confirm(client, address, **typed, **rows, act="check")
    too_many = confirm(client, address, **typed, **rows | {"lines-0-quantity": "", "lines-1-quantity": "2"})
    nothing = confirm(client, address, **typed, **rows | {"lines-0-quantity": "0"})
    issued = confirm(client, address, **typed, **rows)

    assert "−60,00\xa0€" in page.text
    assert "−20,00\xa0€" in checked.text
    assert too_many.status_code == 422
    assert 'id="f-lines-1-quantity-error"' in too_many.text
    assert nothing.status_code == 422
    assert issued.status_code == 303
    shown = client.get(issued.location).text
    assert str(invoice.number) in shown
    assert "Two of them" in shown
    assert "CN-" in client.get(f"/invoices/{invoice.id}").text
    assert stored(here, invoice) == ("issued", 4000)


def test_what_a_credit_note_comes_to_is_worked_out_before_a_reason_is_chosen(client, here) -> None:
    with here():
        invoice = two_lines()
    address = f"/invoices/{invoice.id}/credit-note"
    row = {"lines-0-line_id": hidden_value(client.get(address).text, "lines-0-line_id"), "lines-0-quantity": "2"}

    by_lines = confirm(client, address, key=KEY, what="lines", act="check", **row)
    whole = confirm(client, address, key=KEY, what="whole", act="check", **row)
    unexplained = confirm(client, address, key=KEY, what="lines", **row)

    assert "−20,00\xa0€" in by_lines.text
    assert "−60,00\xa0€" in whole.text
    assert "There is a problem" not in by_lines.text
    assert unexplained.status_code == 422
    assert 'id="f-reason-error"' in unexplained.text


@pytest.mark.slow
def test_a_whole_credit_note_cancels_the_invoice(client, here, published) -> None:
    with here():
        invoice = two_lines()
    typed = {"key": KEY, "what": "whole", "reason": "goodwill", "note": ""}

    issued = confirm(client, f"/invoices/{invoice.id}/credit-note", **typed)
    late = confirm(client, f"/invoices/{invoice.id}/credit-note", **typed | {"key": KEY + "2"})
    paying = client.submit(f"/invoices/{invoice.id}/payments", key=KEY, amount="1", method="card")

    assert (issued.status_code, late.status_code, paying.status_code) == (303, 409, 409)
    assert "A credit note has cancelled this invoice" in paying.text
    assert stored(here, invoice) == ("cancelled", 0)
    assert paid_events(published) == []
    assert "Take payment" not in client.get(f"/invoices/{invoice.id}").text
    assert client.get("/invoices?status=cancelled").text.count(str(invoice.number)) == 1


@pytest.mark.slow
def test_the_rest_is_written_off(client, here) -> None:
    with here():
        invoice = an_invoice()
    address = f"/invoices/{invoice.id}/write-off"

    refused = confirm(client, address, key=KEY, reason="")
    made = confirm(client, address, key=KEY, reason="Moved away")
    late = confirm(client, address, key=KEY + "2", reason="Moved away")

    assert (client.get(address).status_code, refused.status_code) == (200, 422)
    assert (made.status_code, late.status_code) == (303, 409)
    assert "Written off" in client.get(made.location).text
    assert stored(here, invoice) == ("balanced", 0)


@pytest.mark.slow
def test_who_only_takes_payments_sees_no_way_to_correct(client, here, become) -> None:
    with here():
        invoice = an_invoice()
        payment_id = paid(invoice, 1000)
    become("receptionist")

    pages = [client.get(f"/invoices/{invoice.id}").text, client.get(f"/invoices/payments/{payment_id}").text]

    assert not any("Credit note…" in page or "Write off" in page or "Refund…" in page for page in pages)
    assert client.get(f"/invoices/payments/{payment_id}/refund").status_code == 403
    assert client.get(f"/invoices/{invoice.id}/credit-note").status_code == 403


def test_json_corrects_once_with_a_key(client, here) -> None:
    with here():
        invoice, other = two_lines(), an_invoice()
        payment_id, mistaken = paid(invoice, 6000), paid(other)
        line_id = str(invoice.lines[0].id)
    sent: list[tuple[str, dict[str, Any]]] = [
        (f"/payments/{mistaken}/reverse", {"reason": "Typed twice"}),
        (
            f"/invoices/{invoice.id}/credit-notes",
            {"reason": "goodwill", "lines": [{"line_id": line_id, "quantity": "1"}]},
        ),
        (
            f"/payments/{payment_id}/refunds",
            {"amount": money("10.00"), "method": "cash", "reason": "goodwill", "from_credit": True},
        ),
        (f"/invoices/{other.id}/write-off", {"reason": "Moved away"}),
    ]

    without_key = [client.post(f"/api/v1{path}", json=body).status_code for path, body in sent]
    first, again = (
        [client.post(f"/api/v1{path}", json=body, headers=HEADERS) for path, body in sent] for _ in range(2)
    )

    assert without_key == [400] * 4
    assert [one.status_code for one in first] == [200, 201, 201, 200]
    assert [one.json for one in first] == [one.json for one in again]
    reversed_, credit_note, refund, written_off = (one.json for one in first)
    assert reversed_["reversal_reason"] == "Typed twice"
    assert (credit_note["total"], credit_note["invoice_number"]) == (money("10.00"), invoice.number)
    assert client.get(first[1].headers["Location"]).json == credit_note
    assert client.get(f"/api/v1/invoices/{invoice.id}/credit-notes").json["data"] == [credit_note]
    assert client.get(f"/api/v1/payments/{payment_id}/refunds").json["data"] == [refund]
    assert (written_off["status"], written_off["written_off"]) == ("balanced", money("50.00"))
    assert stored(here, invoice) == ("balanced", 0)


@pytest.mark.slow
def test_json_names_what_is_wrong(client, here) -> None:
    with here():
        invoice = two_lines()
        payment_id = paid(invoice, 100)
    lines = [{"line_id": str(invoice.id), "quantity": "1"}]

    answers = [
        client.post(f"/api/v1{path}", json=body, headers=HEADERS)
        for path, body in (
            (f"/payments/{payment_id}/refunds", {"amount": money("2.00"), "method": "cash", "reason": "goodwill"}),
            (f"/invoices/{invoice.id}/credit-notes", {"reason": "other", "lines": lines}),
            (f"/payments/{payment_id}/reverse", {}),
        )
    ]

    assert [one.status_code for one in answers] == [409, 422, 422]
    assert answers[0].json["left"] == money("1.00")
    assert {one["pointer"] for one in answers[1].json["errors"]} == {"#/note", "#/lines/0/line_id"}


@pytest.mark.slow
def test_an_invoice_with_every_correction_is_shown_in_few_statements(app, client, here) -> None:
    with here():
        invoice = two_lines()
    address = f"/invoices/{invoice.id}"
    row = {"lines-1-line_id": hidden_value(client.get(f"{address}/credit-note").text, "lines-1-line_id")}
    sent = [
        client.submit(f"{address}/payments", key=KEY, amount="30", method="card"),
        confirm(
            client,
            f"{address}/credit-note",
            key=KEY,
            what="lines",
            reason="goodwill",
            **row,
            **{"lines-1-quantity": "1"},
        ),
        confirm(client, f"{address}/write-off", key=KEY, reason="Moved away"),
        client.submit(f"/invoices/payments/{rows(app, 'payments')[0]['id']}/refund", key=KEY, **REFUND),
    ]
    client.get("/patients")

    with counted_statements(app) as seen:
        page = client.get(address)

    assert [answer.status_code for answer in sent] == [303] * 4
    assert all(text in page.text for text in ("CN-", "Moved away", "20,00\xa0€ taken back", "Administrator Person"))
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= 12, seen


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/invoices/{invoice}", 12),
        ("/invoices/{invoice}/credit-note", 12),
        ("/invoices/{invoice}/write-off", 12),
        ("/invoices/payments/{payment}/refund", 12),
        ("/invoices/payments/{payment}", 12),
        ("/invoices/credit-notes/{note}", 12),
        ("/api/v1/credit-notes/{note}", 4),
        ("/api/v1/invoices/{invoice}/credit-notes", 4),
        ("/api/v1/payments/{payment}/refunds", 4),
    ],
)
def test_reading_takes_few_statements(app, client, here, address: str, most: int) -> None:
    with here():
        invoice = two_lines()
        payment_id = paid(invoice, 1000)
        notes = [billing_service.credit_invoice(invoice.id, reason="goodwill", lines=None)]
        billing_service.refund_payment(payment_id, amount=euros(100), method="cash", reason="goodwill")
        ids = {"invoice": invoice.id, "payment": payment_id, "note": notes[0].id}
    client.get("/patients")

    with counted_statements(app) as seen:
        answer = client.get(address.format(**ids))

    assert answer.status_code == 200
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= most, seen


def test_commands_correct(run, here) -> None:
    with here():
        patient = somebody()
        first, second = an_invoice(patient), an_invoice(patient)
        payment_id, mistaken = paid(first), paid(second)
        numbers = [str(first.number), str(second.number)]

    refunded = run("billing", "refund", payment_id, "20", "--method", "cash", "--reason", "goodwill")
    reversed_ = run("billing", "reverse", mistaken, "--reason", "Typed twice")
    credit = run("billing", "credit", numbers[0], "--reason", "goodwill", "--line", "1=0.5", "--json")
    off = run("billing", "write-off", numbers[1], "--reason", "Moved away")
    refused = [
        run("billing", "refund", payment_id, "40", "--method", "cash", "--reason", "goodwill"),
        run("billing", "refund", "nonsense", "1", "--method", "cash", "--reason", "goodwill"),
        run("billing", "credit", numbers[0], "--reason", "goodwill", "--line", "2=1"),
        run("billing", "reverse", mistaken, "--reason", "Typed twice"),
    ]

    assert "30.00 EUR of the payment is left" in refunded.stderr
    assert "The payment is reversed" in reversed_.stderr
    assert json.loads(credit.stdout)["total"] == money("25.00")
    assert "0.00 EUR" in credit.stderr
    assert f"50.00 EUR of {numbers[1]} is written off" in off.stderr
    assert [one.exit_code for one in refused] == [5, 3, 2, 5]
