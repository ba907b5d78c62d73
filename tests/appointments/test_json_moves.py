"""What integrators do with an appointment after it is booked, and the times that they find."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from clinic.appointments.models import WeeklyHours
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from tests.appointments.schedule import a_room, a_service
from tests.assertions import masked, pointers, row_counts, rows, stored_events, words_about
from tests.builders import a_practitioner, an_appointment, appointment_fields, somebody

URL = "/api/v1/appointments"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
EMPTY = [("arrive", "arrived"), ("check-in", "checked-in"), ("fulfil", "fulfilled"), ("undo", "checked-in")]
ACTIONS = ["reschedule", "cancel", "arrive", "check-in", "fulfil", "no-show", "undo"]


@pytest.fixture
def fields(here):
    """What books a patient with a practitioner."""
    with here():
        return appointment_fields(somebody().id, a_practitioner().id)


@pytest.fixture
def booked(client, fields):
    """A booked appointment as JSON."""
    return client.post(URL, json=fields).json


@pytest.fixture
def service(here):
    """The ids of a service with buffers and of its rooms."""
    with here():
        rooms = [a_room("A"), a_room("B")]
        return {
            "service_id": str(a_service(rooms=rooms, buffer_after=15).id),
            "rooms": [str(room.id) for room in rooms],
        }


@pytest.mark.slow
def test_an_appointment_is_booked_for_a_service_in_a_room_with_a_reason(client, fields, service):
    more = {"service_id": service["service_id"], "reason": "Toothache", "note": "Needs\na lift"}

    answer = client.post(URL, json=fields | more | {"room_id": service["rooms"][1], "overbook_reason": "Not needed"})

    expected = more | {"room_id": service["rooms"][1], "place": 0, "lane": 0, "overbook_reason": None, "late": False}
    assert answer.status_code == 201
    assert answer.json.items() >= expected.items()
    for query, found in (({"room_id": service["rooms"][1]}, 1), ({"room_id": service["rooms"][0]}, 0)):
        assert len(client.get(URL, query_string=query).json["data"]) == found
    assert len(client.get(URL, query_string={"service_id": service["service_id"]}).json["data"]) == 1


@pytest.mark.slow
def test_a_patient_who_is_here_and_a_visit_that_is_over_are_added_in_their_states(app, client, fields):
    past = fields | {"starts_at": "2026-12-01T10:00:00Z", "ends_at": "2026-12-01T10:30:00Z", "status": "fulfilled"}
    here_now = fields | {"starts_at": NOON.isoformat(), "ends_at": "2026-12-01T12:30:00Z", "status": "arrived"}
    with time_machine.travel(NOON, tick=False):
        over, arrived = client.post(URL, json=past), client.post(URL, json=here_now)
        early = client.post(URL, json=fields | {"status": "fulfilled"})
        tomorrow = client.post(URL, json=fields | {"status": "arrived"})
    unknown = client.post(URL, json=fields | {"status": "noshow"})

    assert [(one.status_code, one.json["status"]) for one in (over, arrived)] == [(201, "fulfilled"), (201, "arrived")]
    assert [(one.status_code, pointers(one)) for one in (early, tomorrow)] == [(422, ["#/starts_at"])] * 2
    assert (unknown.status_code, pointers(unknown)) == (422, ["#/status"])
    assert [row["action"] for row in rows(app, "appointment_history")] == ["record", "walk-in"]


@pytest.mark.slow
def test_a_taken_time_names_what_is_taken_and_the_next_free_times(client, here, fields, booked):
    with here():
        other = str(somebody().id)

    answer = client.post(URL, json=fields | {"patient_id": other})

    assert (answer.status_code, answer.json["code"], answer.json["resource"]) == (409, "slot-taken", "practitioner")
    assert answer.json["next_free"][:2] == ["2029-11-26T09:30:00Z", "2029-11-26T09:45:00Z"]


@pytest.mark.slow
def test_a_past_time_is_not_offered_without_a_reason(client, fields, become):
    past = fields | {"starts_at": "2026-01-05T09:00:00Z", "ends_at": "2026-01-05T09:30:00Z"}

    refused, allowed = client.post(URL, json=past), client.post(URL, json=past | {"overbook_reason": "Written down"})

    assert (refused.status_code, refused.json["code"], refused.json["reason"]) == (409, "not-offered", "notice")
    assert (allowed.status_code, allowed.json["overbook_reason"]) == (201, "Written down")


@pytest.mark.slow
def test_an_appointment_is_moved_and_its_own_time_is_not_in_the_way(app, client, booked):
    moved = {"starts_at": "2029-11-26T09:15:00Z", "ends_at": "2029-11-26T10:00:00Z"}

    answer = client.post(f"{URL}/{booked['id']}/reschedule", json=moved, headers={"If-Match": '"1"'})

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json.items() >= (moved | {"id": booked["id"], "status": "booked"}).items()
    ids = {"appointment_id": booked["id"], "patient_id": booked["patient_id"]}
    assert stored_events(app, "appointment.rescheduled") == [ids]


@pytest.mark.slow
def test_a_move_that_makes_no_sense_changes_nothing(app, client, booked, here, other_clinic):
    with here(other_clinic.id):
        theirs = str(a_practitioner().id)
    url, before = f"{URL}/{booked['id']}/reschedule", row_counts(app)

    for body, status, where in (
        ({}, 422, ["#/starts_at"]),
        ({"starts_at": "2029-11-26T09:15:00"}, 422, ["#/starts_at"]),
        ({"starts_at": "2029-11-26T09:15:00Z", "ends_at": "2029-11-26T09:15:00Z"}, 422, ["#/ends_at"]),
        ({"starts_at": "2029-11-26T09:15:00Z", "practitioner_id": theirs}, 422, ["#/practitioner_id"]),
        ({"starts_at": "2029-11-26T09:15:00Z", "room_id": str(uuid4())}, 422, ["#/room_id"]),
        ({"starts_at": "2029-11-26T09:15:00Z", "status": "arrived"}, 422, ["#/status"]),
    ):
        answer = client.post(url, json=body)
        assert (answer.status_code, pointers(answer)) == (status, where), body
    assert client.post(url, json={"starts_at": "2029-11-26T09:15:00Z"}, headers={"If-Match": '"7"'}).status_code == 412
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_cancelled_appointment_is_not_moved_and_the_answer_says_why(client, booked):
    client.post(f"{URL}/{booked['id']}/cancel")

    answer = client.post(f"{URL}/{booked['id']}/reschedule", json={"starts_at": "2029-11-27T09:15:00Z"})

    assert (answer.status_code, answer.json["code"]) == (409, "illegal-transition")
    assert answer.json.items() >= {"state": "cancelled", "by": "API key “Integrator”"}.items()
    assert answer.json["at"].endswith("Z")


def test_an_appointment_is_lived_through_and_the_last_step_undone(app, client, booked):
    states = []
    for action, _ in EMPTY:
        answer = client.post(f"{URL}/{booked['id']}/{action}")
        states.append((action, answer.json["status"]))

    assert states == EMPTY
    history = rows(app, "appointment_history")
    assert [move["action"] for move in history] == ["book", "arrive", "check-in", "fulfil", "undo"]
    assert {move["actor"].partition(":")[0] for move in history} == {"key"}


@pytest.mark.row(77)
def test_a_step_that_is_not_possible_names_the_state_and_who_made_it(client, booked):
    for action, state in (("no-show", "booked"), ("fulfil", "booked")):
        answer = client.post(f"{URL}/{booked['id']}/{action}")
        assert (answer.status_code, answer.json["code"]) == (409, "illegal-transition")
        assert answer.json.items() >= {"state": state, "by": "API key “Integrator”"}.items()


@pytest.mark.slow
def test_the_time_that_something_happened_is_checked(client, booked):
    url = f"{URL}/{booked['id']}/arrive"

    for wrong in ("2020-01-01T00:00:00Z", "2029-11-26T09:00:00Z", "9:00"):
        answer = client.post(url, json={"happened_at": wrong})
        assert (answer.status_code, pointers(answer)) == (422, ["#/happened_at"]), wrong
    assert client.post(url, json={"happened_at": None}).status_code == 200


def test_reason_and_note_are_patched_with_a_version(client, booked):
    url = f"{URL}/{booked['id']}"

    assert client.patch(url, json={"reason": "Pain"}).status_code == 428
    assert client.patch(url, json={"reason": "Pain"}, headers={"If-Match": '"7"'}).status_code == 412
    answer = client.patch(url, json={"reason": "Pain", "note": "Fasting"}, headers={"If-Match": '"1"'})
    cleared = client.patch(url, json={"note": None}, headers={"If-Match": '"2"'})

    assert (answer.json["reason"], answer.json["note"], answer.headers["ETag"]) == ("Pain", "Fasting", '"2"')
    assert (cleared.json["reason"], cleared.json["note"]) == ("Pain", None)
    wrong = client.patch(url, json={"starts_at": booked["starts_at"], "reason": "x" * 201}, headers={"If-Match": "*"})
    assert sorted(pointers(wrong)) == ["#/reason", "#/starts_at"]


@pytest.mark.breadth
@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_done_with_an_appointment_of_another_clinic(client, here, other_clinic, action):
    with here(other_clinic.id):
        theirs = an_appointment().id
    body = {"starts_at": "2029-11-27T09:00:00Z"} if action == "reschedule" else {}

    foreign, missing = (client.post(f"{URL}/{one}/{action}", json=body) for one in (theirs, uuid4()))

    assert foreign.status_code == missing.status_code == 404
    assert masked(foreign) == masked(missing)


def working_hours(practitioner_id):
    """Let somebody work on Mondays from nine to ten."""
    with unit_of_work():
        db.session.add(WeeklyHours(practitioner_id=practitioner_id, weekday=0, starts=9 * 60, ends=10 * 60))


@pytest.mark.slow
def test_free_times_are_found_by_day_and_the_others_explained(client, here, service):
    with here():
        practitioner = a_practitioner()
        working_hours(practitioner.id)
        working_hours(a_practitioner("Dr Brandt").id)
        taken = an_appointment(practitioner=practitioner)
    query = {"from": "2029-11-26", "to": "2029-12-03", "practitioner_id": str(practitioner.id)}

    found = client.get("/api/v1/availability", query_string=query | {"length": 30})
    why = client.get("/api/v1/availability", query_string=query | {"length": 30, "explain": "true"})

    assert found.status_code == 200
    assert [(day["day"], [slot["starts_at"][11:16] for slot in day["slots"]]) for day in found.json["data"]] == [
        ("2029-11-26", ["09:30"]),
        ("2029-12-03", ["09:00", "09:15", "09:30"]),
    ]
    assert (found.json["time_zone"], found.json["refused"]) == ("Europe/Lisbon", [])
    reasons = {one["starts_at"]: (one["reason"], one["appointment_id"]) for one in why.json["refused"]}
    assert reasons["2029-11-26T09:15:00Z"] == ("taken", str(taken.id))
    assert reasons["2029-11-26T08:45:00Z"] == ("outside-hours", None)
    assert len(why.json["refused"]) + 4 == 8 * 96


def test_free_times_of_a_service_are_those_of_all_who_offer_it_and_of_its_rooms(client, here, service):
    with here():
        practitioners = [a_practitioner(name) for name in ("Dr Okafor", "Dr Brandt")]
        for one in practitioners:
            working_hours(one.id)
        patient = somebody()
        mine = an_appointment(patient, practitioners[0])
    query = {"from": "2029-11-26", "to": "2029-11-26", "service_id": service["service_id"]}

    def starts(**more):
        days = client.get("/api/v1/availability", query_string=query | more).json["data"]
        return [(slot["starts_at"][11:16], slot["room_id"]) for day in days for slot in day["slots"]]

    rooms = service["rooms"]
    assert starts() == [(at, rooms[0]) for at in ("09:00", "09:15", "09:30", "09:30")]
    assert starts(patient_id=str(patient.id)) == [("09:30", rooms[0])] * 2
    assert len(starts(patient_id=str(patient.id), ignore=str(mine.id))) == 6
    assert {room for _, room in starts(room_id=rooms[1])} == {rooms[1]}


def test_a_search_that_makes_no_sense_is_refused(client, here, other_clinic):
    with here(other_clinic.id):
        foreign = {"practitioner_id": str(a_practitioner().id), "service_id": str(a_service().id)}

    for query, pointer in (
        ({"from": "2029-01-01", "to": "2056-05-18"}, "to"),
        ({"from": "2029-01-02", "to": "2029-01-01"}, "to"),
        ({"from": "2029-01-01", "to": "2029-02-01"}, "to"),
        ({"from": "tomorrow"}, "from"),
        ({"length": "0"}, "length"),
        ({"explain": "yes"}, "explain"),
        ({"practitioner_id": "x,y"}, "practitioner_id"),
        ({"practitioner_id": foreign["practitioner_id"]}, "practitioner_id"),
        ({"service_id": foreign["service_id"]}, "service_id"),
        ({"room_id": str(uuid4())}, "room_id"),
    ):
        answer = client.get("/api/v1/availability", query_string=query)
        assert (answer.status_code, [p.rpartition("/")[2] for p in pointers(answer)]) == (422, [pointer]), query
    assert client.get("/api/v1/availability?from=2029-01-01&to=2029-01-31").status_code == 200
    assert "31 days" in words_about(client.get("/api/v1/availability?from=2029-01-01&to=2029-02-01"), "#/to")


@pytest.mark.slow
def test_what_is_booked_by_an_undo_or_a_move_is_refused_like_what_is_booked_at_once(client, here, fields, booked):
    with here():
        other = str(somebody().id)
    with time_machine.travel(NOON, tick=False):
        client.post(f"{URL}/{booked['id']}/cancel")
        taken = client.post(URL, json=fields | {"patient_id": other}).json
        later = client.post(
            URL, json=fields | {"starts_at": "2029-11-26T11:00:00Z", "ends_at": "2029-11-26T11:30:00Z"}
        ).json

        undone = client.post(f"{URL}/{booked['id']}/undo")
        moved = client.post(f"{URL}/{later['id']}/reschedule", json={"starts_at": fields["starts_at"]})

    for answer in (undone, moved):
        assert (answer.status_code, answer.json["code"]) == (409, "slot-taken")
        assert answer.json["conflicts"] == [taken["id"]]
    assert timedelta(0) < datetime.fromisoformat(moved.json["next_free"][0]) - datetime.fromisoformat(
        fields["starts_at"]
    )
