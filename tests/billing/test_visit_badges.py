"""The schedule shows which visits that took place are still to be paid, and the patient's page what is overdue."""

from datetime import timedelta

import pytest

from clinic.billing.service import billing_service, billing_settings_service
from tests.assertions import spoken
from tests.billing.corrections import paid
from tests.billing.invoices import a_line, an_invoice
from tests.billing.listed_invoices import today_here
from tests.billing.test_unbilled import a_priced_service, a_visit
from tests.builders import MONDAY, somebody
from tests.statements import counted_statements, of_rows

DAY = f"/appointments?day={MONDAY:%Y-%m-%d}"


def test_a_visit_with_an_open_invoice_shows_what_is_to_pay(app, client, here, become):
    with here():
        service, patient = a_priced_service(5500), somebody()
        visits = [a_visit(patient, service=service, hours=hours) for hours in (0, 2, 4)]
        both = billing_service.create_for_visits([visit.id for visit in visits[:2]])
        billing_service.issue(both.id)
        paid(both, 3000)
        billing_service.create_for_visits([visits[2].id])
        second_id = visits[1].id

    with counted_statements(app) as seen:
        page = client.get(DAY).text
    chosen = client.get(f"{DAY}&appointment={second_id}").text
    become("practitioner", "invoices:read")

    assert spoken(page).count("80,00 € to pay") == 2
    assert spoken(chosen).count("80,00 € to pay") == 3
    assert "to pay" not in client.get(DAY).text
    assert len(of_rows(seen)) <= 12


@pytest.mark.slow
def test_a_paid_visit_shows_nothing_to_pay(client, here):
    with here():
        visit = a_visit(service=a_priced_service(5500))
        invoice = billing_service.issue(billing_service.create_for_visits([visit.id]).id)
        paid(invoice, 5500)

    assert "to pay" not in client.get(DAY).text


def test_the_patients_page_shows_how_long_the_oldest_invoice_is_overdue(client, here):
    with here():
        billing_settings_service.update(version=None, payment_days=0)
        patient, day = somebody(), today_here()
        patient_id = patient.id
        for late in (12, 3, 0):
            an_invoice_of(patient, day - timedelta(days=late))

    page = spoken(client.get(f"/patients/{patient_id}").text)

    assert page.count("12 days overdue") == 2
    assert page.count("3 days overdue") == 1
    assert "150,00 € due" in page


def test_many_open_invoices_are_a_list_of_their_own(client, here):
    with here():
        patient = somebody()
        for _ in range(6):
            an_invoice(patient)

    page = client.get(f"/patients/{patient.id}").text

    assert "All 6 open invoices" in page
    assert f"/invoices?patient_id={patient.id}&amp;standing=open&amp;sort=due_on" in page


def an_invoice_of(patient, day):
    """Issue an invoice on a day."""
    draft = billing_service.create(patient_id=patient.id, lines=[a_line()])
    return billing_service.issue(draft.id, issued_on=day, confirm_date=True)
