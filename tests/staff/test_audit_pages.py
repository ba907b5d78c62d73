"""The pages of the audit trail: filters, reasons, who looked, export."""

import csv

import pytest
from sqlalchemy import select

from clinic.core.audit import AuditEntry
from clinic.core.database import db
from clinic.staff.service import member_service
from tests.builders import a_member, a_patient

CANARY = "Kanarienvogel"


@pytest.fixture
def patient(here):
    with here():
        return a_patient(family_name="Pereira").id


def entries(here, **wanted):
    with here():
        found = db.session.scalars(select(AuditEntry).filter_by(**wanted).order_by(AuditEntry.id)).all()
        return [(entry.action, entry.record, entry.actor, entry.changes) for entry in found]


def test_the_trail_shows_who_changed_what_by_field(client, patient):
    client.get(f"/patients/{patient}")

    page = client.get("/audit").text

    assert "Administrator Person" in page
    assert "viewed patients" in page
    assert "family name" in page
    assert "Pereira" in page


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("action=viewed", "viewed patients", "created patients"),
        ("record=patients&action=created", "created patients", "viewed patients"),
        ("actor=system", "created patients", "viewed patients"),
        ("since=2020-01-01&until=2020-01-02", "No entry matches", "created patients"),
        ("actor=&action=&record=&since=&until=", "created patients", "No entry matches"),
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

    assert "Say why" in asked.text
    assert "Pereira" not in asked.text
    assert "Pereira" in shown.text
    assert [changes for *_, changes in entries(here, record="audit_entries")] == [{"reason": [None, "Complaint 17"]}]


def test_who_looked_at_a_record_can_be_seen_and_printed(client, patient):
    client.get("/patients")
    client.get(f"/patients/{patient}")

    page = client.get(f"/patients/{patient}/looks")

    assert page.status_code == 200
    assert page.text.count("Administrator Person") >= 3
    assert "In a list of patients" in page.text
    assert f"/patients/{patient}/looks" in client.get(f"/patients/{patient}").text


def test_the_way_to_the_trail_stands_last_on_the_patients_page(client, patient):
    page = client.get(f"/patients/{patient}").text
    aside = page[page.index("<aside") :]

    assert aside.index('id="balance"') < aside.index('id="contact"') < aside.index('id="audit-title"')


@pytest.mark.row(54)
def test_the_export_holds_the_seals_and_is_itself_in_the_trail_with_its_count(client, here, patient):
    answer = client.get("/audit/export?record=patients")
    rows = list(csv.DictReader(answer.text.splitlines()))

    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-trail.csv"'
    assert answer.content_type == "text/csv; charset=utf-8"
    assert rows[0]["action"] == "created"
    assert {"position", "seal", "request_id", "address"} <= rows[0].keys()
    exported = [changes for action, *_, changes in entries(here, record="audit_entries") if action == "exported"]
    assert exported == [{"count": [None, len(rows)]}]


def test_another_clinics_entries_are_not_shown(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = a_patient(family_name=CANARY)

    pages = [client.get(url).text for url in ("/audit", "/audit/export", f"/audit?patient_id={theirs.id}&reason=x")]

    assert not any(CANARY in page for page in pages)
    assert client.get(f"/patients/{theirs.id}/looks").status_code == 404


@pytest.mark.parametrize("role", ["receptionist", "practitioner", "billing-clerk", "read-only"])
def test_the_trail_is_for_those_who_may_see_it(client, here, clinic, patient, role):
    with here():
        member = a_member(clinic.id, role).id
    client.become(member, clinic.id)

    answers = [client.get(url) for url in ("/audit", "/audit/export", f"/patients/{patient}/looks")]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Audit trail" not in client.get(f"/patients/{patient}").text


def test_people_and_keys_are_named(client, here, clinic):
    client.post("/api/v1/practitioners", json={"name": "Dr X"})
    with here():
        named = member_service.list()[0]
    client.get("/patients")

    page = client.get("/audit").text

    assert "API key “Integrator”" in page
    assert named.membership.name in page
