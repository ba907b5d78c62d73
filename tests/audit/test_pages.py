"""Pages of the audit trail: filters, reasons, access log, export."""

import csv
import re
from collections import Counter

import pytest
from sqlalchemy import select

from clinic.appointments.service import appointment_service
from clinic.audit import pages as audit_pages
from clinic.audit.service import audit_service
from clinic.billing.service import billing_service
from clinic.core.audit import AuditEntry
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import api_key_service
from clinic.identity.members import member_service
from clinic.patients.pages import patients as patient_pages
from clinic.patients.service import consent_service, patient_service
from tests.assertions import spoken
from tests.billing.invoices import KEY, an_invoice
from tests.builders import MONDAY, a_member, a_patient, a_practitioner, an_appointment, somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

CANARY = "Kanarienvogel"


@pytest.fixture
def patient(here):
    with here():
        return somebody(family_name="Pereira").id


def number_of(here, patient_id):
    with here():
        return patient_service.get(patient_id).mrn


def entries(here, **wanted):
    with here():
        found = db.session.scalars(select(AuditEntry).filter_by(**wanted).order_by(AuditEntry.id)).all()
        return [(entry.action, entry.record, entry.actor, entry.changes) for entry in found]


def test_the_page_shows_who_changed_which_fields(client, patient):
    client.get(f"/patients/{patient}")

    page = client.get("/audit").text

    assert "Administrator Person" in page
    assert "Viewed a patient" in page
    assert "<dt>Family name</dt>" in page
    assert "Pereira" in page


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("action=viewed", "Viewed a patient", "Registered a patient"),
        ("record=patients&action=created", "Registered a patient", "Viewed a patient"),
        ("actor=system", "Registered a patient", "Viewed a patient"),
        ("since=2020-01-01&until=2020-01-02", "No entry matches", "Registered a patient"),
        ("actor=&action=&record=&since=&until=", "Registered a patient", "No entry matches"),
    ],
)
def test_entries_are_filtered(client, patient, query, seen, unseen):
    client.get(f"/patients/{patient}")

    page = client.get(f"/audit?{query}").text

    assert seen in page
    assert unseen not in page


@pytest.mark.breadth
@pytest.mark.parametrize(("query", "status"), [("x=1", 400), ("since=yesterday", 422), ("cursor=x", 400)])
def test_an_invalid_query_is_rejected(client, query, status):
    assert client.get(f"/audit?{query}").status_code == status


def test_a_patients_entries_require_a_reason_which_is_recorded(client, here, patient):
    asked = client.get(f"/audit?patient_id={patient}")
    shown = client.get(f"/audit?patient_id={patient}&reason=Complaint+17")

    assert (asked.status_code, "Enter your reason" in asked.text, "Enter the reason" in asked.text) == (
        200,
        True,
        False,
    )
    assert "Pereira" not in asked.text
    assert "Pereira" in shown.text
    assert [changes for *_, changes in entries(here, record="audit_entries")] == [{"reason": [None, "Complaint 17"]}]


@pytest.mark.slow
def test_a_blank_reason_shows_the_form_again_with_a_link_to_the_patient(client, here, patient):
    page = client.get(f"/audit?patient_id={patient}&action=viewed&reason=+")

    assert page.status_code == 422
    assert "Enter the reason" in page.text
    assert f'<a class="nowrap" href="/patients/{patient}">{number_of(here, patient)}</a>' in page.text
    assert f'<a href="/patients/{patient}">Back to the patient</a>' in page.text
    assert hidden_value(page.text, "action") == "viewed"
    assert entries(here, record="audit_entries") == []


def test_the_export_of_a_patients_entries_requires_a_reason(client, patient):
    page = client.get(f"/audit/export?patient_id={patient}")

    assert 'action="/audit/export"' in page.text


@pytest.mark.slow
def test_the_filter_by_patient_is_shown_and_can_be_cleared(client, here, patient):
    page = client.get(f"/audit?patient_id={patient}&action=created&reason=Complaint+17").text

    shown = f"Only entries of patient {number_of(here, patient)} . Your reason: “Complaint 17”."
    assert shown in spoken(page)
    assert f'<a class="nowrap" href="/patients/{patient}">{number_of(here, patient)}</a>' in page
    assert 'href="/audit?action=created">Clear' in page
    assert "Only entries of" not in client.get("/audit?action=created").text


@pytest.mark.slow
def test_records_are_shown_by_number_and_values_by_label(client, here):
    with here():
        appointment, invoice = an_appointment(starts_at=MONDAY, practitioner=a_practitioner("Dr Silva")), an_invoice()
        number, booked_for = invoice.number, patient_service.get(appointment.patient_id).mrn
        appointment_service.cancel(appointment.id, reason="clinic")
        patient_service.update(appointment.patient_id, version=None, birth_date="1991-06-22")
        consent_service.record(appointment.patient_id, {("news", "email"): True}, source="phone")
        appointment_id, patient_id, invoice_id = appointment.id, appointment.patient_id, invoice.id

    page = client.get("/audit").text
    shown = spoken(page)

    assert f'Changed an invoice: <a class="nowrap" href="/invoices/{invoice_id}">{number}</a>' in page
    assert f'Changed an appointment: <a class="nowrap" href="/appointments/{appointment_id}">Open</a>; ' in page
    assert f'<a class="nowrap" href="/patients/{patient_id}">{booked_for}</a>' in page
    assert "Status Booked → Cancelled" in shown
    assert "Practitioner Dr Silva Start Mon 26 Nov 2029, 09:00" in shown
    assert "Date of birth 21-Jun-1991" in shown
    assert "Purpose News Channel Email Answer Yes Source On the phone" in shown
    assert "Total 50,00" in shown


def test_permissions_and_roles_are_shown_by_label(client, here, clinic):
    with here():
        member = a_member(clinic.id, "receptionist", email="rita@example.org")
        worker = member_service.get_by_email(member.email)
        member_service.update(
            worker.membership.id, version=worker.membership.version, name="Rita", role="manager", denied=["audit:read"]
        )

    shown = spoken(client.get("/audit?record=memberships&action=changed").text)

    assert "Changed a staff member: Rita" in shown
    assert "Role Receptionist → Manager" in shown
    assert "View the audit trail and access logs" in shown


@pytest.mark.slow
def test_ids_and_seal_of_an_entry_are_shown_in_its_details_only(client, patient):
    page = client.get("/audit?record=patients").text

    row = page[page.index("<tbody") : page.index("</tbody>")]
    outside = re.sub(r"<details>.*?</details>", "", row, flags=re.DOTALL)
    assert str(patient) not in re.sub(r'href="[^"]*"', "", outside)
    assert "Sealed Not yet" in spoken(row)
    assert f"Record ID {patient}" in spoken(row)


@pytest.mark.slow
def test_the_filters_offer_labels(client):
    page = client.get("/audit").text

    assert '<option value="memberships">Staff members</option>' in page
    assert '<option value="api_keys">API keys</option>' in page
    assert '<option value="sign-in-refused">Sign-in refused</option>' in page
    assert "Changes to entries and to exported files are detected." in page


@pytest.mark.slow
def test_the_page_executes_at_most_twelve_statements(client, app, here, clinic):
    with here():
        an_appointment(starts_at=MONDAY)
        invoice = an_invoice()
        billing_service.record_payment(invoice.id, amount=invoice.due, method="cash", idempotency_key=KEY)
        api_key_service.create(label="Website", scopes=["all"])
        worker = member_service.get_by_email(a_member(clinic.id, "receptionist", email="rita@example.org").email)
        member_service.update(
            worker.membership.id, version=worker.membership.version, name="Rita", role="manager", denied=[]
        )
    for url in ("/patients", "/appointments", "/invoices"):
        client.get(url)

    with counted_statements(app) as statements:
        page = client.get("/audit")

    assert page.text.count("<details>") > 15
    assert len(of_rows(statements)) <= 12


def test_a_listing_shows_its_first_patients_and_the_number_of_the_others(client, here):
    with here():
        with unit_of_work():
            people = [somebody() for _ in range(9)]
        last = people[-1].mrn
    client.get("/patients")

    page = client.get("/audit?action=listed").text

    assert "; and 4 more</dd>" in page
    assert page.count('href="/patients/') == 5
    assert last not in page


@pytest.mark.slow
def test_the_filter_of_users_has_a_hundred_at_most_and_the_chosen_one(client, clinic, here, monkeypatch):
    monkeypatch.setattr(audit_pages, "MOST_ACTORS", 3)
    with here():
        chosen = a_member(clinic.id, "manager", email="first@example.org").id
        for number in range(4):
            a_member(clinic.id, "manager", email=f"{number}@example.org")
            api_key_service.create(label=f"Key {number}", scopes=["patients:read"])

    page = client.get(f"/audit?actor=staff:{chosen}").text
    choices = re.search(r'name="actor".*?</select>', page, re.DOTALL)

    assert choices
    assert choices[0].count("<option") == 5
    assert f'<option value="staff:{chosen}" selected>' in choices[0]
    assert "The latest 3 only" in page


@pytest.mark.slow
def test_the_page_of_a_big_trail_has_at_most_sixty_kilobytes_and_its_pages_show_every_entry(client, here):
    with here():
        for number in range(30):
            patient = somebody(address=f"{number:04}" + "&" * 300)
            patient_service.update(patient.id, version=None, address=f"{number + 1000}" + "<" * 300)

    url: str | None = "/audit?record=patients"
    shown: list[str] = []
    while url:
        page = client.get(url).text
        assert len(page.encode()) <= 60 * 1024
        shown += re.findall(r"<dt>Record ID</dt><dd><small>([^<]*)", page)
        following = re.search(r'href="([^"]*)" rel="next"', page)
        url = following[1].replace("&amp;", "&") if following else ""

    recorded = entries(here, record="patients")
    assert len([action for action, *_ in recorded if action in {"created", "changed"}]) == 60
    assert len(shown) == 60
    assert set(Counter(shown).values()) == {2}


@pytest.mark.slow
def test_the_access_log_lists_views_of_a_record(client, patient):
    client.get("/patients")
    client.get(f"/patients/{patient}")

    page = client.get(f"/patients/{patient}/access-log")

    assert page.status_code == 200
    assert page.text.count("Administrator Person") >= 3
    assert "List of patients" in page.text
    assert "<td>Patient record</td>" in page.text
    assert f"/patients/{patient}/access-log" in client.get(f"/patients/{patient}").text


@pytest.mark.slow
def test_a_printed_access_log_names_time_and_user_and_missing_entries(client, patient, monkeypatch):
    whole = spoken(client.get(f"/patients/{patient}/access-log").text)
    monkeypatch.setattr(patient_pages, "ACCESS_LOG_PAGE", 2)
    for _ in range(3):
        client.get(f"/patients/{patient}")
    part = spoken(client.get(f"/patients/{patient}/access-log").text)

    assert re.search(r"Printed on \w+ \d+ \w+ \d{4}, \d\d:\d\d by Administrator Person\.", whole)
    assert "there are earlier ones" not in whole
    assert "Only 2 entries are printed; there are earlier ones." in part


def test_views_of_other_records_are_shown_by_label(client, here, patient):
    with here():
        appointment = an_appointment(patient_service.get(patient)).id
    client.get(f"/appointments/{appointment}")
    client.get(f"/audit?patient_id={patient}&reason=Complaint")

    page = client.get(f"/patients/{patient}/access-log").text

    assert "<td>An appointment</td>" in page
    assert "<td>The audit trail</td>" in page


@pytest.mark.slow
def test_the_link_to_the_audit_trail_is_in_the_menu_of_the_patients_page(client, patient):
    page = client.get(f"/patients/{patient}").text
    menu = page[page.index('<details class="more">') : page.index("</section>")]

    assert f"/audit?patient_id={patient}" in menu
    assert menu.index("New invoice") < menu.index("Access log")


@pytest.mark.slow
@pytest.mark.row(54)
def test_an_export_has_the_seals_and_is_recorded_with_its_count(client, here, patient):
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


def test_an_export_of_a_patients_entries_is_recorded_with_patient_reason_and_filters(client, here, patient):
    client.get(f"/audit/export?patient_id={patient}&reason=Complaint&actor=nobody&since=2026-11-01")

    with here():
        recorded = audit_service.list(action="exported").rows[0]
        assert recorded.subject_id == patient
        assert recorded.changes == {
            "reason": [None, "Complaint"],
            "of_actor": [None, "nobody"],
            "since": [None, "2026-11-01T00:00:00Z"],
            "count": [None, 0],
        }


@pytest.mark.slow
def test_views_and_exports_of_the_audit_trail_are_in_the_access_logs_of_its_patients(client, here, patient):
    with here():
        other = a_patient(family_name="Sousa").id
    client.get("/audit?action=created")
    client.get("/audit/export")
    client.get(f"/audit/export?patient_id={patient}&reason=Complaint")

    logs = [spoken(client.get(f"/patients/{one}/access-log").text) for one in (patient, other)]

    assert all("List of entries of the audit trail" in page for page in logs)
    assert [page.count("The audit trail, exported") for page in logs] == [2, 1]


@pytest.mark.slow
def test_a_list_of_entries_without_patients_is_recorded_as_a_view(client, here):
    client.get("/audit?action=nothing")

    assert [act[:2] for act in entries(here, record="audit_entries")] == [("viewed", "audit_entries")]


def test_another_clinics_entries_are_not_shown(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = a_patient(family_name=CANARY)

    pages = [client.get(url).text for url in ("/audit", "/audit/export", f"/audit?patient_id={theirs.id}&reason=x")]

    assert not any(CANARY in page for page in pages)
    assert client.get(f"/patients/{theirs.id}/access-log").status_code == 404


@pytest.mark.breadth
@pytest.mark.parametrize("role", ["receptionist", "practitioner", "billing-clerk", "read-only"])
def test_the_audit_trail_requires_its_permission(client, here, clinic, patient, role):
    with here():
        member = a_member(clinic.id, role).id
    client.become(member, clinic.id)

    answers = [client.get(url) for url in ("/audit", "/audit/export", f"/patients/{patient}/access-log")]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Audit trail" not in client.get(f"/patients/{patient}").text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("actor", "words"), [("cli:maria@desk", "Command by maria@desk"), ("import:demo", "Import “demo”")]
)
def test_commands_and_imports_are_named(client, here, actor, words):
    with here(), as_actor(actor):
        a_patient()

    assert f'<td class="words">{words}</td>' in client.get("/audit").text


@pytest.mark.slow
def test_people_and_keys_are_named(client, here, clinic):
    client.post("/api/v1/practitioners", json={"name": "Dr X"})
    with here():
        named = member_service.list()[0]
    client.get("/patients")

    page = client.get("/audit").text

    assert "API key “Integrator”" in page
    assert named.membership.name in page
