"""The pages of the audit trail: filters, reasons, who looked, export."""

import csv
import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from clinic.appointments.service import appointment_service
from clinic.audit.service import audit_service
from clinic.billing.service import billing_service
from clinic.core.audit import AuditEntry
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.identity.api_keys import api_key_service
from clinic.identity.members import member_service
from clinic.patients import pages
from clinic.patients.service import patient_service
from tests.assertions import spoken
from tests.billing.invoices import KEY, an_invoice
from tests.builders import MONDAY, a_member, a_patient, a_practitioner, an_appointment
from tests.page_client import hidden_value

CANARY = "Kanarienvogel"


@pytest.fixture
def patient(here):
    with here():
        return a_patient(family_name="Pereira").id


def number_of(here, patient_id):
    with here():
        return patient_service.get(patient_id).mrn


@contextmanager
def counted_statements(app):
    seen = []

    def note(_connection, _cursor, statement, *_more):
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def entries(here, **wanted):
    with here():
        found = db.session.scalars(select(AuditEntry).filter_by(**wanted).order_by(AuditEntry.id)).all()
        return [(entry.action, entry.record, entry.actor, entry.changes) for entry in found]


def test_the_trail_shows_who_changed_what_by_field(client, patient):
    client.get(f"/patients/{patient}")

    page = client.get("/audit").text

    assert "Administrator Person" in page
    assert "Looked at a patient" in page
    assert "<dt>Family name</dt>" in page
    assert "Pereira" in page


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("action=viewed", "Looked at a patient", "Registered a patient"),
        ("record=patients&action=created", "Registered a patient", "Looked at a patient"),
        ("actor=system", "Registered a patient", "Looked at a patient"),
        ("since=2020-01-01&until=2020-01-02", "No entry matches", "Registered a patient"),
        ("actor=&action=&record=&since=&until=", "Registered a patient", "No entry matches"),
    ],
)
def test_the_trail_is_filtered(client, patient, query, seen, unseen):
    client.get(f"/patients/{patient}")

    page = client.get(f"/audit?{query}").text

    assert seen in page
    assert unseen not in page


@pytest.mark.parametrize(("query", "status"), [("x=1", 400), ("since=yesterday", 422), ("cursor=x", 400)])
def test_a_query_that_can_not_be_is_refused(client, query, status):
    assert client.get(f"/audit?{query}").status_code == status


def test_a_patients_entries_need_a_reason_which_becomes_part_of_the_trail(client, here, patient):
    asked = client.get(f"/audit?patient_id={patient}")
    shown = client.get(f"/audit?patient_id={patient}&reason=Complaint+17")

    assert (asked.status_code, "Say why" in asked.text, "Enter the reason" in asked.text) == (200, True, False)
    assert "Pereira" not in asked.text
    assert "Pereira" in shown.text
    assert [changes for *_, changes in entries(here, record="audit_entries")] == [{"reason": [None, "Complaint 17"]}]


def test_a_blank_reason_is_asked_for_again_with_the_patients_number_and_a_way_back(client, here, patient):
    page = client.get(f"/audit?patient_id={patient}&action=viewed&reason=+")

    assert page.status_code == 422
    assert "Enter the reason" in page.text
    assert f'<a class="nowrap" href="/patients/{patient}">{number_of(here, patient)}</a>' in page.text
    assert f'<a href="/patients/{patient}">Back to the patient</a>' in page.text
    assert hidden_value(page.text, "action") == "viewed"
    assert entries(here, record="audit_entries") == []


def test_the_export_asks_for_the_reason_too_and_goes_on_with_the_export(client, patient):
    page = client.get(f"/audit/export?patient_id={patient}")

    assert 'action="/audit/export"' in page.text


def test_the_trail_of_one_patient_says_so_and_can_be_left(client, here, patient):
    page = client.get(f"/audit?patient_id={patient}&action=created&reason=Complaint+17").text

    told = f"Only what was done with patient {number_of(here, patient)} . Your reason: “Complaint 17”."
    assert told in spoken(page)
    assert f'<a class="nowrap" href="/patients/{patient}">{number_of(here, patient)}</a>' in page
    assert 'href="/audit?action=created">Clear' in page
    assert "Only what was done with" not in client.get("/audit?action=created").text


def test_a_record_is_told_by_its_number_and_values_in_plain_words(client, here):
    with here():
        appointment, invoice = an_appointment(starts_at=MONDAY, practitioner=a_practitioner("Dr Silva")), an_invoice()
        number, booked_for = invoice.number, patient_service.get(appointment.patient_id).mrn
        appointment_service.cancel(appointment.id, reason="clinic")
        patient_service.update(appointment.patient_id, version=None, birth_date="1991-06-22")
        appointment_id, patient_id, invoice_id = appointment.id, appointment.patient_id, invoice.id

    page = client.get("/audit").text
    told = spoken(page)

    assert f'Changed an invoice: <a class="nowrap" href="/invoices/{invoice_id}">{number}</a>' in page
    assert f'Changed an appointment: <a class="nowrap" href="/appointments/{appointment_id}">Open</a>; ' in page
    assert f'<a class="nowrap" href="/patients/{patient_id}">{booked_for}</a>' in page
    assert "State Booked → Cancelled" in told
    assert "With Dr Silva From Mon 30 Nov 2026, 09:00" in told
    assert "Date of birth 21-Jun-1991" in told
    assert "Agreed to messages Yes" in told
    assert "Total 50,00" in told


def test_permissions_and_roles_are_told_in_plain_words(client, here, clinic):
    with here():
        member = a_member(clinic.id, "receptionist", email="rita@example.org")
        worker = member_service.named(member.email)
        member_service.update(
            worker.membership.id, version=worker.membership.version, name="Rita", role="manager", denied=["audit:read"]
        )

    told = spoken(client.get("/audit?record=memberships&action=changed").text)

    assert "Changed a staff member: Rita" in told
    assert "Role Receptionist → Manager" in told
    assert "See who saw and changed what" in told


def test_an_entry_keeps_ids_and_seal_out_of_sight(client, patient):
    page = client.get("/audit?record=patients").text

    row = page[page.index("<tbody") : page.index("</tbody>")]
    outside = re.sub(r"<details>.*?</details>", "", row, flags=re.DOTALL)
    assert str(patient) not in re.sub(r'href="[^"]*"', "", outside)
    assert "Sealed Not yet" in spoken(row)
    assert f"Record {patient}" in spoken(row)


def test_the_filters_have_plain_words(client):
    page = client.get("/audit").text

    assert '<option value="memberships">Staff members</option>' in page
    assert '<option value="api_keys">API keys</option>' in page
    assert '<option value="sign-in-refused">Sign-in refused</option>' in page
    assert "Entries can’t be changed unnoticed" in page


def test_the_trail_asks_the_database_at_most_twelve_times(client, app, here, clinic):
    with here():
        an_appointment(starts_at=MONDAY)
        invoice = an_invoice()
        billing_service.record_payment(invoice.id, amount=invoice.due, method="cash", idempotency_key=KEY)
        api_key_service.create(label="Website", scopes=["all"])
        worker = member_service.named(a_member(clinic.id, "receptionist", email="rita@example.org").email)
        member_service.update(
            worker.membership.id, version=worker.membership.version, name="Rita", role="manager", denied=[]
        )
    for url in ("/patients", "/appointments", "/invoices"):
        client.get(url)

    with counted_statements(app) as statements:
        page = client.get("/audit")

    assert page.text.count("<details>") > 15
    assert len([one for one in statements if one.startswith(("SELECT", "INSERT", "UPDATE"))]) <= 12


def test_who_looked_at_a_record_can_be_seen_and_printed(client, patient):
    client.get("/patients")
    client.get(f"/patients/{patient}")

    page = client.get(f"/patients/{patient}/access-log")

    assert page.status_code == 200
    assert page.text.count("Administrator Person") >= 3
    assert "In a list of patients" in page.text
    assert "<td>The record</td>" in page.text
    assert f"/patients/{patient}/access-log" in client.get(f"/patients/{patient}").text


def test_the_sheet_says_when_by_whom_and_that_it_is_not_all(client, patient, monkeypatch):
    whole = spoken(client.get(f"/patients/{patient}/access-log").text)
    monkeypatch.setattr(pages, "ACCESS_LOG_PAGE", 2)
    for _ in range(3):
        client.get(f"/patients/{patient}")
    part = spoken(client.get(f"/patients/{patient}/access-log").text)

    assert re.search(r"Printed on \w+ \d+ \w+ \d{4}, \d\d:\d\d by Administrator Person\.", whole)
    assert "earlier ones" not in whole
    assert "Only 2 looks are on this sheet: there were earlier ones." in part


def test_looks_at_other_records_are_told_in_plain_words(client, here, patient):
    with here():
        appointment = an_appointment(patient_service.get(patient)).id
    client.get(f"/appointments/{appointment}")
    client.get(f"/audit?patient_id={patient}&reason=Complaint")

    page = client.get(f"/patients/{patient}/access-log").text

    assert "<td>An appointment</td>" in page
    assert "<td>The audit trail</td>" in page


def test_the_way_to_the_trail_stands_last_on_the_patients_page(client, patient):
    page = client.get(f"/patients/{patient}").text
    aside = page[page.index("<aside") :]

    assert aside.index('id="balance"') < aside.index('id="contact"') < aside.index('id="audit-title"')


@pytest.mark.row(54)
def test_the_export_holds_the_seals_and_is_itself_in_the_trail_with_its_count(client, here, patient):
    answer = client.get("/audit/export?record=patients")
    *rows, signature = csv.DictReader(answer.text.splitlines())

    assert signature["at"] == "signature"
    assert len(signature["seal"]) == 64
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-trail.csv"'
    assert answer.content_type == "text/csv; charset=utf-8"
    assert rows[0]["action"] == "created"
    assert {"position", "seal", "request_id", "address"} <= rows[0].keys()
    exported = [changes for action, *_, changes in entries(here, record="audit_entries") if action == "exported"]
    assert exported == [{"count": [None, len(rows)], "of_record": [None, "patients"]}]


def test_an_export_of_a_patients_entries_is_told_with_the_patient_the_reason_and_the_filters(client, here, patient):
    client.get(f"/audit/export?patient_id={patient}&reason=Complaint&actor=nobody&since=2026-11-01")

    with here():
        noted = audit_service.list(action="exported").rows[0]
        assert noted.patient_id == patient
        assert noted.changes == {
            "reason": [None, "Complaint"],
            "of_actor": [None, "nobody"],
            "since": [None, "2026-11-01T00:00:00Z"],
            "count": [None, 0],
        }


def test_whoever_saw_or_exported_the_trail_looked_at_those_whom_it_tells_of(client, here, patient):
    with here():
        other = a_patient(family_name="Sousa").id
    client.get("/audit?action=created")
    client.get("/audit/export")
    client.get(f"/audit/export?patient_id={patient}&reason=Complaint")

    looks = [spoken(client.get(f"/patients/{one}/access-log").text) for one in (patient, other)]

    assert all("In a list of entries of the audit trail" in page for page in looks)
    assert [page.count("The audit trail, exported") for page in looks] == [2, 1]


def test_a_list_of_entries_that_tell_of_no_patient_is_told_as_a_look_at_the_trail(client, here):
    client.get("/audit?action=nothing")

    assert [act[:2] for act in entries(here, record="audit_entries")] == [("viewed", "audit_entries")]


def test_another_clinics_entries_are_not_shown(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = a_patient(family_name=CANARY)

    pages = [client.get(url).text for url in ("/audit", "/audit/export", f"/audit?patient_id={theirs.id}&reason=x")]

    assert not any(CANARY in page for page in pages)
    assert client.get(f"/patients/{theirs.id}/access-log").status_code == 404


@pytest.mark.parametrize("role", ["receptionist", "practitioner", "billing-clerk", "read-only"])
def test_the_trail_is_for_those_who_may_see_it(client, here, clinic, patient, role):
    with here():
        member = a_member(clinic.id, role).id
    client.become(member, clinic.id)

    answers = [client.get(url) for url in ("/audit", "/audit/export", f"/patients/{patient}/access-log")]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Audit trail" not in client.get(f"/patients/{patient}").text


@pytest.mark.parametrize(
    ("actor", "words"), [("cli:maria@desk", "Command by maria@desk"), ("import:demo", "Import “demo”")]
)
def test_commands_and_imports_are_named(client, here, actor, words):
    with here(), as_actor(actor):
        a_patient()

    assert f"<td>{words}</td>" in client.get("/audit").text


def test_people_and_keys_are_named(client, here, clinic):
    client.post("/api/v1/practitioners", json={"name": "Dr X"})
    with here():
        named = member_service.list()[0]
    client.get("/patients")

    page = client.get("/audit").text

    assert "API key “Integrator”" in page
    assert named.membership.name in page
