"""Invoices and payments on pages, without JavaScript."""

from typing import Any
from uuid import UUID

import pytest

from clinic.billing.schemas.invoices import typed_lines as rows_typed
from clinic.billing.service import Invoice, billing_service
from clinic.core.db import db
from clinic.patients.service import patient_service, related_person_service
from tests.assertions import spoken
from tests.billing.invoices import KEY, a_draft, a_line, an_invoice, euros, paid_events, typed_lines
from tests.builders import an_appointment, somebody
from tests.page_client import hidden_value

LINE = 'role="group" aria-label="Line'


def pay(client: Any, invoice_id: UUID, **fields: str) -> Any:
    """Send the form of a payment; of 20.00 by card unless told otherwise."""
    given = {"key": KEY, "amount": "20.00", "method": "card", "reference": ""} | fields
    return client.submit(f"/invoices/{invoice_id}/payments", **given)


def stored(here: Any, invoice_id: UUID) -> Invoice:
    """Return an invoice as it is in the database, with its payments."""
    with here():
        invoice = billing_service.get(invoice_id)
        db.session.refresh(invoice, ["allocations"])
        return invoice


def test_an_invoice_is_drafted_from_the_form(client, here) -> None:
    with here():
        patient = somebody()
    rows = typed_lines(("Consultation", "1", "50,00"), ("", "1", ""), ("Certificate", "2,5", "12.2"))

    sent = client.submit("/invoices/new", patient=patient.mrn, **rows)
    page = client.get(sent.location)

    assert sent.status_code == 303
    assert "<title>Draft invoice" in page.text
    assert page.text.index("Consultation") < page.text.index("Certificate")
    assert "80,50\xa0€" in page.text


@pytest.mark.slow
def test_the_form_knows_the_patient_from_whose_page_it_was_opened(client, here) -> None:
    with here():
        patient = somebody()

    page = client.get(f"/invoices/new?patient={patient.id}")

    assert hidden_value(page.text, "patient") == patient.mrn
    assert "Pereira, Inês" in spoken(page.text)
    assert page.text.count(LINE) == 3


@pytest.mark.breadth
@pytest.mark.parametrize("named", ["", "P-999999", "%00", "00000000-0000-7000-8000-000000000000"])
def test_the_form_asks_for_the_patient_if_it_knows_none(client, named: str) -> None:
    page = client.get(f"/invoices/new?patient={named}")

    assert page.status_code == 200
    assert 'id="f-patient"' in page.text


@pytest.mark.slow
def test_more_lines_keep_what_was_typed_and_store_nothing(client, here) -> None:
    with here():
        patient = somebody()
    rows = typed_lines(("", "1", ""), ("X-ray", "2", "oops"), ("", "1", ""))

    page = client.submit("/invoices/new", patient=patient.mrn, more="1", **rows)

    assert (page.status_code, page.text.count(LINE)) == (200, 6)
    assert 'name="lines-0-description" value="X-ray"' in page.text
    assert 'name="lines-0-unit_price" value="oops"' in page.text
    assert "no invoice" in client.get("/invoices").text.lower()


@pytest.mark.slow
def test_lines_can_be_added_up_to_three_hundred(client) -> None:
    rows = typed_lines(*[("", "1", "")] * 299)

    page = client.submit("/invoices/new", more="1", **rows)

    assert page.text.count(LINE) == 300
    assert "Empty line" not in page.text


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("rows", "field", "words"),
    [
        ([("", "1", ""), ("X-ray", "1", "five")], "f-lines-0-unit_price", "Line 1: enter an amount like 45.00"),
        ([("X-ray", "1.500", "5")], "f-lines-0-quantity", "Line 1: 1.500 can mean 1500 or 1.5: enter one of these"),
        ([("X-ray", "1", "1,500")], "f-lines-0-unit_price", "Line 1: 1,500 can mean 1500 or 1.5: enter one of these"),
        ([("", "1", "")], "f-lines", "Enter at least one line"),
        ([("X-ray", "999999", "999999999999")], "f-lines", "This amount is too large"),
    ],
)
def test_an_impossible_line_is_shown_again_with_what_was_typed(client, here, rows, field: str, words: str) -> None:
    with here():
        patient = somebody()

    page = client.submit("/invoices/new", patient=patient.mrn, **typed_lines(*rows))

    assert page.status_code == 422
    assert f'<a href="#{field}">{words}</a>' in page.text
    assert f'id="{field}"' in page.text
    assert "<title>Error: New invoice" in page.text
    assert all(f'value="{cell}"' in page.text for row in rows for cell in row if cell)


@pytest.mark.parametrize(("number", "words"), [("", "Enter the patient’s number"), ("P-9", "There is no such patient")])
def test_an_invoice_for_nobody_is_asked_for_again(client, number: str, words: str) -> None:
    page = client.submit("/invoices/new", patient=number, **typed_lines(("X-ray", "1", "5")))

    assert page.status_code == 422
    assert f'<a href="#f-patient">{words}</a>' in page.text
    assert 'value="X-ray"' in page.text


@pytest.mark.slow
def test_a_draft_is_issued_by_its_button_once(client, here) -> None:
    with here():
        draft = a_draft()

    first = client.submit(f"/invoices/{draft.id}/issue", version=1)
    again = client.submit(f"/invoices/{draft.id}/issue", version=1)

    number = stored(here, draft.id).number
    assert (first.status_code, again.status_code) == (303, 409)
    assert "This invoice has been issued already" in again.text
    assert f"Invoice {number}" in client.get(f"/invoices/{draft.id}").text


@pytest.mark.slow
@pytest.mark.row(70)
def test_the_form_of_a_payment_is_filled_in_with_what_is_due_and_a_key_of_its_own(client, here) -> None:
    with here():
        invoice = an_invoice()
        billing_service.record_payment(invoice.id, amount=euros(500), method="cash")

    first, second = (client.get(f"/invoices/{invoice.id}").text for _ in range(2))

    assert 'name="amount" type="text" value="45.00"' in first
    assert "Pressing twice records the payment once." in first
    assert 'value="card" checked' in first
    assert hidden_value(first, "key") != hidden_value(second, "key")


@pytest.mark.slow
def test_an_amount_is_read_as_people_type_it(client, here) -> None:
    with here():
        invoice = an_invoice()

    assert pay(client, invoice.id, amount=" 45,5 ").status_code == 303
    assert stored(here, invoice.id).paid == euros(4550)


@pytest.mark.slow
@pytest.mark.row(81)
def test_a_bad_amount_is_shown_again_with_a_reason_and_nothing_is_stored(client, here) -> None:
    with here():
        invoice = an_invoice()

    page = pay(client, invoice.id, amount="€5", reference="slip 7", method="cash")

    assert page.status_code == 422
    assert '<a href="#f-amount">Enter an amount like 45.00</a>' in page.text
    assert 'name="amount" type="text" value="€5"' in page.text
    assert 'value="slip 7"' in page.text
    assert 'value="cash" checked' in page.text
    assert stored(here, invoice.id).payments == []


@pytest.mark.slow
@pytest.mark.row(81)
def test_an_amount_that_is_not_above_zero_is_shown_again(client, here) -> None:
    with here():
        invoice = an_invoice()

    for typed in ("-5", "0", "0,00"):
        page = pay(client, invoice.id, amount=typed)
        assert (page.status_code, "Enter an amount above zero" in page.text) == (422, True), typed

    assert stored(here, invoice.id).payments == []


@pytest.mark.slow
def test_too_much_is_shown_again_with_the_same_message_as_json(client, here) -> None:
    with here():
        invoice = an_invoice()

    page = pay(client, invoice.id, amount="50,01")

    assert page.status_code == 409
    assert '<a href="#f-amount">50,00\xa0€ is still due</a>' in page.text
    assert 'value="50,01"' in page.text
    assert hidden_value(page.text.split('id="pay"')[1], "key") == KEY


@pytest.mark.row(75)
def test_pressing_twice_takes_the_payment_once(client, here, published) -> None:
    with here():
        invoice = an_invoice()

    answers = [pay(client, invoice.id, amount="50") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(stored(here, invoice.id).payments) == 1
    assert len(paid_events(published)) == 1


def test_a_key_used_for_another_amount_is_refused_and_replaced(client, here) -> None:
    with here():
        invoice = an_invoice()
    pay(client, invoice.id)

    page = pay(client, invoice.id, amount="25.00")

    assert page.status_code == 422
    assert "This form was sent before with other values" in page.text
    assert hidden_value(page.text, "key") != KEY


@pytest.mark.slow
def test_a_form_without_a_proper_key_is_refused_and_gets_one(client, here) -> None:
    with here():
        invoice = an_invoice()

    page = pay(client, invoice.id, key="short")

    assert page.status_code == 422
    assert len(hidden_value(page.text, "key")) >= 16
    assert stored(here, invoice.id).payments == []


@pytest.mark.slow
def test_a_paid_invoice_is_marked_paid_and_takes_nothing_more(client, here) -> None:
    with here():
        invoice = an_invoice()
        billing_service.record_payment(invoice.id, amount=euros(5000), method="transfer", reference="B-17")

    page, refused = client.get(f"/invoices/{invoice.id}"), pay(client, invoice.id)

    assert '<span class="tag ok">Paid</span>' in page.text
    assert "Bank transfer" in page.text
    assert "B-17" in page.text
    assert "Take payment" not in page.text
    assert refused.status_code == 409
    assert "This invoice has been paid already" in refused.text


def test_a_title_carries_the_number_and_never_a_name(client, here) -> None:
    with here():
        invoice = an_invoice()

    title = client.get(f"/invoices/{invoice.id}").text.partition("</title>")[0].rpartition("<title>")[2]

    assert title.startswith(f"Invoice {invoice.number} ")
    assert "Pereira" not in title.title()


def test_what_was_typed_is_never_markup(client, here) -> None:
    with here():
        patient = somebody()

    sent = client.submit("/invoices/new", patient=patient.mrn, **typed_lines(("<b>x</b>", "1", "5")))

    assert "&lt;b&gt;x&lt;/b&gt;" in client.get(sent.location).text


@pytest.mark.slow
def test_the_list_shows_how_each_invoice_stands(client, here) -> None:
    with here():
        a_draft()
        part_paid = an_invoice()
        billing_service.record_payment(part_paid.id, amount=euros(100), method="cash")

    page = client.get("/invoices")

    assert '<span class="tag">Draft</span>' in page.text
    assert '<span class="tag warn">Part paid</span>' in page.text
    assert page.text.index(str(part_paid.id)) < page.text.index(">Draft</a>", page.text.index("<tbody"))


@pytest.mark.slow
def test_the_list_keeps_its_filter_from_page_to_page(client, here) -> None:
    with here():
        patient = somebody()
        patient_id, made = patient.id, [a_draft(patient).id for _ in range(21)]
        an_invoice(patient)

    first = client.get(f"/invoices?status=draft&patient_id={patient_id}")
    rest = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(rest)

    assert str(made[1]) in first.text
    assert str(made[0]) not in first.text
    assert str(made[0]) in second.text


@pytest.mark.slow
def test_an_empty_list_shows_what_will_be_there(client) -> None:
    assert "No invoices yet" in client.get("/invoices").text
    assert "No invoice matches" in client.get("/invoices?status=draft").text
    assert client.get("/invoices?status=void").status_code == 422


@pytest.mark.slow
def test_a_patients_page_shows_what_is_to_be_paid(client, here) -> None:
    with here():
        invoice = an_invoice()
        billing_service.record_payment(invoice.id, amount=euros(500), method="cash")

    page = client.get(f"/patients/{invoice.patient_id}").text

    assert '<span class="money">45,00\xa0€</span>' in page
    assert f'href="/invoices/{invoice.id}#pay"' in page
    assert f'href="/invoices/new?patient={invoice.patient_id}"' in page


def test_another_clinics_invoice_is_not_found(client, here, other_clinic) -> None:
    with here(other_clinic.id):
        theirs = an_invoice().id

    assert client.get(f"/invoices/{theirs}").status_code == 404
    assert client.submit(f"/invoices/{theirs}/issue").status_code == 404
    assert pay(client, theirs).status_code == 404


def test_rows_in_which_nothing_was_typed_do_not_count() -> None:
    typed = typed_lines(("", "3", " "), ("X-ray", "1", "5")) | {"lines-x-description": "?", "patient": "P-1"}

    (row,) = rows_typed(typed)
    assert row.items() >= {"description": "X-ray", "quantity": "1", "unit_price": "5"}.items()


def test_an_invoice_is_started_from_a_visit_and_shown_beside_it(client, here) -> None:
    with here():
        patient = somebody()
        owed_id = an_invoice(patient, 1500).id
        visit = an_appointment(patient)
    address = f"/appointments/{visit.id}"

    empty = client.get(address).text
    form = client.get(f"/invoices/new?appointment={visit.id}").text
    fields = {name: hidden_value(form, name) for name in ("patient", "appointment_id")}
    draft = client.submit("/invoices/new", **fields, **typed_lines(("Consultation", "1", "45"))).location
    drafted = client.get(address).text
    client.submit(f"{draft}/issue", version="1")

    assert "No invoice for this visit" in spoken(empty)
    assert f'href="/invoices/new?appointment={visit.id}">Make invoice' in empty
    assert "For the visit on Mon 26 Nov 2029, 09:00" in spoken(form)
    assert "45,00 € for this visit Draft invoice Not issued 15,00 € due from" in spoken(drafted)
    assert f'href="{draft}#issue">Issue invoice' in drafted
    assert f'href="/invoices/{owed_id}#pay" data-key="p">Take payment' in drafted
    assert f'<a href="{address}">Visit Mon 26 Nov 2029, 09:00</a>' in client.get(draft).text
    assert "Open" in spoken(client.get(address).text).split("for this visit")[1]


@pytest.mark.slow
def test_an_invoice_for_the_visit_of_another_patient_comes_back_with_what_was_typed(client, here) -> None:
    with here():
        number, visit = somebody().mrn, an_appointment()
    fields = {"patient": number, "appointment_id": str(visit.id)}

    answer = client.submit("/invoices/new", **fields, **typed_lines(("Consultation", "1", "45")))
    unknown = client.submit(
        "/invoices/new", **fields | {"appointment_id": "9"}, **typed_lines(("Consultation", "1", ""))
    )

    assert (answer.status_code, unknown.status_code) == (422, 422)
    assert '<a href="#f-appointment_id">This appointment is of another patient</a>' in answer.text
    assert 'value="Consultation"' in answer.text
    assert "Choose an appointment" in spoken(unknown.text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("denied", "hidden"),
    [
        ("invoices:read", ("for this visit", "Take payment", "All invoices")),
        ("invoices:write", ("Make invoice", "Issue invoice")),
        ("payments:write", ("Take payment",)),
    ],
)
def test_a_visit_shows_of_its_invoices_what_one_may_see(client, here, become, denied, hidden) -> None:
    with here():
        visit = an_appointment()
        patient = patient_service.get(visit.patient_id)
        an_invoice(patient)
        billing_service.create(patient_id=patient.id, lines=[a_line()], appointment_id=visit.id)
    become("receptionist", denied)

    page = spoken(client.get(f"/appointments/{visit.id}").text)

    assert [text for text in hidden if text in page] == []


def test_who_may_not_see_appointments_starts_no_invoice_from_one(client, here, become) -> None:
    with here():
        visit = an_appointment()
    become("receptionist", "appointments:read")

    page = client.get(f"/invoices/new?appointment={visit.id}")

    assert (page.status_code, str(visit.id) in page.text) == (200, False)


@pytest.mark.slow
def test_an_invoice_names_who_pays_for_the_patient(client, here, become):
    with here():
        patient = somebody()
        related_person_service.create(patient.id, name="Rui Costa", roles=["payer"])
        url = f"/invoices/{an_invoice(patient).id}"

    assert "Billed to Rui Costa" in spoken(client.get(url).text)
    become("receptionist", "patients:read")
    assert "Rui Costa" not in client.get(url).text
