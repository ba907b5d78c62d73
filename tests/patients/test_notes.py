"""Notes of the desk and alerts: on the patient's page, on booking and moving, in JSON and by command."""

import json

import pytest

from clinic.core.errors import StaleVersion
from clinic.patients.service import InvalidNote, NoteEnded, note_service
from tests.assertions import pointers, row_counts, rows, spoken
from tests.builders import an_appointment, somebody
from tests.statements import counted_statements, of_rows

TEXT = "Step-free entrance only: book Room 1"


@pytest.fixture
def patient(client, here):
    """A registered patient."""
    with here():
        return somebody()


@pytest.fixture
def url(patient):
    """The address of the patient's page."""
    return f"/patients/{patient.id}"


@pytest.fixture
def alert(client, url):
    """An alert of the patient."""
    return client.post(f"/api/v1{url}/notes", json={"text": TEXT, "kind": "alert"}).json


def test_a_note_becomes_an_alert_and_is_ended_and_shown_again(inside):
    patient = somebody()
    note = note_service.create(patient.id, text=TEXT)

    assert note_service.alerts(patient.id) == []
    note_service.update(note.id, kind="alert")
    assert [one.text for one in note_service.alerts(patient.id)] == [TEXT]
    note_service.end(note.id)
    assert (note_service.current(patient.id), note_service.list(patient.id, ended=True).rows) == ([], [note])
    note_service.restore(note.id)
    assert [one.ended_by for one in note_service.current(patient.id)] == [None]


def test_an_alert_is_short_however_it_becomes_one(inside):
    patient = somebody()
    note = note_service.create(patient.id, text="x" * 201)

    with pytest.raises(InvalidNote, match="200 characters"):
        note_service.update(note.id, kind="alert")
    with pytest.raises(InvalidNote):
        note_service.create(patient.id, text="x" * 201, kind="alert")
    assert note_service.alerts(patient.id) == []


def test_a_stale_change_and_one_of_an_ended_note_are_refused(inside):
    note = note_service.create(somebody().id, text=TEXT)

    for change in (note_service.update, note_service.end, note_service.restore):
        with pytest.raises(StaleVersion):
            change(note.id, version=7)
    note_service.end(note.id)
    with pytest.raises(NoteEnded):
        note_service.update(note.id, text="Other")


@pytest.mark.slow
def test_alerts_are_shown_with_who_and_when_on_the_record_on_booking_and_on_moving(client, here, patient, url, alert):
    with here():
        appointment = an_appointment(patient)

    for page in (url, f"/appointments/new?patient={patient.id}", f"/appointments/{appointment.id}/move"):
        text = spoken(client.get(page).text)
        assert TEXT in text
        assert "API key “Integrator”, " in text


def test_who_may_not_see_patients_sees_no_alert_when_booking(client, become, patient, alert):
    become("receptionist", "patients:read")

    answer = client.get(f"/appointments/new?patient={patient.id}")

    assert (answer.status_code, TEXT in answer.text) == (200, False)


def test_a_note_is_added_in_place_changed_and_ended(app, client, url):
    added = client.submit(f"{url}/notes", text="Prefers mornings;\nworks nights")
    note = rows(app, "patient_notes")[0]
    changed = client.submit(f"/patients/notes/{note['id']}/edit", text="Prefers evenings", version="1")
    page = spoken(client.get(url).text)
    ended = client.submit(f"/patients/notes/{note['id']}/end", version="2")

    assert {answer.status_code for answer in (added, changed, ended)} == {303}
    assert (note["kind"], note["text"], note["recorded_by"][:6]) == (
        "note",
        "Prefers mornings;\nworks nights",
        "staff:",
    )
    assert "Prefers evenings" in page
    assert "Prefers evenings" not in spoken(client.get(url).text.partition("<aside")[2])
    assert "Prefers evenings" in spoken(client.get(f"{url}/notes").text)


def test_a_refused_note_is_shown_again_with_what_was_typed(app, client, url):
    empty = client.submit(f"{url}/notes", text=" ", kind="alert")
    long = client.submit(f"{url}/notes", text="y" * 201, kind="alert")

    assert (empty.status_code, "Enter the note" in empty.text) == (422, True)
    assert (long.status_code, "y" * 201 in long.text, 'value="alert" checked' in long.text) == (422, True, True)
    assert row_counts(app)["patient_notes"] == 0


def test_a_stale_form_shows_both_versions(client, alert):
    answer = client.submit(f"/patients/notes/{alert['id']}/edit", text="Mine", version="7")

    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert TEXT in answer.text


def test_a_stale_button_changes_nothing(app, client, alert):
    answer = client.submit(f"/patients/notes/{alert['id']}/end", version="7")

    assert (answer.status_code, rows(app, "patient_notes")[0]["ended_at"]) == (409, None)


def test_json_adds_changes_ends_and_lists(client, url, alert):
    api, one = f"/api/v1{url}/notes", f"/api/v1/patient-notes/{alert['id']}"
    client.post(api, json={"text": "Second"})

    changed = client.patch(one, json={"kind": "note"}, headers={"If-Match": '"1"'})
    stale = client.patch(one, json={"kind": "alert"}, headers={"If-Match": '"1"'})
    ended = client.post(f"{one}/end")
    refused = client.patch(one, json={"text": "Third"}, headers={"If-Match": "*"})

    assert (changed.json["kind"], changed.json["version"], stale.status_code) == ("note", 2, 412)
    assert (ended.json["ended_by"][:4], refused.status_code, refused.json["code"]) == ("key:", 409, "note-ended")
    assert [note["text"] for note in client.get(f"{api}?ended=no").json["data"]] == ["Second"]
    assert len(client.get(api).json["data"]) == 2
    assert client.post(f"{one}/restore").json["ended_at"] is None


def test_json_answers_every_problem_at_once(client, url):
    answer = client.post(f"/api/v1{url}/notes", json={"text": "", "kind": "shout", "loud": True})

    assert (answer.status_code, set(pointers(answer))) == (422, {"#/text", "#/kind", "#/loud"})


@pytest.mark.parametrize("path", ["/notes", "one"])
def test_reading_takes_at_most_four_statements(app, client, url, alert, path):
    path = f"/api/v1/patient-notes/{alert['id']}" if path == "one" else f"/api/v1{url}{path}"
    client.get(path)

    with counted_statements(app) as statements:
        assert client.get(path).status_code == 200

    assert len(of_rows(statements)) <= 4, statements


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/notes", "/edit"])
def test_a_page_takes_at_most_twelve_statements(app, client, url, alert, path):
    path = f"/patients/notes/{alert['id']}/edit" if path == "/edit" else url + path
    client.get(path)

    with counted_statements(app) as statements:
        assert client.get(path).status_code == 200

    assert len(of_rows(statements)) <= 12, statements


def test_commands_add_change_end_and_list(run, patient):
    added = json.loads(run("patients", "add-note", "1", "--text", TEXT, "--kind", "alert", "--json").stdout)

    assert run("patients", "edit-note", added["id"], "--kind", "note").exit_code == 0
    assert run("patients", "end-note", added["id"]).exit_code == 0
    assert run("patients", "edit-note", added["id"], "--text", "x").exit_code == 5
    assert run("patients", "notes", "1").stdout == ""
    assert run("patients", "notes", "1", "--all").stdout.startswith(f"note\t{TEXT}\t")
    assert run("patients", "restore-note", added["id"]).exit_code == 0
    assert run("patients", "add-note", "1").exit_code == 2
