"""Recalls: made on pages, in JSON and by command, listed by their day, and closed when a visit is booked."""

import json
from datetime import date, timedelta

import pytest
import time_machine

from clinic.appointments.service import appointment_service
from clinic.core.clock import today
from clinic.core.errors import StaleVersion
from clinic.patients.recall_rules import after_months
from clinic.patients.service import InvalidRecall, RecallClosed, patient_service, recall_service
from tests.assertions import pointers, row_counts, rows, spoken
from tests.builders import an_appointment, somebody
from tests.statements import counted_statements, of_rows

WHY = {"reason": "Check-up", "practitioner": "Dr Amara Okafor"}


def day(ahead=0):
    return today("Europe/Lisbon") + timedelta(days=ahead)


def overdue(patient):
    """Return a recall that was made two months ago for a month later."""
    with time_machine.travel(day(-60)):
        return recall_service.create(patient.id, due_on=day(30), reason="Check-up")


@pytest.fixture
def patient(client, here):
    """A registered patient."""
    with here():
        return somebody(phone="+351912555014")


@pytest.fixture
def recall(client, patient):
    """A recall that is due in ten days."""
    sent = WHY | {"due_on": day(10).isoformat()}
    return client.post(f"/api/v1/patients/{patient.id}/recalls", json=sent).json


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [("2026-08-31", 6, "2027-02-28"), ("2027-08-31", 6, "2028-02-29"), ("2026-11-15", 1, "2026-12-15")],
)
def test_so_many_months_later_is_the_same_day_or_the_last_one_of_the_month(start, months, end):
    assert after_months(date.fromisoformat(start), months) == date.fromisoformat(end)


def test_the_worklist_is_divided_by_the_day_and_leaves_out_who_can_not_be_booked(inside):
    patient, archived, dead = somebody(), somebody(), somebody()
    late = overdue(patient)
    due, later = (recall_service.create(patient.id, due_on=day(ahead), reason="x") for ahead in (30, 31))
    for other in (archived, dead):
        recall_service.create(other.id, due_on=day(), reason="x")
    patient_service.archive(archived.id)
    patient_service.record_death(dead.id, deceased_on=day())

    assert [recall_service.list(show=part).rows for part in ("overdue", "due", "later")] == [[late], [due], [later]]
    assert recall_service.counts() == {"overdue": 1, "due": 1, "later": 1, "done": 0, "dropped": 0}


def test_a_booking_closes_what_is_due_and_its_cancellation_opens_it_again(inside):
    patient = somebody()
    late = overdue(patient)
    later = recall_service.create(patient.id, due_on=day(31), reason="x")
    appointment = an_appointment(patient)

    found = recall_service.list(show="done").rows
    assert [(one.id, one.appointment_id) for one in found] == [(late.id, appointment.id)]
    assert recall_service.open_of(patient.id) == [later]
    appointment_service.cancel(appointment.id, reason="patient")
    assert [one.id for one in recall_service.open_of(patient.id)] == [late.id, later.id]


def test_closing_is_undone_and_a_closed_recall_is_not_changed(inside):
    recall = recall_service.create(somebody().id, due_on=day(), reason="Check-up")

    assert recall_service.drop(recall.id).state == "dropped"
    assert recall_service.complete(recall.id).state == "dropped"
    with pytest.raises(RecallClosed):
        recall_service.update(recall.id, reason="Other")
    assert recall_service.reopen(recall.id).closed_by is None


def test_a_day_in_the_past_is_refused_unless_it_is_that_on_record(inside):
    patient = somebody()
    late = overdue(patient)

    with pytest.raises(InvalidRecall):
        recall_service.create(patient.id, due_on=day(-1), reason="x")
    with pytest.raises(InvalidRecall):
        recall_service.update(late.id, due_on=day(-1))
    assert recall_service.update(late.id, due_on=late.due_on, reason="Teeth").reason == "Teeth"


def test_a_stale_change_is_refused(inside):
    recall = recall_service.create(somebody().id, due_on=day(), reason="x")

    for change in (recall_service.update, recall_service.complete, recall_service.drop, recall_service.reopen):
        with pytest.raises(StaleVersion):
            change(recall.id, version=7)


def test_a_recall_is_made_changed_and_done_on_pages(app, client, patient):
    made = client.submit(f"/patients/{patient.id}/recalls/new", in_months="6", reason="Check-up")
    stored = rows(app, "recalls")[0]
    edit = f"/patients/recalls/{stored['id']}"
    parts = {f"due_on__{part}": getattr(day(3), part) for part in ("year", "month", "day")}
    changed = client.submit(f"{edit}/edit", reason="Teeth", version="1", **parts)
    page, worklist = client.get(f"/patients/{patient.id}").text, client.get("/patients/recalls").text
    done = client.submit(f"{edit}/complete", version="2")

    assert {answer.status_code for answer in (made, changed, done)} == {303}
    assert stored["due_on"] == after_months(day(), 6)
    assert all("Teeth" in text for text in (page, worklist))
    assert f"/appointments/new?patient={patient.id}" in worklist
    assert "Teeth" in client.get("/patients/recalls?show=done").text
    assert client.submit(f"{edit}/reopen", version="3").status_code == 303


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({}, "Enter when: in how many months, or a day"),
        ({"in_months": "6", "due_on__year": "2030", "due_on__month": "1", "due_on__day": "1"}, "Enter either"),
        ({"due_on__year": "2001", "due_on__month": "1", "due_on__day": "1"}, "not in the past"),
        ({"in_months": "999"}, "Enter a number of months"),
    ],
)
def test_a_refused_form_is_shown_again_with_what_was_typed(app, client, patient, typed, text):
    answer = client.submit(f"/patients/{patient.id}/recalls/new", reason="Kept", **typed)

    assert (answer.status_code, text in spoken(answer.text), 'value="Kept"' in answer.text) == (422, True, True)
    assert row_counts(app)["recalls"] == 0


def test_a_stale_form_shows_both_versions_and_a_stale_button_changes_nothing(app, client, recall):
    edit = f"/patients/recalls/{recall['id']}"
    parts = {f"due_on__{part}": getattr(day(3), part) for part in ("year", "month", "day")}

    answer = client.submit(f"{edit}/edit", reason="Mine", version="7", **parts)

    assert (answer.status_code, "Mine" in answer.text, "Check-up" in answer.text) == (409, True, True)
    assert client.submit(f"{edit}/drop", version="7").status_code == 409
    assert rows(app, "recalls")[0]["state"] == "open"


def test_json_makes_changes_closes_and_lists(client, patient, recall):
    one = f"/api/v1/recalls/{recall['id']}"

    changed = client.patch(one, json={"in_months": 1}, headers={"If-Match": '"1"'})
    stale = client.patch(one, json={"reason": "x"}, headers={"If-Match": '"1"'})
    later = client.get("/api/v1/recalls?show=later").json["data"]
    dropped = client.post(f"{one}/drop")
    refused = client.patch(one, json={"reason": "x"}, headers={"If-Match": "*"})

    assert recall["author"] == "API key “Integrator”"
    assert (changed.json["due_on"], stale.status_code) == (after_months(day(), 1).isoformat(), 412)
    assert [found["id"] for found in later] == ([recall["id"]] if after_months(day(), 1) > day(30) else [])
    assert (dropped.json["state"], refused.json["code"]) == ("dropped", "recall-closed")
    assert client.post(f"{one}/reopen").json["state"] == "open"
    assert client.post(f"{one}/complete").json["state"] == "done"
    assert len(client.get(f"/api/v1/recalls?patient_id={patient.id}").json["data"]) == 1


def test_json_answers_every_problem_at_once(client, patient):
    sent = {"due_on": "soon", "practitioner": "x" * 201, "loud": True}
    answer = client.post(f"/api/v1/patients/{patient.id}/recalls", json=sent)

    assert (answer.status_code, set(pointers(answer))) == (422, {"#/due_on", "#/reason", "#/practitioner", "#/loud"})


@pytest.mark.parametrize("months", [{}, [1]])
def test_months_that_are_no_number_are_refused(client, patient, recall, months):
    sent = {"in_months": months, "reason": "Check-up"}

    made = client.post(f"/api/v1/patients/{patient.id}/recalls", json=sent)
    changed = client.patch(f"/api/v1/recalls/{recall['id']}", json=sent, headers={"If-Match": '"1"'})

    assert [(one.status_code, pointers(one)) for one in (made, changed)] == [(422, ["#/in_months"])] * 2


def test_the_worklist_is_listed_page_by_page(client, patient):
    for ahead in range(3):
        sent = WHY | {"due_on": day(ahead).isoformat()}
        client.post(f"/api/v1/patients/{patient.id}/recalls", json=sent)

    first = client.get("/api/v1/recalls?show=due&limit=2")
    second = client.get(first.headers["Link"].partition("<")[2].partition(">")[0])

    found = [one["due_on"] for answer in (first, second) for one in answer.json["data"]]
    assert found == [day(ahead).isoformat() for ahead in range(3)]


@pytest.mark.parametrize("path", ["/recalls?show=due", "/recalls/{}"])
def test_reading_takes_at_most_four_statements(app, client, recall, path):
    url = f"/api/v1{path.format(recall['id'])}"
    client.get(url)

    with counted_statements(app) as statements:
        assert client.get(url).status_code == 200

    assert len(of_rows(statements)) <= 4, statements


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/{patient}", "/recalls", "/recalls/{recall}/edit"])
def test_a_page_takes_at_most_twelve_statements(app, client, patient, recall, path):
    url = "/patients" + path.format(patient=patient.id, recall=recall["id"])
    client.get(url)

    with counted_statements(app) as statements:
        assert client.get(url).status_code == 200

    assert len(of_rows(statements)) <= 12, statements


def test_commands_make_change_close_and_list(run, patient):
    made = json.loads(run("patients", "add-recall", "1", "--in-months", "6", "--reason", "Check-up", "--json").stdout)

    assert made["due_on"] == after_months(day(), 6).isoformat()
    assert run("patients", "edit-recall", made["id"], "--due-on", day(1).isoformat()).exit_code == 0
    assert run("patients", "recalls", "--show", "due").stdout.startswith(day(1).isoformat())
    assert run("patients", "complete-recall", made["id"]).exit_code == 0
    assert run("patients", "edit-recall", made["id"], "--reason", "x").exit_code == 5
    assert run("patients", "reopen-recall", made["id"]).exit_code == 0
    assert run("patients", "drop-recall", made["id"]).exit_code == 0
    assert "dropped" in run("patients", "recalls", "--patient", "1").stdout
    assert run("patients", "add-recall", "1", "--reason", "x").exit_code == 2
