"""Hours, exceptions and closures in JSON."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.service import (
    appointment_service,
    closure_service,
    hours_exception_service,
    hours_service,
    practitioner_service,
)
from clinic.identity.api_keys import api_key_service
from tests.assertions import pointers, words_about
from tests.builders import a_practitioner, an_appointment
from tests.statements import counted_statements, of_rows

WEEK = {"ranges": [{"day": "mon", "starts": "8", "ends": "12.30"}, {"day": "fri", "starts": "0900", "ends": "24:00"}]}
DUMPED = {
    "valid_from": None,
    "valid_until": None,
    "ranges": [
        {"day": "mon", "starts": "08:00", "ends": "12:30", "room_id": None},
        {"day": "fri", "starts": "09:00", "ends": "24:00", "room_id": None},
    ],
}
FIRST = "2029-11-26"


@pytest.fixture
def practitioner(here):
    """Somebody with an appointment on a Monday at nine."""
    with here():
        return practitioner_service.get(an_appointment().practitioner_id)


def match(version="*"):
    return {"If-Match": version}


@pytest.mark.slow
@pytest.mark.parametrize("opening", [False, True])
def test_hours_are_read_set_and_guarded_by_their_version(client, practitioner, clinic, opening):
    url = "/api/v1/opening-hours" if opening else f"/api/v1/practitioners/{practitioner.id}/hours"

    before = client.get(url)
    changed = client.put(url, json=WEEK, headers=match(before.headers["ETag"]))
    stale = client.put(url, json={"ranges": []}, headers=match(before.headers["ETag"]))

    owner = None if opening else str(practitioner.id)
    assert before.json == {"practitioner_id": owner, "time_zone": "Europe/Lisbon", "weeks": [], "version": 1}
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json == before.json | {"weeks": [DUMPED], "version": 2}
    assert (stale.status_code, stale.json["present"]) == (412, changed.json)
    assert client.put(url, json=WEEK).status_code == 428
    assert client.get(url, headers={"If-None-Match": '"2"'}).status_code == 304


@pytest.mark.slow
def test_hours_of_another_period_end_the_ones_before(client, practitioner):
    url = f"/api/v1/practitioners/{practitioner.id}/hours"
    client.put(url, json=WEEK, headers=match())

    answer = client.put(url, json={"ranges": [], "valid_from": "2029-12-01"}, headers=match())

    assert answer.json["weeks"] == [DUMPED | {"valid_until": "2029-11-30"}]


def test_every_problem_of_a_week_is_named_at_its_range(client, practitioner):
    week = {
        "valid_from": "2029-12-01",
        "valid_until": "2029-11-30",
        "ranges": [
            {"day": "mon", "starts": "25:00", "ends": "12:00"},
            {"day": "tue", "starts": "8", "ends": "12:30"},
            {"day": "tue", "starts": "12", "ends": "17"},
            {"day": "fri", "starts": "14", "ends": "9"},
        ],
    }

    answer = client.put(f"/api/v1/practitioners/{practitioner.id}/hours", json=week, headers=match())

    assert answer.status_code == 422
    assert sorted(pointers(answer)) == [
        "#/ranges/0/starts",
        "#/ranges/2/ends",
        "#/ranges/3/ends",
        "#/valid_until",
    ]
    assert words_about(answer, "#/ranges/2/ends") == "Tuesday: 08:00–12:30 and 12:00–17:00 overlap"


def test_previews_list_what_falls_outside_and_change_nothing(client, practitioner, here):
    leave = {"practitioner_id": str(practitioner.id), "kind": "leave", "first_day": FIRST}
    asked = {
        f"practitioners/{practitioner.id}/hours": {"ranges": [{"day": "mon", "starts": "10", "ends": "12"}]},
        "opening-hours": {"ranges": [{"day": "mon", "starts": "10", "ends": "12"}]},
        "hours-exceptions": leave,
        "closures": {"name": "Fire drill", "first_day": FIRST},
    }

    answers = {path: client.post(f"/api/v1/{path}/preview", json=body) for path, body in asked.items()}

    assert [answer.json["count"] for answer in answers.values()] == [1, 1, 1, 1]
    reasons = [answer.json["appointments"][0]["reason"] for answer in answers.values()]
    assert reasons == ["Before 10:00", "Before 10:00", "Leave", "Closed"]
    assert answers["closures"].json["appointments"][0]["practitioner_id"] == str(practitioner.id)
    with here():
        assert hours_service.get(practitioner.id).weeks == hours_service.get(None).weeks == []
        assert not [*hours_exception_service.list().rows, *closure_service.list().rows]


@pytest.mark.parametrize(
    ("path", "fields", "change"),
    [
        ("hours-exceptions", {"kind": "extra", "note": "Vaccinations"}, {"kind": "hours"}),
        ("closures", {"name": "Fire drill"}, {"name": "Real fire"}),
    ],
)
def test_exceptions_and_closures_are_added_listed_changed_and_deleted(client, practitioner, path, fields, change):
    if path == "hours-exceptions":
        fields = fields | {"practitioner_id": str(practitioner.id)}
    given = {"first_day": FIRST, "starts": "9", "ends": "12.00", **fields}

    added = client.post(f"/api/v1/{path}", json=given)
    url = added.headers["Location"]
    expected = given | {"last_day": FIRST, "starts": "09:00", "ends": "12:00", "room_id": None, "version": 1}
    assert (added.status_code, expected.items() <= added.json.items()) == (201, True)

    changed = client.patch(url, json=change | {"last_day": "2029-11-30"}, headers=match('"1"'))
    assert changed.json.items() >= (change | {"last_day": "2029-11-30", "version": 2}).items()
    assert client.patch(url, json=change, headers=match('"1"')).status_code == 412
    assert client.get(f"/api/v1/{path}?from=2029-11-30&until=2029-12-31").json["data"] == [client.get(url).json]
    assert client.get(f"/api/v1/{path}?from=2029-12-01").json["data"] == []

    assert client.delete(url).status_code == 428
    assert client.delete(url, headers=match('"1"')).status_code == 412
    assert client.delete(url, headers=match('"2"')).status_code == 204
    assert client.get(url).status_code == 404


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"last_day": "2029-11-25"}, "#/last_day"),
        ({"last_day": "2057-04-12"}, "#/last_day"),
        ({"starts": None}, "#/starts"),
        ({"starts": "25:00"}, "#/starts"),
        ({"ends": "09:00"}, "#/ends"),
        ({"room_id": "019ac000-0000-7000-8000-000000000000"}, "#/room_id"),
    ],
)
def test_impossible_days_and_times_are_refused_when_added_and_when_changed(client, practitioner, change, pointer):
    fields = {"name": "Fire drill", "first_day": FIRST, "last_day": FIRST, "starts": "9", "ends": "12"}
    url = client.post("/api/v1/closures", json=fields).headers["Location"]

    added = client.post("/api/v1/closures", json=fields | change)
    changed = client.patch(url, json=change, headers=match())

    assert [(answer.status_code, pointers(answer)) for answer in (added, changed)] == [(422, [pointer])] * 2


def test_lists_go_on_with_a_cursor(client, here):
    with here():
        for day in range(1, 4):
            closure_service.create(name=f"Day {day}", first_day=date(2029, 1, day), last_day=date(2029, 1, day))

    first = client.get("/api/v1/closures?limit=2")
    second = client.get(f"/api/v1/closures?limit=2&cursor={first.json['next_cursor']}")

    assert [row["name"] for row in (*first.json["data"], *second.json["data"])] == ["Day 1", "Day 2", "Day 3"]


@pytest.mark.slow
def test_reading_hours_takes_few_queries(app, client, practitioner, here):
    with here():
        hours_service.set_week(practitioner.id, [WeeklyRange(day, 480, 720) for day in range(5)])
        a_practitioner()
    urls = [f"practitioners/{practitioner.id}/hours", "opening-hours", "hours-exceptions", "closures"]

    for url in urls:
        with counted_statements(app) as seen:
            assert client.get(f"/api/v1/{url}").status_code == 200
        assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= 4, seen


FROM_TEN = {"ranges": [{"day": "mon", "starts": "10", "ends": "12"}]}


@pytest.fixture
def booked(here, practitioner):
    """Three appointments of the practitioner on the Monday, from nine on."""
    with here():
        times = (datetime(2029, 11, 26, 9, minute, tzinfo=UTC) for minute in (30, 45))
        ids = [an_appointment(None, practitioner, at, 15).id for at in times]
        return [str(one) for one in (appointment_service.day(date(2029, 11, 26))[0].id, *ids)]


@pytest.mark.slow
def test_appointments_outside_are_moved_or_cancelled_with_the_change(client, practitioner, booked):
    url = f"/api/v1/practitioners/{practitioner.id}/hours"
    proposed = client.post(f"{url}/preview", json=FROM_TEN).json["appointments"]
    choices = {booked[0]: "cancel", booked[1]: proposed[1]["proposals"][0], booked[2]: "keep"}

    answer = client.put(url, json=FROM_TEN | {"appointments": choices}, headers=match())

    states = [client.get(f"/api/v1/appointments/{one}").json for one in booked]
    assert (answer.status_code, "appointments" in answer.json) == (200, False)
    assert proposed[0]["proposals"][0] == "2029-11-26T10:00:00Z"
    assert [one["status"] for one in states] == ["cancelled", "booked", "booked"]
    assert states[1]["starts_at"] == proposed[1]["proposals"][0] == "2029-11-26T10:30:00Z"
    assert states[0]["cancel_reason"] == "practitioner"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["hours-exceptions", "closures", "opening-hours"])
def test_every_change_of_hours_takes_choices(client, practitioner, booked, path):
    leave = {"practitioner_id": str(practitioner.id), "kind": "leave", "first_day": FIRST}
    changes: dict[str, dict[str, Any]] = {
        "hours-exceptions": leave,
        "closures": {"name": "Drill", "first_day": FIRST},
        "opening-hours": FROM_TEN,
    }
    send = client.put if path == "opening-hours" else client.post

    answer = send(f"/api/v1/{path}", json={**changes[path], "appointments": {booked[0]: "cancel"}}, headers=match())

    assert answer.status_code in {200, 201}, answer.json
    assert client.get(f"/api/v1/appointments/{booked[0]}").json["status"] == "cancelled"


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("choice", [{}, [], None, 7, "later"])
def test_a_choice_of_no_such_kind_is_refused_at_its_appointment(client, practitioner, booked, choice):
    body = FROM_TEN | {"appointments": {booked[0]: choice}}

    answer = client.put(f"/api/v1/practitioners/{practitioner.id}/hours", json=body, headers=match())

    assert (answer.status_code, pointers(answer)) == (422, [f"#/appointments/{booked[0]}"])


def test_two_choices_for_one_appointment_are_refused(client, practitioner, booked):
    choices = {booked[0].upper(): "cancel", booked[0]: "keep"}
    url = f"/api/v1/practitioners/{practitioner.id}/hours"

    answer = client.put(url, json=FROM_TEN | {"appointments": choices}, headers=match())

    assert (answer.status_code, pointers(answer)) == (422, ["#/appointments"])
    assert client.get(f"/api/v1/appointments/{booked[0]}").json["status"] == "booked"


@pytest.mark.slow
def test_a_changed_exception_takes_choices(client, practitioner, booked):
    fields = {"practitioner_id": str(practitioner.id), "kind": "leave", "first_day": "2029-11-27"}
    url = client.post("/api/v1/hours-exceptions", json=fields).headers["Location"]

    client.patch(url, json={"first_day": FIRST, "appointments": {booked[1]: "cancel"}}, headers=match())

    assert client.get(f"/api/v1/appointments/{booked[1]}").json["status"] == "cancelled"


@pytest.mark.slow
def test_a_time_that_is_taken_changes_nothing_and_names_the_appointment(client, practitioner, booked, here):
    url = f"/api/v1/practitioners/{practitioner.id}/hours"
    choices = {booked[0]: "cancel", booked[1]: "2029-11-26T10:00:00Z", booked[2]: "2029-11-26T10:00:00Z"}

    answer = client.put(url, json=FROM_TEN | {"appointments": choices}, headers=match())

    assert (answer.status_code, answer.json["type"]) == (409, "urn:clinic:problem:choice-impossible")
    assert (answer.json["appointment_id"], answer.json["problem"]) == (booked[2], "slot-taken")
    assert client.get(f"/api/v1/appointments/{booked[0]}").json["status"] == "booked"
    with here():
        assert hours_service.get(practitioner.id).weeks == []


def test_every_wrong_choice_is_named(client, practitioner, booked):
    url = f"/api/v1/practitioners/{practitioner.id}/hours"

    def answer(choices):
        return client.put(url, json=FROM_TEN | {"appointments": choices}, headers=match())

    wrong = answer({"9": "cancel", booked[0]: "later", booked[1]: None})
    assert pointers(wrong) == ["#/appointments/9", f"#/appointments/{booked[0]}", f"#/appointments/{booked[1]}"]
    assert pointers(answer([])) == pointers(answer({str(practitioner.id): "keep"})) == ["#/appointments"]
    assert pointers(answer({str(number): "keep" for number in range(1001)})) == ["#/appointments"]
    assert client.post(f"{url}/preview", json=FROM_TEN | {"appointments": {}}).status_code == 422


@pytest.mark.slow
def test_who_may_not_change_appointments_may_not_choose(client, practitioner, booked, here):
    with here():
        _, key = api_key_service.create(label="Rota", scopes=["appointments:read", "schedule:write"])
    url = f"/api/v1/practitioners/{practitioner.id}/hours"

    headers = match() | {"Authorization": f"Bearer {key}"}
    refused = client.put(url, json=FROM_TEN | {"appointments": {booked[0]: "cancel"}}, headers=headers)
    kept = client.put(url, json=FROM_TEN | {"appointments": {booked[0]: "keep"}}, headers=headers)

    assert (refused.status_code, kept.status_code) == (403, 200)
