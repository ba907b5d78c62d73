"""The pages that find a free time, book it and say why another one is not free, in a browser without JavaScript."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.service import (
    appointment_service,
    closure_service,
    hours_exception_service,
    hours_service,
    service_catalogue,
)
from clinic.core.clock import at_wall_time, today
from clinic.core.db import db
from clinic.patients.service import patient_service
from tests.appointments.schedule import a_room
from tests.assertions import element, row_counts, rows, spoken, title
from tests.builders import a_patient, a_practitioner, somebody
from tests.fixtures import Here
from tests.page_client import PageClient, hidden_value

ZONE = "Europe/Lisbon"
MORNING, AFTERNOON = (8 * 60, 12 * 60 + 30), (13 * 60 + 30, 17 * 60)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return the instant of a local time."""
    return at_wall_time(datetime(day.year, day.month, day.day, hour, minute), ZONE)


def works(practitioner, *ranges):
    """Let a practitioner work on every weekday."""
    week = [WeeklyRange(weekday, *minutes) for weekday in range(7) for minutes in ranges]
    hours_service.set_week(practitioner.id, week)


def known(record):
    """Return what is left of a record after its session has ended."""
    return SimpleNamespace(id=record.id, mrn=getattr(record, "mrn", None))


class Desk:
    """A clinic with two practitioners who have hours, one of them for a service in a room."""

    def __init__(self) -> None:
        self.day = today(ZONE) + timedelta(days=3)
        self.patient = known(a_patient())
        self.okafor, self.brandt = known(a_practitioner()), known(a_practitioner("Dr Lukas Brandt"))
        works(self.okafor, MORNING, AFTERNOON)
        works(self.brandt, MORNING)
        self.room = known(a_room("Room 2"))
        fields: dict[str, Any] = {"lengths": [30, 45], "buffer_after": 10, "horizon_days": 10}
        who_and_where: dict[str, Any] = {"practitioner_ids": [self.okafor.id], "room_ids": [self.room.id]}
        self.service = known(service_catalogue.create(name="Mole check", **fields, **who_and_where))

    def slot(self, hour: int, minute: int = 0, practitioner=None, over: str = "") -> str:
        """Return the value of a radio button."""
        return f"{(practitioner or self.okafor).id}/{self.day}T{hour:02}:{minute:02}/0/30{over}"

    def book(self, hour: int, minute: int = 0, *, practitioner=None, patient=None, **fields):
        """Book half an hour on the day."""
        return appointment_service.create(
            patient_id=(patient or somebody(given_name="Sam", family_name="Idowu")).id,
            practitioner_id=(practitioner or self.okafor).id,
            starts_at=at(self.day, hour, minute),
            ends_at=at(self.day, hour, minute) + timedelta(minutes=30),
            **fields,
        )

    def url(self, **query) -> str:
        """Return the address of the page with the patient, from the day on."""
        given = {"patient": self.patient.id, "from": self.day} | query
        return "/appointments/new?" + "&".join(f"{name}={value}" for name, value in given.items())


@pytest.fixture
def desk(client, store_once) -> Desk:
    stored: Desk = store_once(Desk)
    return stored


@pytest.fixture
def queries(app) -> Iterator[list[str]]:
    """The SQL statements that are executed, without those that only set up a transaction."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        if not statement.startswith(("BEGIN", "PRAGMA", "SET LOCAL")):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def offered(page: str) -> list[str]:
    """Return the values of the radio buttons in the list of free times."""
    return re.findall(r'name="slot" value="([^"]+)"', page.split('id="why-title"', maxsplit=1)[0])


def reasons(page: str) -> str:
    """Return the answer to "Why not…?"."""
    return spoken(page.split('id="why-title"')[1].split("</section>", maxsplit=1)[0])


def booked_page(answer) -> str:
    """Return the address of the appointment that was booked."""
    return f"/appointments/{answer.location.rpartition('appointment=')[2]}"


@pytest.mark.slow
def test_a_free_time_is_found_and_booked(app, client, desk):
    page = client.get(desk.url(service_id=desk.service.id)).text

    assert "Pereira, Inês" in spoken(page)
    assert "21-Jun-1991" in spoken(page)
    assert offered(page)[0] == desk.slot(8)
    assert desk.slot(13) not in offered(page)

    answer = client.submit(
        "/appointments/new",
        patient=str(desk.patient.id),
        slot=desk.slot(9, 30),
        time="",
        service_id=str(desk.service.id),
        reason="A mole has grown",
        note="Bring the photographs",
        kind="booked",
    )

    stored = rows(app, "appointments")[0]
    assert (answer.status_code, answer.location) == (
        303,
        f"/appointments?day={desk.day}&appointment={stored['id']}",
    )
    assert (stored["status"], stored["reason"], stored["note"]) == (
        "booked",
        "A mole has grown",
        "Bring the photographs",
    )
    assert (stored["service_id"], stored["room_id"]) == (desk.service.id, desk.room.id)
    assert desk.slot(9, 30) not in offered(client.get(desk.url(service_id=desk.service.id)).text)


@pytest.mark.slow
def test_patients_are_searched_for_as_everywhere_and_chosen_by_a_link(client, desk, here):
    with here():
        other = known(a_patient(given_name="Sofia", family_name="Pereira-Lima", phone="+351912555014"))

    page = client.get(f"/appointments/new?patient=perei&from={desk.day}").text
    nobody = client.get("/appointments/new?patient=Vera+Quill").text

    assert "Pereira, Inês" in spoken(page)
    assert f"?patient={other.id}&amp;from={desk.day}" in page
    assert "No patient matches “Vera Quill”" in spoken(nobody)
    assert 'value="Vera"' in element(nobody, "f-registration-given_name")
    assert 'value="Quill"' in element(nobody, "f-registration-family_name")
    assert f'name="patient" value="{other.id}"' in client.get(f"/appointments/new?patient={other.mrn}").text


def test_why_not_names_who_or_what_is_in_the_way(client, desk, here):
    with here():
        desk.book(9, service_id=desk.service.id)
        desk.book(11, patient=desk.patient, practitioner=desk.brandt)
        desk.book(15, practitioner=desk.brandt, room_id=desk.room.id, overbook_reason="Needs it")
        hours_exception_service.create(
            practitioner_id=desk.okafor.id,
            kind="leave",
            first_day=desk.day + timedelta(days=1),
            last_day=desk.day + timedelta(days=1),
        )
        closure_service.create(
            name="Stocktaking", first_day=desk.day + timedelta(days=2), last_day=desk.day + timedelta(days=2)
        )

    def why(time: str, days: int = 0) -> str:
        query = {"service_id": desk.service.id, "why": time, "why_day": desk.day + timedelta(days=days)}
        return reasons(client.get(desk.url(**query)).text)

    assert "08:45–09:15 is not offered Dr Amara Okafor Booked 09:00–09:30 (Idowu, Sam). Free at 09:45" in why("8.45")
    assert "Too close to the appointment 09:00–09:30 (Idowu, Sam)" in why("8:30")
    assert "Break 12:30–13:30" in why("12:45")
    assert "Outside working hours: 08:00–12:30 and 13:30–17:00" in why("19")
    assert "No room: Room 2 is taken until 15:30" in why("15:00")
    assert "The patient has another appointment 11:00–11:30 with Brandt" in why("11:15")
    assert "Okafor" not in why("11:15")
    assert "On leave" in why("10:00", days=1)
    assert "The clinic is closed: Stocktaking" in why("10:00", days=2)
    assert "Too far ahead: this service is booked at most 10 days ahead" in why("10:00", days=9)
    assert "10:00–10:30 is free" in why("10")
    assert "1 practitioner does not offer Mole check" in why("10")


def test_why_not_about_a_skipped_or_a_past_time_is_an_error_at_its_field(client, desk):
    gap = client.get(desk.url(why_day="2029-03-25", why="1:30"))
    past = client.get(desk.url(why_day="2025-03-25", why="9:00"))

    assert (gap.status_code, past.status_code) == (200, 200)
    assert "The clocks skip 01:30 on that day: choose 00:59 or 02:00" in spoken(gap.text)
    assert "This day is past" in spoken(past.text)
    assert 'aria-invalid="true"' in element(gap.text, "why-time")


@pytest.mark.slow
def test_a_time_that_is_taken_meanwhile_says_by_whom_and_keeps_what_was_typed(app, client, desk, here):
    with here():
        desk.book(9)
    before = row_counts(app)
    sent = {"patient": str(desk.patient.id), "slot": desk.slot(9), "time": "", "reason": "A cough", "kind": "booked"}

    answer = client.submit("/appointments/new", **sent, search_from=str(desk.day), search_with=str(desk.okafor.id))

    assert answer.status_code == 409
    assert title(answer.text).startswith("Error: ")
    text = "This time is taken: Dr Amara Okafor has an appointment 09:00–09:30 with Idowu, Sam"
    assert spoken(answer.text).count(text) == 2
    assert 'href="#f-slot"' in answer.text
    assert desk.slot(9) not in offered(answer.text)
    assert desk.slot(9, 30) in offered(answer.text)
    assert 'value="A cough"' in element(answer.text, "f-reason")
    assert "Pereira, Inês" in spoken(answer.text)
    assert row_counts(app) == before


def test_names_are_only_for_those_who_may_see_patients(client, desk, here, become):
    with here():
        desk.book(9)
    become("receptionist", "patients:read")

    page = client.get(desk.url(why="9:00", why_day=desk.day)).text
    taken = client.submit("/appointments/new", patient=str(desk.patient.id), slot=desk.slot(9), time="")

    assert "Booked 09:00–09:30." in reasons(page)
    assert taken.status_code == 409
    for shown in (page, taken.text, client.get("/appointments/new?patient=idowu").text):
        assert "idowu, sam" not in shown.lower()
        assert "pereira" not in shown.lower()


@pytest.mark.slow
def test_everything_that_is_missing_is_said_at_once(app, client, desk):
    before = row_counts(app)
    new = {"registration-given_name": "", "registration-birth_date__year": "3000", "registration-email": "nonsense"}

    answer = client.submit("/appointments/new", day=str(desk.day), time="9:00", minutes="1", **new)
    nothing = client.submit("/appointments/new", day=str(desk.day), time="", minutes="30")

    assert answer.status_code == nothing.status_code == 422
    found = set(re.findall(r'href="#f-([\w-]+)"', answer.text))
    assert found == {
        "practitioner_id",
        "minutes",
        "registration-family_name",
        "registration-birth_date",
        "registration-email",
    }
    assert re.findall(r'href="#f-([\w-]+)"', nothing.text) == ["patient", "time"]
    assert 'value="nonsense"' in element(answer.text, "f-registration-email")
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_new_patient_is_registered_with_the_booking_or_not_at_all(app, client, desk, here):
    with here():
        desk.book(9)
    before = row_counts(app)
    new = {
        "registration-given_name": "Vera",
        "registration-family_name": "Quill",
        "registration-email": "v@example.org",
    }

    refused = client.submit("/appointments/new", slot=desk.slot(9), time="", **new)

    assert refused.status_code == 409
    assert 'value="Quill"' in element(refused.text, "f-registration-family_name")
    assert row_counts(app) == before

    done = client.submit("/appointments/new", slot=desk.slot(10), time="", **new)

    assert done.status_code == 303
    with here():
        patient = patient_service.search("quill").rows[0]
        booked = appointment_service.list(patient_id=patient.id).rows
    assert (patient.email, len(booked)) == ("v@example.org", 1)


def test_only_those_who_register_patients_register_one_with_a_booking(app, client, desk, become):
    become("receptionist", "patients:write")
    before = row_counts(app)

    page = client.get("/appointments/new?patient=nobody").text
    answer = client.submit("/appointments/new", slot=desk.slot(10), time="", **{"registration-family_name": "Quill"})

    assert "Register a new patient" not in page
    assert answer.status_code == 422
    assert row_counts(app) == before


def test_a_patient_who_is_here_now_and_a_visit_that_is_over_are_added(app, client, desk):
    typed = {"patient": str(desk.patient.id), "practitioner_id": str(desk.okafor.id), "minutes": "5"}
    yesterday = str(today(ZONE) - timedelta(days=1))

    past = client.submit("/appointments/new", **typed, day=yesterday, time="9:00", kind="fulfilled")
    early = client.submit("/appointments/new", **typed, day=str(desk.day), time="9:00", kind="fulfilled")
    ahead = client.submit("/appointments/new", **typed, day=str(desk.day), time="9:00", kind="arrived")
    now = client.submit("/appointments/new", **typed, time="", kind="arrived", overbook_reason="Has come at any hour")

    assert [past.status_code, early.status_code, ahead.status_code, now.status_code] == [303, 422, 422, 303]
    assert "A past visit has begun already" in early.text
    assert [one["status"] for one in rows(app, "appointments")] == ["fulfilled", "arrived"]


@pytest.mark.slow
def test_overbooking_needs_a_reason_and_a_permission(app, client, desk, here, become):
    with here():
        desk.book(9)
    sent = {"patient": str(desk.patient.id), "slot": desk.slot(9, over="/over"), "time": ""}

    page = client.get(desk.url(why="9:00", why_day=desk.day)).text
    without = client.submit("/appointments/new", **sent)
    done = client.submit("/appointments/new", **sent, overbook_reason="An emergency")

    assert "Dr Amara Okafor: double booking (2×) over 09:00–09:30 (Idowu, Sam)" in spoken(page)
    assert without.status_code == 422
    assert 'href="#f-overbook_reason"' in without.text
    assert done.status_code == 303
    assert [(one["lane"], one["overbook_reason"]) for one in rows(app, "appointments")] == [
        (0, None),
        (1, "An emergency"),
    ]

    become("receptionist")

    assert "all the same" not in client.get(desk.url(why="9:00", why_day=desk.day)).text
    assert client.submit("/appointments/new", **sent, overbook_reason="Because").status_code == 422


@pytest.mark.slow
def test_a_chosen_and_a_typed_time_exclude_each_other(client, desk):
    typed = {"patient": str(desk.patient.id), "slot": desk.slot(9), "practitioner_id": str(desk.okafor.id)}

    assert (
        "You chose a free time and typed another one" in client.submit("/appointments/new", **typed, time="9:15").text
    )
    assert client.submit("/appointments/new", **typed, time="9:00").status_code == 303


def test_a_link_to_a_free_time_chooses_it(client, desk):
    url = desk.url(day=desk.day, time="09:30", practitioner_id=desk.brandt.id)

    page = client.get(url).text

    assert re.search(rf'value="{re.escape(desk.slot(9, 30, desk.brandt))}"[^>]* checked', page)
    assert 'value=""' in element(page, "f-time")


def test_a_full_month_says_when_the_next_free_time_is(client, desk, here):
    with here():
        for days in range(20):
            hours_exception_service.create(
                practitioner_id=desk.brandt.id,
                kind="leave",
                first_day=desk.day + timedelta(days=days),
                last_day=desk.day + timedelta(days=days),
            )

    page = client.get(desk.url(practitioner_id=desk.brandt.id)).text

    first_free = desk.day + timedelta(days=20)
    assert offered(page)[0] == f"{desk.brandt.id}/{first_free}T08:00/0/30"


@pytest.mark.slow
def test_a_practitioner_without_hours_is_bookable_at_any_time(client, desk, here):
    with here():
        marin = known(a_practitioner("Sofia Marin"))
    page = client.get(desk.url(practitioner_id=marin.id, part="morning")).text

    assert "No working hours are set for Sofia Marin: bookable at any time" in spoken(page)
    assert offered(page)[0] == desk.slot(8, 0, marin)
    assert desk.slot(13, 0, marin) not in offered(page)


def test_what_can_not_be_searched_for_is_an_error_at_its_field(client, desk):
    bad = {
        "service_id": "nonsense",
        "practitioner_id": desk.service.id,
        "minutes": "9999",
        "from": "2126-01-01",
        "part": "night",
    }

    page = client.get(desk.url(**bad)).text

    assert title(page).startswith("Error: ")
    for name in ("service_id", "practitioner_id", "minutes", "from"):
        assert f'id="find-{name}-error"' in page, name


@pytest.mark.slow
def test_many_practitioners_take_no_more_statements_and_little_html(client, desk, here, queries):
    with here():
        for number in range(20):
            works(a_practitioner(f"Dr {number}"), MORNING, AFTERNOON)
        moved = known(desk.book(10, patient=desk.patient, service_id=desk.service.id))
        desk.book(9)
    plain, why = desk.url(), {"why": "9:00", "why_day": desk.day}
    pages = [plain, desk.url(service_id=desk.service.id), desk.url(**why), "/appointments/new?patient=idowu"]
    pages += [desk.url(service_id=desk.service.id, **why), f"/appointments/{moved.id}/move?why=9&why_day={desk.day}"]
    for url in pages:
        queries.clear()
        page = client.get(url)
        assert page.status_code == 200
        assert (url, len(queries) <= 12, len(page.data) <= 60 * 1024) == (url, True, True)


def test_moving_shows_the_own_time_as_free_and_ends_on_the_new_day(app, client, desk, here):
    with here():
        moved = known(desk.book(9, patient=desk.patient, service_id=desk.service.id))
    page = client.get(f"/appointments/{moved.id}/move?from={desk.day}").text

    assert "Pereira, Inês" in spoken(page)
    assert "09:00–09:30, Mole check, Dr Amara Okafor, Room 2" in spoken(page)
    assert desk.slot(9) in offered(page)

    answer = client.submit(f"/appointments/{moved.id}/move", version="1", slot=desk.slot(10, 30), time="")

    stored = rows(app, "appointments")[0]
    assert (answer.status_code, answer.location) == (303, f"/appointments?day={desk.day}&appointment={moved.id}")
    assert stored["starts_at"].replace(tzinfo=UTC) == at(desk.day, 10, 30)
    assert (stored["version"], stored["service_id"], stored["room_id"]) == (2, desk.service.id, desk.room.id)


def test_a_move_that_is_refused_keeps_the_form(app, client, desk, here):
    with here():
        moved = known(desk.book(9, patient=desk.patient, service_id=desk.service.id))
        desk.book(11)
    url = f"/appointments/{moved.id}/move"
    before = row_counts(app)

    taken = client.submit(url, version="1", slot=desk.slot(11), time="")
    gap = client.submit(url, version="1", practitioner_id=str(desk.okafor.id), day="2029-03-25", time="1:30")
    stale = client.submit(url, version="7", slot=desk.slot(10), time="")

    assert [answer.status_code for answer in (taken, gap, stale)] == [409, 422, 409]
    assert "Dr Amara Okafor has an appointment 11:00–11:30 with Idowu, Sam" in spoken(taken.text)
    assert "choose 00:59 or 02:00" in spoken(gap.text)
    assert 'value="1:30"' in element(gap.text, "f-time")
    assert "The appointment was not moved" in spoken(stale.text)
    assert "Administrator Person changed it" not in spoken(taken.text)
    assert row_counts(app) == before


def test_an_appointment_of_somebody_who_has_arrived_is_not_moved(client, desk, here):
    with here():
        arrived = known(desk.book(9))
        appointment_service.arrive(arrived.id)

    page = client.get(f"/appointments/{arrived.id}/move").text
    answer = client.submit(f"/appointments/{arrived.id}/move", version="2", slot=desk.slot(10), time="")

    assert "Waiting: it can't be moved any more" in html.unescape(spoken(page))
    assert (answer.status_code, "It is now: Waiting" in spoken(answer.text)) == (409, True)


def test_registering_with_a_booking_shows_who_is_on_file_and_goes_on_when_sent_again(
    client: PageClient, here: Here
) -> None:
    with here():
        patient_id, practitioner_id = a_patient().id, a_practitioner().id
    names = {"registration-family_name": "Pereira", "registration-given_name": "Inês"}
    birth_date = {"registration-birth_date.day": "21", "registration-birth_date.month": "6"}
    form = {**names, **birth_date, "registration-birth_date.year": "1991", "practitioner_id": str(practitioner_id)}

    warned = client.submit("/appointments/new", **form, day="2029-11-26", time="9:00")
    booked = client.submit(
        "/appointments/new", **form, day="2029-11-26", time="9:00", shown=hidden_value(warned.text, "shown")
    )

    assert warned.status_code == 409
    assert "1 person may already be on file" in warned.text
    assert f"patient={patient_id}" in warned.text
    assert booked.status_code == 303
