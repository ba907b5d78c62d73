"""Archived and deceased patients: neither is booked, and whatever asks for it gets the same answer."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from clinic.appointments.service import IllegalTransition, appointment_service
from clinic.billing.service import LineFields, billing_service
from clinic.core.clock import now, today
from clinic.core.errors import StaleVersion
from clinic.core.money import Money
from clinic.patients.service import InvalidPatient, PatientArchived, PatientDeceased, patient_service
from tests.assertions import pointers, row_counts, rows, spoken
from tests.builders import MONDAY, a_practitioner, an_appointment, appointment_fields, somebody

ARCHIVED = "This patient’s record is archived: restore it first"
DECEASED = "This patient has died: nothing is booked any more"
LINE: LineFields = {"description": "Consultation", "quantity": Fraction(1), "unit_price": Money(4500, "EUR")}


def day(back=0):
    return today("Europe/Lisbon") - timedelta(days=back)


@pytest.fixture
def patient(client, here):
    """A registered patient."""
    with here():
        return somebody()


@pytest.fixture
def url(patient):
    """The address of the patient's page."""
    return f"/patients/{patient.id}"


def test_archiving_and_restoring_are_published_once_each(inside, published):
    patient = somebody()
    for change in (patient_service.archive, patient_service.archive, patient_service.restore, patient_service.restore):
        change(patient.id)

    assert published[-2:] == [(f"patient.{name}", {"patient_id": str(patient.id)}) for name in ("archived", "restored")]
    assert patient_service.get(patient.id).version == 3


def test_a_stale_change_of_the_state_is_refused(inside):
    patient = somebody()

    for change in (patient_service.archive, patient_service.restore, patient_service.undo_death):
        with pytest.raises(StaleVersion):
            change(patient.id, version=7)


@pytest.mark.slow
def test_an_archived_patient_is_neither_booked_nor_billed_until_restored(inside):
    patient, practitioner = somebody(), a_practitioner()
    patient_service.archive(patient.id)

    with pytest.raises(PatientArchived):
        an_appointment(patient, practitioner)
    with pytest.raises(PatientArchived):
        billing_service.create(patient_id=patient.id, lines=[LINE])

    patient_service.restore(patient.id)
    assert an_appointment(patient, practitioner).status == "booked"
    assert billing_service.create(patient_id=patient.id, lines=[LINE]).total_minor == 4500


def test_of_somebody_who_died_only_a_visit_before_that_is_recorded(inside):
    patient, practitioner = somebody(), a_practitioner()
    patient_service.record_death(patient.id, deceased_on=day(2))
    visit: dict[str, Any] = {"patient_id": patient.id, "practitioner_id": practitioner.id}

    for starts_at in (MONDAY, now() - timedelta(hours=2)):
        with pytest.raises(PatientDeceased):
            appointment_service.record_past(
                **visit, starts_at=min(starts_at, now()), ends_at=starts_at + timedelta(hours=1)
            )
    before = now() - timedelta(days=5)
    past = appointment_service.record_past(**visit, starts_at=before, ends_at=before + timedelta(minutes=30))
    assert past.status == "fulfilled"


def test_what_is_booked_for_somebody_who_died_is_cancelled_but_neither_moved_nor_booked_again(inside):
    patient = somebody()
    appointment = an_appointment(patient)
    patient_service.record_death(patient.id, deceased_on=day())

    with pytest.raises(PatientDeceased):
        appointment_service.reschedule(appointment.id, starts_at=MONDAY + timedelta(hours=1))
    appointment_service.cancel(appointment.id, reason="other")
    with pytest.raises(IllegalTransition, match="has died"):
        appointment_service.undo(appointment.id)

    patient_service.undo_death(patient.id)
    assert appointment_service.undo(appointment.id).status == "booked"


@pytest.mark.parametrize(("back", "message"), [(-1, "not in the future"), (30000, "after the date of birth")])
def test_a_day_of_death_is_possible(inside, back, message):
    patient = somebody(birth_date="1991-06")

    with pytest.raises(InvalidPatient, match=message):
        patient_service.record_death(patient.id, deceased_on=day(back))


@pytest.mark.parametrize("state", ["archived", "deceased"])
def test_every_way_of_booking_answers_alike(client, run, here, patient, state):
    with here():
        practitioner_id = a_practitioner().id
        if state == "archived":
            patient_service.archive(patient.id)
        else:
            patient_service.record_death(patient.id, deceased_on=day())
    text = ARCHIVED if state == "archived" else DECEASED
    typed = {"practitioner_id": practitioner_id, "day": "2029-11-26", "time": "9:00", "minutes": "30"}

    page = client.submit("/appointments/new", patient="P-000001", **typed)
    json = client.post("/api/v1/appointments", json=appointment_fields(patient.id, practitioner_id))
    named = ["--practitioner", "Dr Amara Okafor", "--starts", "2029-11-26 09:00"]
    command = run("appointments", "book", "--patient", "P-000001", *named)

    assert (page.status_code, text in spoken(page.text)) == (409, True)
    assert (json.status_code, json.json["code"], json.json["detail"]) == (409, f"patient-{state}", text)
    assert (command.exit_code, text in command.stderr) == (5, True)
    with here():
        assert appointment_service.upcoming_of(patient.id) == []


@pytest.mark.slow
def test_every_way_of_billing_an_archived_patient_answers_alike(app, client, run, here, patient):
    with here():
        patient_service.archive(patient.id)
    line = {"description": "Consultation", "quantity": "1", "unit_price": {"amount": "45.00", "currency": "EUR"}}
    typed = {"lines-0-description": "Consultation", "lines-0-quantity": "1", "lines-0-unit_price": "45"}

    page = client.submit("/invoices/new", patient="P-000001", **typed)
    json = client.post("/api/v1/invoices", json={"patient_id": str(patient.id), "lines": [line]})
    command = run("billing", "create", "--patient", "P-000001", "--line", "Consultation|1|45")

    assert (page.status_code, ARCHIVED in spoken(page.text), "Consultation" in page.text) == (409, True, True)
    assert (json.status_code, json.json["code"]) == (409, "patient-archived")
    assert (command.exit_code, ARCHIVED in command.stderr) == (5, True)
    assert row_counts(app)["invoices"] == 0


def test_the_page_archives_says_so_and_restores(client, url):
    archived = client.submit(f"{url}/archive", version="1")
    page = spoken(client.get(url).text)
    restored = client.submit(f"{url}/restore", version="2")

    assert (archived.status_code, restored.status_code) == (303, 303)
    assert "This record is archived." in page
    assert "Book N" not in page
    assert "This record is archived." not in spoken(client.get(url).text)


@pytest.mark.parametrize("act", ["archive", "restore", "death/undo"])
def test_a_button_of_a_stale_page_changes_nothing_and_leads_to_the_record(app, client, url, act):
    answer = client.submit(f"{url}/{act}", version="7")

    assert (answer.status_code, f'href="{url}"' in answer.text) == (409, True)
    assert rows(app, "patients")[0]["version"] == 1


def test_the_page_of_a_death_lists_what_is_booked_and_records_the_day(app, client, here, patient, url):
    with here():
        appointment = an_appointment(patient)
    page = client.get(f"{url}/death").text
    parts = {f"deceased_on__{part}": getattr(day(1), part) for part in ("year", "month", "day")}

    answer = client.submit(f"{url}/death", version="1", **parts)

    assert f"/appointments/{appointment.id}" in page
    assert answer.status_code == 303
    assert rows(app, "patients")[0]["deceased_on"] == day(1)
    assert "Died on" in spoken(client.get(url).text)


def test_the_form_of_a_death_keeps_what_was_typed(app, client, url):
    answer = client.submit(f"{url}/death", version="1", deceased_on__year="2999", deceased_on__month="1")

    assert (answer.status_code, 'value="2999"' in answer.text) == (422, True)
    assert rows(app, "patients")[0]["deceased_on"] is None


def test_json_changes_the_state_with_version_and_key(client, url):
    api = f"/api/v1{url}"

    archived = client.post(f"{api}/archive", headers={"If-Match": '"1"'})
    stale = client.post(f"{api}/restore", headers={"If-Match": '"1"'})
    dead = client.post(f"{api}/death", json={"deceased_on": day().isoformat()})
    wrong = client.post(f"{api}/death", json={"deceased_on": "2999-01-01"})
    back = client.post(f"{api}/death/undo")

    assert (archived.status_code, archived.json["state"], archived.headers["ETag"]) == (200, "archived", '"2"')
    assert (stale.status_code, stale.get_json(force=True)["present"]["state"]) == (412, "archived")
    assert dead.json["deceased_on"] == day().isoformat()
    assert (wrong.status_code, pointers(wrong)) == (422, ["#/deceased_on"])
    assert back.json["deceased_on"] is None


def test_commands_change_the_state(app, run, patient):
    assert "restore P-000001" in run("patients", "archive", "1").stderr
    assert run("patients", "restore", "1").exit_code == 0
    assert run("patients", "record-death", "1", "--on", day().isoformat()).exit_code == 0
    assert rows(app, "patients")[0]["deceased_on"] == day()
    assert run("patients", "undo-death", "1").exit_code == 0
    assert (run("patients", "record-death", "1").exit_code, rows(app, "patients")[0]["deceased_on"]) == (2, None)


def test_a_change_is_audited_with_old_and_new(app, client, url):
    client.post(f"/api/v1{url}/death", json={"deceased_on": day().isoformat()})

    changed = [entry for entry in rows(app, "audit_entries") if entry["action"] == "changed"]
    assert changed[-1]["changes"]["deceased_on"] == [None, day().isoformat()]
