"""The timeline of a patient: what all modules say happened, by permission and page by page, on both databases."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect, literal, select

from clinic.appointments.service import appointment_service
from clinic.audit.timeline import select_changes
from clinic.billing.service import billing_service
from clinic.core.audit import AuditEntry
from clinic.core.clock import now
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.modules import registered_modules
from clinic.core.tenancy import current_clinic_id
from clinic.core.timeline_sources import TimelineSource
from clinic.patients.service import consent_service, patient_service
from tests.assertions import spoken
from tests.billing.invoices import an_invoice, euros
from tests.builders import a_member, a_patient, a_practitioner, an_appointment, somebody
from tests.statements import counted_statements, of_rows

KINDS = ["visits", "money", "messages", "changes"]


@pytest.fixture
def patient(store_once):
    """A patient to whom something of each kind has happened by a manager, beside another with the same."""
    return store_once(_two_lives)


def _two_lives():
    member = a_member(current_clinic_id(), "manager", email="who@example.org").id
    _live("Noise", "Dr Noise")
    with as_actor(f"staff:{member}"):
        return _live("Pereira", "Dr Amara Okafor")


def _live(name, practitioner):
    patient = a_patient(family_name=name, phone="+351912555041")
    visit = an_appointment(patient, a_practitioner(practitioner), now() - timedelta(days=1))
    appointment_service.cancel(visit.id, reason="patient", note="Has a cold", version=None)
    patient_service.update(patient.id, version=None, phone="+351912555014", given_name="Ines")
    patient_service.update(patient.id, version=None, email="other@example.org")
    consent_service.record(patient.id, {("news", "email"): True, ("news", "sms"): True}, source="phone")
    billing_service.record_payment(an_invoice(patient).id, amount=euros(2000), method="card")
    return patient.id


def _read(here, patient, **options):
    with here():
        return patient_service.timeline(patient_service.get(patient), **{"limit": 50} | options)


def _titles(found, *kinds):
    return [entry.text.title for entry in found.entries if entry.kind.name in (kinds or KINDS)]


@pytest.mark.slow
@pytest.mark.both_databases
def test_what_happened_is_listed_by_all_modules_the_latest_first(here, patient):
    found = _read(here, patient)

    assert _titles(found, "money", "visits", "changes") == [
        *("Paid 20,00\u00a0€", "Invoice issued", "Invoice drafted"),
        *("Consent yes:", "Changed", "Changed"),
        *("Cancelled late", "Booked", "Registered a patient"),
    ]
    assert len(_titles(found, "messages")) == 3
    assert found.next_key is None
    assert {entry.actor_name for entry in found.entries if entry.row.actor} == {"Manager Person"}


@pytest.mark.slow
def test_pages_join_without_gap_or_repetition_also_of_one_kind(here, patient):
    for kind in (None, "changes"):
        whole = [entry.row.id for entry in _read(here, patient, kind=kind).entries]
        paged: list[UUID] = []
        after = None
        while after or not paged:
            found = _read(here, patient, kind=kind, limit=2, after=after)
            paged += [entry.row.id for entry in found.entries]
            after = found.next_key

        assert paged == whole


@pytest.mark.slow
def test_entries_are_counted_by_kind_and_those_that_follow(here, patient):
    first = _read(here, patient, limit=2, counted=True)
    second = _read(here, patient, limit=2, counted=True, after=first.next_key)
    changes = _read(here, patient, limit=2, counted=True, kind="changes")

    assert first.counts == second.counts == changes.counts == {"visits": 2, "money": 3, "messages": 3, "changes": 4}
    assert (first.older, second.older, changes.older) == (10, 8, 2)


@pytest.mark.slow
def test_a_move_shows_both_times_and_the_booking_the_first_one(here):
    with here():
        visit = an_appointment(somebody(), a_practitioner("Dr Two"), now() + timedelta(days=3))
        patient, start = visit.patient_id, visit.starts_at
        appointment_service.reschedule(visit.id, starts_at=start + timedelta(days=1), version=None, overbook_reason="x")

    moved, booked = _read(here, patient, kind="visits").entries

    assert " → " in moved.text.text
    assert moved.text.text.split(" → ")[0] == booked.text.text


@pytest.mark.slow
def test_a_change_shows_the_values_before_and_after(client, patient):
    page = spoken(client.get(f"/patients/{patient}?show=changes").text)

    assert "given names Inês → changed to Ines; phone +351912555041 → changed to +351912555014" in page
    assert "Noise" not in page


@pytest.fixture
def become_without(client, clinic, here):
    """Let a manager have signed in who lacks a permission."""

    def become(denied):
        with here():
            member = a_member(clinic.id, "manager", email="denied@example.org", denied=[denied]).id
        client.become(member, clinic.id)

    return become


@pytest.mark.slow
@pytest.mark.parametrize(
    ("denied", "missing"),
    [("invoices:read", "money"), ("appointments:read", "visits"), ("notifications:read", "messages")],
)
def test_who_may_not_see_a_kind_sees_no_entry_and_no_filter_of_it(client, become_without, patient, denied, missing):
    become_without(denied)

    page = client.get(f"/patients/{patient}").text

    assert [kind for kind in KINDS if f"show={kind}" in page] == [kind for kind in KINDS if kind != missing]


def test_who_may_not_see_contact_details_sees_no_change_of_them(client, become_without, patient):
    before = client.get(f"/patients/{patient}?show=changes").text
    become_without("patients:contact")

    page = client.get(f"/patients/{patient}?show=changes").text

    assert "other@example.org" in before
    assert "Changes 3" in spoken(page)
    assert "given names" in page
    assert "91255" not in page
    assert "other@example.org" not in page


@pytest.mark.slow
def test_notes_on_appointments_are_shown_to_those_who_may_see_them(client, become_without, patient):
    assert "Has a cold" in client.get(f"/patients/{patient}").text

    become_without("appointments:notes")

    assert "Has a cold" not in client.get(f"/patients/{patient}").text


def _broken_query(_ids):
    raise RuntimeError("broken")


def _unknown_column(_ids):
    names = ("at", "id", "action", "record", "record_id", "actor")
    return select(
        *(literal("x").label(name) for name in names), literal("nonsense").op("NO OPERATOR")(1).label("details")
    )


def _broken_texts(_rows):
    raise RuntimeError("broken")


def _break(app, monkeypatch, **parts):
    billing = next(one for one in registered_modules(app) if one.name == "billing")
    first, *others = billing.get_timeline_sources()
    given = {name: getattr(first, name) for name in ("name", "kind", "permission", "query", "present")}
    sources = [TimelineSource(**given | parts), *others]
    monkeypatch.setattr(type(billing), "get_timeline_sources", lambda _self: sources)


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    "parts",
    [{"query": _broken_query}, {"query": _unknown_column}, {"present": _broken_texts}],
    ids=["query", "SQL", "texts"],
)
def test_what_can_not_be_read_is_named_and_the_rest_of_the_page_stands(app, client, patient, monkeypatch, parts):
    _break(app, monkeypatch, **parts)

    answer = client.get(f"/patients/{patient}")
    page = spoken(answer.text)

    assert answer.status_code == 200
    assert "Money could not be read; the rest of the page is complete." in page
    assert "Paid 20,00 €" in page
    assert "Cancelled late" in page
    assert "Invoice issued" not in page
    assert "Visits 2" in page


def test_json_never_passes_over_what_can_not_be_read(app, client, patient, monkeypatch):
    _break(app, monkeypatch, query=_broken_query)

    with pytest.raises(RuntimeError, match="broken"):
        client.get(f"/api/v1/patients/{patient}/timeline")


@pytest.mark.slow
def test_the_page_shows_twenty_entries_and_the_way_to_the_older_ones(client, here):
    with here():
        patient = a_patient().id
        for number in range(25):
            patient_service.update(patient, version=None, given_name=f"Inês {number}")

    page = client.get(f"/patients/{patient}").text
    older = page.split('data-older><a class="btn small" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older.removesuffix("#timeline")).text

    assert page.count("<time ") == 20
    assert "Show 7 older" in spoken(page)
    assert second.count("<time ") == 7
    assert "Registered a patient" in second
    assert "Show the newest" in second


def test_a_timeline_without_entries_of_a_kind_says_so(client, here):
    with here():
        patient = a_patient().id

    assert "Nothing about money yet. Show everything" in spoken(client.get(f"/patients/{patient}?show=money").text)


@pytest.mark.parametrize("query", ["show=nonsense", "cursor=nonsense", "nonsense=1"])
def test_a_query_that_the_page_does_not_know_is_refused(client, patient, query):
    assert client.get(f"/patients/{patient}?{query}").status_code in {400, 422}


@pytest.mark.slow
def test_the_page_takes_at_most_twelve_statements(app, client, here, patient):
    with here():
        visit = an_appointment(patient_service.get(patient), a_practitioner("Dr Now"), now() - timedelta(minutes=5))
        appointment_service.arrive(visit.id, version=None)
    client.patch(f"/api/v1/patients/{patient}", json={"given_name": "Rita"}, headers={"If-Match": "*"})
    client.get(f"/patients/{patient}")

    with counted_statements(app) as seen:
        page = client.get(f"/patients/{patient}").text

    assert "API key" in page
    assert len(of_rows(seen)) <= 12, seen


@pytest.mark.both_databases
def test_changes_are_found_by_an_index_that_leaves_out_the_views(here, patient):
    with here():
        query = str(select_changes([patient]).compile(db.engine, compile_kwargs={"render_postcompile": True}))

    entries: Any = inspect(AuditEntry).local_table
    index = next(one for one in entries.indexes if one.name == "ix_audit_entries_changes")
    assert str(index.dialect_options["postgresql"]["where"]) in " ".join(query.split())
