"""The one rule, nobody twice, by every way in which an appointment gets onto a time."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import pytest

from clinic.appointments.service import appointment_service
from tests.appointments.schedule import book
from tests.assertions import rows, spoken
from tests.builders import MONDAY, a_practitioner, appointment_fields, somebody

URL = "/api/v1/appointments"
TAKEN = "This time is taken"


class Desk(NamedTuple):
    """A taken time, and an appointment that is to get onto it."""

    patient: UUID
    practitioner: UUID
    moved: UUID
    cancelled: UUID
    taken: UUID


@pytest.fixture
def desk(here):
    """An appointment was cancelled, its time given to another one, and a third is later that day."""
    with here():
        practitioner, patient = a_practitioner(), somebody()
        cancelled = book(practitioner=practitioner)
        appointment_service.cancel(cancelled.id, reason="patient")
        taken = book(practitioner=practitioner)
        moved = book(MONDAY + timedelta(hours=2), practitioner=practitioner, patient=patient)
        return Desk(patient.id, practitioner.id, moved.id, cancelled.id, taken.id)


def by_json(path, body=None):
    """Send JSON; return what refused it."""

    def send(desk, client, run):
        url = path.format(**desk._asdict())
        fields = body if path else appointment_fields(desk.patient, desk.practitioner)
        answer = client.post(f"{URL}{url}", json=fields)
        return (answer.status_code, answer.json.get("code"), answer.json.get("conflicts") == [str(desk.taken)])

    return send, (409, "slot-taken", True)


def by_page(path, **fields):
    """Send a form; return what refused it."""

    def send(desk, client, run):
        known = desk._asdict()
        data = {name: value.format(**known) for name, value in fields.items()}
        answer = client.submit(f"/appointments{path.format(**known)}", **data)
        return (answer.status_code, TAKEN in spoken(answer.text))

    return send, (409, True)


def by_command(*words):
    """Run a command; return what refused it."""

    def send(desk, client, run):
        result = run("appointments", *(word.format(**desk._asdict()) for word in words))
        return (result.exit_code, result.stderr.startswith(f"Error: {TAKEN}"))

    return send, (5, True)


TYPED = {"practitioner_id": "{practitioner}", "day": "2029-11-26", "time": "9:15", "minutes": "30"}
NAMED = ["--practitioner", "Dr Amara Okafor", "--starts", "2029-11-26 09:15"]
WAYS = {
    "booking by page": by_page("/new", patient="{patient}", **TYPED),
    "booking by JSON": by_json(""),
    "booking by command": by_command("book", "--patient", "{patient}", *NAMED),
    "moving by page": by_page("/{moved}/move", version="1", **TYPED),
    "moving by JSON": by_json("/{moved}/reschedule", {"starts_at": "2029-11-26T09:15:00Z"}),
    "moving by command": by_command("move", "{moved}", "--starts", "2029-11-26 09:15"),
    "undoing by page": by_page("/{cancelled}/undo", version="2"),
    "undoing by JSON": by_json("/{cancelled}/undo"),
    "undoing by command": by_command("undo", "{cancelled}"),
}


@pytest.mark.breadth
@pytest.mark.row(76)
@pytest.mark.both_databases
@pytest.mark.parametrize("way", WAYS)
def test_a_taken_time_is_refused_by_every_way_in(app, client, run, desk, way):
    before, (send, refusal) = rows(app, "appointments"), WAYS[way]

    assert send(desk, client, run) == refusal
    assert rows(app, "appointments") == before


@pytest.mark.slow
def test_hours_that_are_changed_around_an_appointment_do_not_offer_its_time(client, desk):
    week = {"ranges": [{"day": "mon", "starts": "9", "ends": "10"}]}
    url = f"/api/v1/practitioners/{desk.practitioner}/hours"
    assert client.put(url, json=week, headers={"If-Match": "*"}).status_code == 200

    query = {"from": "2029-11-26", "to": "2029-11-26", "practitioner_id": str(desk.practitioner), "length": 30}
    [day] = client.get("/api/v1/availability", query_string=query).json["data"]
    refused = client.post(URL, json=appointment_fields(desk.patient, desk.practitioner))

    assert [slot["starts_at"] for slot in day["slots"]] == ["2029-11-26T09:30:00Z"]
    assert (refused.status_code, refused.json["conflicts"]) == (409, [str(desk.taken)])
