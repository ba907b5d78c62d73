"""Practitioners, rooms and services as integrators and operators see them."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.assertions import pointers, row_counts, rows, words_about
from tests.builders import a_member, a_practitioner, an_appointment
from tests.statements import counted_statements, of_rows

V1 = "/api/v1"
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "practitioners": ({"name": "Dr Rui Silva", "speciality": "Skin"}, {"speciality": None}),
    "rooms": ({"name": "Gym", "places": 3}, {"places": 2}),
    "services": ({"name": "Mole check", "lengths": [30, 45], "buffer_after": 5}, {"horizon_days": 180}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_created_listed_changed_deactivated_and_reactivated(client, kind):
    sent, patch = KINDS[kind]
    created = client.post(f"{V1}/{kind}", json=sent)
    url = created.headers["Location"]

    changed = client.patch(url, json=patch, headers={"If-Match": '"1"'})
    gone = client.post(f"{url}/deactivate", headers={"If-Match": '"2"'})

    assert created.json.items() >= (sent | {"active": True, "version": 1}).items()
    assert changed.json.items() >= (patch | {"version": 2}).items()
    assert (gone.headers["ETag"], gone.json["active"]) == ('"3"', False)
    assert gone.json["upcoming"] == {"count": 0, "appointment_ids": []}
    assert [len(client.get(f"{V1}/{kind}?active={active}").json["data"]) for active in ("true", "false")] == [0, 1]
    assert client.post(f"{url}/reactivate").json["active"]
    assert client.get(url).json == client.get(f"{V1}/{kind}").json["data"][0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_needs_the_version_that_was_read(client, kind):
    url = client.post(f"{V1}/{kind}", json=KINDS[kind][0]).headers["Location"]

    unversioned, stale = client.patch(url, json={}), client.patch(url, json={}, headers={"If-Match": '"7"'})

    assert (unversioned.status_code, stale.status_code) == (428, 412)
    assert stale.json["present"]["name"] == KINDS[kind][0]["name"]
    assert client.post(f"{url}/deactivate", headers={"If-Match": '"7"'}).status_code == 412
    assert client.post(f"{url}/deactivate", json={"x": 1}).status_code == 422
    assert client.get(f"{V1}/{kind}/{uuid4()}").status_code == 404
    assert client.get(f"{V1}/{kind}?active=maybe").status_code == 422


@pytest.mark.parametrize("kind", ["rooms", "services"])
def test_a_name_that_is_taken_is_a_conflict(app, client, kind):
    client.post(f"{V1}/{kind}", json=KINDS[kind][0])
    before = row_counts(app)

    answer = client.post(f"{V1}/{kind}", json=KINDS[kind][0])

    assert (answer.status_code, answer.json["code"]) == (409, "name-taken")
    assert row_counts(app) == before


@pytest.mark.slow
def test_deactivating_says_what_is_still_booked(client, here):
    with here():
        practitioner = a_practitioner()
        practitioner_id = practitioner.id
        booked = str(an_appointment(practitioner=practitioner).id)

    answer = client.post(f"{V1}/practitioners/{practitioner_id}/deactivate")

    assert answer.json["upcoming"] == {"count": 1, "appointment_ids": [booked]}


def test_what_is_wrong_with_a_service_is_said_at_once(app, client, here, other_clinic):
    with here(other_clinic.id):
        theirs = str(a_practitioner().id)
    before = row_counts(app)

    wrong = {"name": "", "lengths": [7], "buffer_before": 500, "colour": "gold", "room_ids": ["x"], "extra": 1}
    answer = client.post(f"{V1}/services", json=wrong)
    foreign = client.post(f"{V1}/services", json=KINDS["services"][0] | {"practitioner_ids": [theirs]})

    assert sorted(pointers(answer)) == ["#/buffer_before", "#/colour", "#/extra", "#/lengths", "#/name", "#/room_ids"]
    assert words_about(answer, "#/lengths") == "Length must be 5 to 480 minutes, in steps of 5"
    assert (foreign.status_code, pointers(foreign)) == (422, ["#/practitioner_ids"])
    assert row_counts(app) == before


def test_a_link_to_a_member_is_seen_by_those_who_may_see_the_staff(client, clinic, here, other_clinic):
    with here():
        member_id = str(a_member(clinic.id, "practitioner").id)
    theirs = str(a_member_of(here, other_clinic))

    linked = client.post(f"{V1}/practitioners", json={"name": "Dr Rui", "member_id": member_id})
    again = client.post(f"{V1}/practitioners", json={"name": "Dr Rui", "member_id": member_id})
    foreign = client.post(f"{V1}/practitioners", json={"name": "Dr Rui", "member_id": theirs})

    assert (linked.json["member_id"], again.status_code, again.json["code"]) == (member_id, 409, "member-linked")
    assert pointers(foreign) == ["#/member_id"]
    assert pointers(client.post(f"{V1}/practitioners", json={"name": "Dr X", "member_id": False})) == ["#/member_id"]


def test_a_list_of_services_takes_four_statements_and_one_for_the_key(app, client, here):
    with here():
        practitioner_ids = [str(a_practitioner(f"Dr {number}").id) for number in range(3)]
    for number in range(3):
        sent = {"name": f"Service {number}", "lengths": [30], "practitioner_ids": practitioner_ids}
        client.post(f"{V1}/services", json=sent)

    with counted_statements(app) as statements:
        answer = client.get(f"{V1}/services?limit=2")

    assert [len(one["practitioner_ids"]) for one in answer.json["data"]] == [3, 3]
    assert len(of_rows(statements)) <= 4


def test_commands_add_edit_list_and_deactivate(app, run, clinic, here):
    with here():
        a_member(clinic.id, "practitioner")
    for line in (
        ["practitioners", "add", "--name", "Dr Rui Silva", "--member", "practitioner@example.org"],
        ["practitioners", "edit", "Dr Rui Silva", "--speciality", "Skin", "--member", ""],
        ["rooms", "add", "--name", "Gym", "--places", "3"],
        ["rooms", "edit", "Gym", "--places", "2"],
        ["services", "add", "--name", "Check", "--lengths", "30,45", "--practitioner", "Dr Rui Silva", "--room", "Gym"],
        ["services", "edit", "Check", "--horizon-days", "90", "--any-room"],
    ):
        result = run(*line, "--json")
        assert (result.exit_code, json.loads(result.stdout)["active"]) == (0, True), result.stderr

    practitioner, room, service = (rows(app, table)[0] for table in ("practitioners", "rooms", "services"))
    assert (practitioner["speciality"], practitioner["member_id"], room["places"]) == ("Skin", None, 2)
    assert (service["horizon_days"], rows(app, "service_rooms")) == (90, [])
    run("services", "edit", "Check", "--horizon-days", "", "--everyone")
    assert (rows(app, "services")[0]["horizon_days"], rows(app, "service_practitioners")) == (None, [])
    for group, verb, name in (
        ("practitioners", "deactivate", "Dr Rui Silva"),
        ("rooms", "deactivate", "Gym"),
        ("services", "retire", "Check"),
    ):
        assert "Nothing is booked any more" in run(group, verb, name).stderr
        assert run(group, "list", "--json").stdout == "[]\n"
        assert len(json.loads(run(group, "list", "--all", "--json").stdout)) == 1
        assert run(group, "reactivate", name).exit_code == 0


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (["rooms", "add", "--name", " "], 2, "Enter the name"),
        (["rooms", "add", "--name", "Gym", "--places", "0"], 2, "Enter the number of places from 1 to 100"),
        (["rooms", "add", "--name", "Room 1"], 5, "There is already a room named Room 1"),
        (["rooms", "edit", "Nowhere", "--places", "2"], 3, "There is no such room"),
        (["services", "add", "--name", "X", "--lengths", "7"], 2, "Length must be 5 to 480 minutes"),
        (["services", "add", "--name", "X", "--lengths", ""], 2, "Length must be 5 to 480 minutes"),
        (["services", "add", "--name", "X", "--lengths", "30", "--room", "Nowhere"], 3, "There is no such room"),
        (["practitioners", "add", "--name", "X", "--member", "nobody@example.org"], 3, "There is no such staff member"),
        (["practitioners", "deactivate", str(uuid4())], 3, "There is no such practitioner"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(app, run, line, code, message):
    run("rooms", "add", "--name", "Room 1")
    before = row_counts(app)

    result = run(*line)

    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert row_counts(app) == before


def a_member_of(here, other):
    """Let somebody work in the other clinic; return the id of their account."""
    with here(other.id):
        return a_member(other.id, "practitioner", email="other@example.org").id
