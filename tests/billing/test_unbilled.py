"""Visits that took place are listed until they are billed, and several of a patient make one draft."""

import json
from datetime import timedelta

import pytest

from clinic.appointments.service import appointment_service
from clinic.billing.service import VisitBilled, VisitWithoutPrice, billing_service, price_list
from clinic.core.errors import InvalidInput
from tests.appointments.conftest import AtOnce, at_once
from tests.appointments.schedule import a_service, book
from tests.assertions import row_counts, spoken
from tests.billing.corrections import credited, paid
from tests.billing.invoices import euros
from tests.billing.prices import an_item
from tests.builders import MONDAY, a_practitioner, somebody
from tests.statements import counted_statements, of_rows

__all__ = ["at_once"]


def a_visit(patient=None, *, service=None, hours=0):
    """Let a visit have taken place."""
    at = MONDAY + timedelta(hours=hours)
    fields = {"patient": patient or somebody(), "practitioner": a_practitioner(), "service": service}
    return appointment_service.fulfil(appointment_service.check_in(book(at, **fields).id).id)


def a_priced_service(cents=5500, name="Physiotherapy"):
    """Add a service with an item."""
    service = a_service(name)
    an_item(cents, label=name, service_ids=[service.id])
    return service


@pytest.mark.slow
def test_only_visits_that_took_place_are_listed_the_latest_first(inside):
    service, patient = a_priced_service(), somebody()
    first, second = (a_visit(patient, service=service, hours=hours) for hours in (0, 2))
    book(MONDAY + timedelta(hours=4), patient=patient, practitioner=a_practitioner())

    found = billing_service.unbilled()

    assert [visit.id for visit in found.rows] == [second.id, first.id]
    assert [visit.price for visit in found.rows] == [euros(5500)] * 2


@pytest.mark.slow
def test_several_visits_make_one_draft_and_are_listed_no_more(inside):
    service, patient = a_priced_service(), somebody()
    visits = [a_visit(patient, service=service, hours=hours) for hours in (0, 2)]

    invoice = billing_service.create_for_visits([visit.id for visit in visits])

    assert (invoice.total, invoice.appointment_id) == (euros(11000), visits[0].id)
    assert [line.appointment_id for line in invoice.lines] == [visit.id for visit in visits]
    assert billing_service.unbilled().rows == []
    assert [found.id for found in billing_service.of_visit(visits[1])[0]] == [invoice.id]


@pytest.mark.slow
def test_a_deleted_draft_leaves_its_visits_unbilled_again(inside):
    visit = a_visit(service=a_priced_service())
    invoice = billing_service.create_for_visits([visit.id])

    billing_service.delete(invoice.id, version=None)

    assert [one.id for one in billing_service.unbilled().rows] == [visit.id]


@pytest.mark.slow
def test_visits_of_a_wholly_credited_invoice_are_unbilled_again(inside):
    service, patient = a_priced_service(), somebody()
    visits = [a_visit(patient, service=service, hours=hours) for hours in (0, 2)]
    ids = [visit.id for visit in visits]
    invoice = billing_service.issue(billing_service.create_for_visits(ids).id, confirm_date=True)

    credited(invoice, "1")
    in_part = billing_service.unbilled().rows
    credited(invoice)
    wholly = billing_service.unbilled().rows
    anew = billing_service.create_for_visits(ids)

    assert in_part == []
    assert {visit.id for visit in wholly} == set(ids)
    assert anew.total == invoice.total
    assert billing_service.unbilled().rows == []


@pytest.mark.slow
def test_what_was_paid_of_a_wholly_credited_invoice_keeps_its_visit_from_nothing(inside):
    visit = a_visit(service=a_priced_service())
    invoice = billing_service.issue(billing_service.create_for_visits([visit.id]).id, confirm_date=True)
    paid(invoice, 5500)

    credited(invoice)

    assert billing_service.credit(visit.patient_id) == euros(5500)
    assert [one.id for one in billing_service.unbilled().rows] == [visit.id]


def test_a_visit_whose_invoice_is_wholly_credited_can_be_billed_from_its_page(client, here):
    with here():
        visit_id = a_visit(service=a_priced_service()).id
        invoice = billing_service.issue(billing_service.create_for_visits([visit_id]).id, confirm_date=True)
        address = f"/appointments/{visit_id}"
        billed = client.get(address).text
        credited(invoice)

    assert "Make invoice" not in billed
    assert "Make invoice" in client.get(address).text


def test_a_visit_is_billed_once(inside):
    visit = a_visit(service=a_priced_service())
    billing_service.create_for_visits([visit.id])

    with pytest.raises(VisitBilled):
        billing_service.create_for_visits([visit.id])


@pytest.mark.slow
@pytest.mark.both_databases
def test_of_four_drafts_of_one_visit_at_once_one_is_made(app, here, at_once: AtOnce):
    with here():
        visit_id = a_visit(service=a_priced_service()).id

    raised = at_once(4, lambda _number: billing_service.create_for_visits([visit_id]))

    assert sorted(type(one).__name__ for one in raised) == ["NoneType", *["VisitBilled"] * 3]
    assert row_counts(app)["invoices"] == 1


def test_visits_of_two_patients_without_a_price_or_not_over_are_refused(inside):
    service = a_priced_service()
    one, other = a_visit(service=service), a_visit(service=service, hours=2)
    unpriced = a_visit(service=a_service("Free"), hours=4)
    booked = book(MONDAY + timedelta(hours=6), patient=somebody(), practitioner=a_practitioner())

    for ids in ([one.id, other.id], [booked.id], []):
        with pytest.raises(InvalidInput) as refused:
            billing_service.create_for_visits(ids)
        assert list(refused.value.problems) == ["appointment_ids"]
    with pytest.raises(VisitWithoutPrice, match="“Free” has no price"):
        billing_service.create_for_visits([unpriced.id])


@pytest.mark.slow
def test_a_price_that_one_item_lacks_is_none(inside):
    service = a_priced_service()
    price_list.create(code="0", label="New", service_ids=[service.id])
    a_visit(service=service)

    assert [visit.price for visit in billing_service.unbilled().rows] == [None]


def test_the_page_makes_one_draft_of_the_ticked_visits(client, here):
    with here():
        service, patient = a_priced_service(), somebody()
        ids = [str(a_visit(patient, service=service, hours=hours).id) for hours in (0, 2)]

    page = client.get("/invoices/unbilled")
    nothing = client.submit("/invoices/unbilled")
    sent = client.submit("/invoices/unbilled", appointment_ids=ids)

    assert "55,00 €" in spoken(page.text)
    assert (nothing.status_code, sent.status_code) == (422, 303)
    assert "110,00 €" in spoken(client.get(sent.location).text)
    assert "Every visit is billed" in client.get("/invoices/unbilled").text


@pytest.mark.slow
def test_a_visit_that_somebody_else_billed_meanwhile_is_a_conflict(client, here):
    with here():
        visit_id = a_visit(service=a_priced_service()).id
        billing_service.create_for_visits([visit_id])

    answer = client.submit("/invoices/unbilled", appointment_ids=[str(visit_id)])

    assert answer.status_code == 409
    assert "is on an invoice or a draft already" in spoken(answer.text)


def test_json_lists_visits_and_drafts_them(client, here):
    with here():
        visit_id = str(a_visit(service=a_priced_service()).id)

    listed = client.get("/api/v1/unbilled-visits")
    made = client.post("/api/v1/unbilled-visits/invoice", json={"appointment_ids": [visit_id]})
    again = client.post("/api/v1/unbilled-visits/invoice", json={"appointment_ids": [visit_id]})

    assert [one["appointment_id"] for one in listed.json["data"]] == [visit_id]
    assert listed.json["data"][0]["price"] == {"amount": "55.00", "currency": "EUR"}
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1/invoices/{made.json['id']}")
    assert (again.status_code, again.json["code"]) == (409, "visit-billed")


def test_commands_list_visits_and_draft_them(run, here):
    with here():
        visit_id = str(a_visit(service=a_priced_service()).id)

    listed = json.loads(run("billing", "unbilled", "--json").stdout)
    made = json.loads(run("billing", "bill", visit_id, "--json").stdout)

    assert [one["appointment_id"] for one in listed] == [visit_id]
    assert made["total"]["amount"] == "55.00"
    assert run("billing", "bill", visit_id).exit_code == 5


@pytest.mark.slow
@pytest.mark.parametrize(("address", "most"), [("/invoices/unbilled", 12), ("/api/v1/unbilled-visits", 4)])
def test_listing_takes_few_statements(app, client, here, address, most):
    with here():
        service = a_priced_service()
        for hours in (0, 2, 4):
            a_visit(service=service, hours=hours)

    with counted_statements(app) as seen:
        client.get(address)

    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= most, seen


@pytest.mark.slow
def test_visits_are_filtered_by_day_practitioner_and_service(client, here, run):
    with here():
        service, other = a_priced_service(), a_priced_service(name="X-ray")
        patient = somebody()
        first = a_visit(patient, service=service)
        last = a_visit(patient, service=other, hours=24)
        ids = {"first": str(first.id), "last": str(last.id)}
        queries = {
            "since=2029-11-27": "last",
            "until=2029-11-26": "first",
            f"practitioner_id={first.practitioner_id}": "first",
            f"service_id={other.id}": "last",
            f"since=2029-11-26&until=2029-11-26&service_id={service.id}&practitioner_id=": "first",
        }

    for query, wanted in queries.items():
        listed = client.get(f"/api/v1/unbilled-visits?{query}").json["data"]
        page = client.get(f"/invoices/unbilled?{query}").text
        unwanted = ids["last" if wanted == "first" else "first"]

        assert [visit["appointment_id"] for visit in listed] == [ids[wanted]], query
        assert (f'value="{ids[wanted]}"' in page, f'value="{unwanted}"' in page) == (True, False), query
    command = run("billing", "unbilled", "--since", "2029-11-27", "--service", str(other.id), "--json")
    assert [visit["appointment_id"] for visit in json.loads(command.stdout)] == [ids["last"]]


def test_a_filter_that_finds_nothing_says_so_and_a_bad_one_is_refused(client, here, run):
    with here():
        a_visit(service=a_priced_service())

    nothing = spoken(client.get("/invoices/unbilled?since=2030-01-01").text)
    bad = client.get("/api/v1/unbilled-visits?since=soon&practitioner_id=x")
    command = run("billing", "unbilled", "--since", "soon")

    assert "No visit matches" in nothing
    assert {error["pointer"] for error in bad.json["errors"]} == {"#/since", "#/practitioner_id"}
    assert (bad.status_code, command.exit_code) == (422, 2)
