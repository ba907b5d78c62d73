"""The page of a day: columns, cards, gaps, what it counts and keeps, and how much it costs."""

import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from clinic.appointments.models import Appointment, WeeklyHours
from clinic.appointments.service import (
    appointment_service,
    closure_service,
    practitioner_service,
    room_service,
    service_catalogue,
)
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from tests.assertions import row_counts, rows, spoken, title
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody
from tests.statements import counted_statements, of_rows

DAY = "/appointments?day=2029-11-26"
NOW = datetime(2029, 11, 26, 10, 52, tzinfo=MONDAY.tzinfo)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock():
    """Monday, 26 November 2029, 10:52 in the clinic."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(clock, client, become):
    """The receptionist's browser at that time."""
    become("receptionist")
    return client


def works(practitioner, *ranges):
    """Let a practitioner work on Mondays, in minutes since midnight."""
    with unit_of_work():
        for starts, ends in ranges:
            db.session.add(WeeklyHours(practitioner_id=practitioner.id, weekday=0, starts=starts, ends=ends))


def columns(page):
    """Return the text of each practitioner's column, by name."""
    parts = re.findall(r'<section class="col".*?</section>', page, re.DOTALL)
    return {re.findall(r"<h2[^>]*>([^<]*)", part)[0]: spoken(part) for part in parts}


def a_full_day(practitioners, appointments_each):
    """Fill a day with practitioners who work in a room, and have one appointment after the other from nine."""
    room = room_service.create(name="Room 1").id
    service = service_catalogue.create(name="Follow-up", lengths=[20]).id
    staff, patients = zip(
        *((a_practitioner(f"Dr {number:02}"), somebody()) for number in range(practitioners)), strict=True
    )
    with unit_of_work():
        for practitioner, patient in zip(staff, patients, strict=True):
            hours = {"weekday": 0, "starts": 480, "ends": 1080, "room_id": room}
            db.session.add(WeeklyHours(practitioner_id=practitioner.id, **hours))
            db.session.add_all(_booked(patient, practitioner, service, number) for number in range(appointments_each))


def _booked(patient, practitioner, service_id, number):
    starts_at = MONDAY + timedelta(minutes=20 * number)
    ends_at = starts_at + timedelta(minutes=20)
    return Appointment(
        patient_id=patient.id,
        practitioner_id=practitioner.id,
        service_id=service_id,
        starts_at=starts_at,
        ends_at=ends_at,
        blocked_from=starts_at,
        blocked_until=ends_at,
        wall_start=starts_at.replace(tzinfo=None),
        zone="Europe/Lisbon",
    )


@pytest.mark.slow
def test_each_appointment_stands_under_its_practitioner_with_its_time_and_state(desk, here):
    with here():
        silva, okafor = a_practitioner("Dr Silva"), a_practitioner("Dr Okafor")
        an_appointment(somebody(), silva, MONDAY)
        waiting = an_appointment(somebody(family_name="Nowak", given_name="Zofia"), okafor, MONDAY + HOUR)
        appointment_service.arrive(waiting.id)

    page = desk.get(DAY).text

    assert title(page).startswith("Schedule for Mon 26 Nov 2029")
    assert list(columns(page)) == ["Dr Okafor", "Dr Silva"]
    assert "09:00–09:30 Pereira, Inês Overbooked No outcome Booked" in columns(page)["Dr Silva"]
    assert "10:00–10:30 Nowak, Zofia Overbooked Waiting" in columns(page)["Dr Okafor"]
    assert "1 waiting" in spoken(page)


def test_free_time_is_one_link_for_each_gap_from_now_on(desk, here):
    with here():
        practitioner = a_practitioner()
        works(practitioner, (480, 780), (840, 960))
        an_appointment(somebody(), practitioner, MONDAY + 2 * HOUR, 60)

    page = desk.get(DAY).text
    column = columns(page)["Dr Amara Okafor"]

    assert re.findall(r"\+ (\d\d:\d\d · \d+ min free)", column) == ["12:00 · 60 min free", "14:00 · 120 min free"]
    assert "Free 12:00 free: book with Dr Amara Okafor" in column
    assert "Break 13:00–14:00" in column
    assert f"/appointments/new?day=2029-11-26&amp;time=12:00&amp;practitioner_id={practitioner.id}" in page


def test_who_may_not_book_sees_free_time_without_links(desk, become, here):
    with here():
        works(a_practitioner(), (480, 960))
    become("read-only")

    page = desk.get(DAY).text

    assert "11:00 · 300 min free" in spoken(page)
    assert "/appointments/new" not in page
    assert "any time can be booked" not in page


def test_cards_over_one_another_are_in_lanes_and_the_second_is_marked(desk, here):
    with here():
        practitioner = a_practitioner()
        an_appointment(somebody(), practitioner, MONDAY)
        an_appointment(somebody(), practitioner, MONDAY)

    page = desk.get(DAY).text

    assert page.count("lane-0 of-2") == page.count("lane-1 of-2") == 1
    assert spoken(page).count("2× booked over another") == 1


@pytest.mark.slow
def test_a_state_shows_only_its_appointments_and_says_how_to_see_all(desk, here):
    with here():
        practitioner = a_practitioner()
        booked = [an_appointment(somebody(), practitioner, MONDAY + number * HOUR).id for number in range(3)]
        appointment_service.cancel(booked[0])
        appointment_service.arrive(booked[1])

    everything, waiting, cancelled, none = (
        desk.get(DAY + query).text for query in ("", "&state=arrived", "&state=cancelled", "&state=noshow")
    )

    assert [page.count("data-state=") for page in (everything, waiting, cancelled, none)] == [2, 1, 1, 0]
    assert "1 waiting 1 to come 1 cancelled" in spoken(everything)
    assert "No appointment matches. Show all" in spoken(none)
    assert desk.get(f"{DAY}&state=lost").status_code == 422


@pytest.mark.slow
def test_the_chosen_appointment_stands_beside_the_day_with_its_next_act(desk, here):
    with here():
        chosen = an_appointment()
        appointment_service.arrive(chosen.id)

    page = desk.get(f"{DAY}&appointment={chosen.id}").text
    panel = spoken(page.split('<aside class="panel')[1].split("</aside>")[0])

    assert "Waiting for 0 min" in panel
    assert "Booked Waiting In room Done" in panel
    assert f'formaction="/appointments/{chosen.id}/check-in"' in page
    assert "Arrived 10:52 by System" in panel
    assert page.count('aria-current="true"') == 1
    assert desk.get(f"{DAY}&appointment={uuid4()}").status_code == 404


def test_whose_days_are_shown_is_kept_for_each_person(app, desk, become, here):
    with here():
        silva, okafor = (a_practitioner(name).id for name in ("Dr Silva", "Dr Okafor"))

    answer = desk.submit("/appointments/shown", day="2029-11-26", practitioner_ids=str(silva))
    mine = desk.get(answer.location).text
    become("manager")
    theirs = desk.get(DAY).text

    assert answer.status_code == 303
    assert list(columns(mine)) == ["Dr Silva"]
    assert "Practitioners: 1 of 2" in spoken(mine)
    assert list(columns(theirs)) == ["Dr Okafor", "Dr Silva"]
    assert desk.get("/appointments/shown").location == "/appointments"

    both = f"{silva} {okafor}"
    for sent in (both, "", str(uuid4())):
        desk.submit("/appointments/shown", practitioner_ids=sent)
        assert len(columns(desk.get(DAY).text)) == 2, sent
    assert len(rows(app, "schedule_views")) == 2


@pytest.mark.slow
def test_a_practitioner_who_signs_in_sees_their_own_day_until_they_choose_others(desk, become, here, app):
    become("practitioner")
    with here():
        other, own = (a_practitioner(name).id for name in ("Dr Other", "Dr Own"))
        member_id = next(row["member_id"] for row in rows(app, "memberships") if row["role"] == "practitioner")
        practitioner_service.update(own, version=1, name="Dr Own", speciality=None, member_id=member_id)

    assert list(columns(desk.get(DAY).text)) == ["Dr Own"]

    desk.submit("/appointments/shown", practitioner_ids=f"{own} {other}")
    assert list(columns(desk.get(DAY).text)) == ["Dr Other", "Dr Own"]


def test_a_day_says_why_it_is_empty(desk, here):
    nobody = spoken(desk.get(DAY).text)
    with here():
        practitioner = a_practitioner()
    without_hours = spoken(desk.get(DAY).text)
    with here():
        works(practitioner, (480, 960))
    sunday = spoken(desk.get("/appointments?day=2029-11-25").text)
    with here():
        closure_service.create(name="Holiday", first_day=NOW.date(), last_day=NOW.date())
    closed = spoken(desk.get(DAY).text)

    assert "No practitioners yet" in nobody
    assert "No working hours set for Dr Amara Okafor: any time can be booked." in without_hours
    assert "Nobody works on this day" in sunday
    assert "The clinic is closed on this day" in closed


def test_appointments_of_a_practitioner_who_has_left_stay_on_their_day(desk, here):
    with here():
        practitioner_id = an_appointment().practitioner_id
        practitioner_service.deactivate(practitioner_id)

    assert list(columns(desk.get(DAY).text)) == ["Dr Amara Okafor"]
    assert not columns(desk.get("/appointments?day=2029-11-27").text)


@pytest.mark.slow
def test_the_month_links_to_its_days_and_to_the_months_around_it(desk):
    page = desk.get("/appointments?day=2029-01-31").text

    assert 'href="/appointments?day=2028-12-31" aria-label="Previous month"' in page
    assert 'href="/appointments?day=2029-02-01" aria-label="Next month"' in page
    assert page.count('<a href="?day=2029-01-') == 31


@pytest.mark.slow
def test_the_changes_of_a_day_are_asked_for_without_extending_the_session(app, desk, here):
    etag = desk.get("/appointments/changes?day=2029-11-26").headers["ETag"]
    used = [row["seen_at"] for row in rows(app, "sign_ins")]

    with time_machine.travel(NOW + timedelta(minutes=2)):
        same = desk.get("/appointments/changes?day=2029-11-26", headers={"If-None-Match": etag})
        with here():
            an_appointment()
        changed = desk.get("/appointments/changes?day=2029-11-26", headers={"If-None-Match": etag})
        assert [row["seen_at"] for row in rows(app, "sign_ins")] == used

    assert (same.status_code, changed.status_code, changed.data) == (304, 204, b"")
    assert f'data-etag="{etag.strip(chr(34))}"' not in desk.get(DAY).text


@pytest.mark.slow
def test_looking_at_a_day_changes_no_record(app, desk, here):
    with here():
        an_appointment()
    before = row_counts(app)

    desk.get(DAY)
    desk.get("/appointments/changes?day=2029-11-26")

    assert row_counts(app) == before


@pytest.mark.slow
def test_more_cards_than_a_column_has_room_for_are_a_stack_with_their_list(desk, here):
    with here():
        practitioner = a_practitioner()
        ids = [an_appointment(None, practitioner, MONDAY).id for _ in range(6)]

    page = desk.get(DAY).text
    chosen = desk.get(f"{DAY}&appointment={ids[5]}").text

    stack = re.findall(r'<li class="stack .*?</details></li>', page, re.DOTALL)
    assert len(stack) == 1
    assert "+3 more with Dr Amara Okafor from 09:00" in spoken(stack[0])
    assert spoken(stack[0]).count("09:00–09:30 Pereira, Inês Booked") == 3
    assert page.count(" stacked") == 3
    assert "<details open>" in chosen
    assert "<details open>" not in page


@pytest.mark.slow
def test_a_day_of_400_appointments_costs_as_many_statements_as_one_of_4_and_few_bytes(app, desk, here):
    with here():
        a_full_day(20, 20)
        chosen = appointment_service.day(NOW.date())[0]
    desk.submit(f"/appointments/{chosen.id}/arrive", version=chosen.version)
    desk.get("/appointments/new")

    with counted_statements(app) as statements:
        page = desk.get(f"{DAY}&appointment={chosen.id}").text

    assert page.count("data-state=") == 400
    assert "Room 1" in page
    assert "Receptionist Person" in page
    assert len(of_rows(statements)) <= 12, statements
    assert len(page.encode()) / 400 <= 60 * 1024 / 100


def test_a_day_of_one_hundred_appointments_is_at_most_60_kilobytes(desk, here):
    with here():
        a_full_day(5, 20)

    page = desk.get(DAY).text

    assert page.count("data-state=") == 100
    assert len(page.encode()) <= 60 * 1024


@pytest.mark.slow
def test_a_day_that_is_none_is_refused(client):
    assert client.get("/appointments?day=2026-13-01").status_code == 422


@pytest.mark.slow
def test_the_first_and_the_last_day_can_be_shown(client):
    for day in ("1900-01-01", "9000-12-31", ""):
        assert client.get(f"/appointments?day={day}").status_code == 200, day


@pytest.mark.slow
def test_only_who_books_gets_what_drags_a_card_and_only_cards_that_can_be_moved(desk, here, become):
    with here():
        arrived, booked = an_appointment(starts_at=NOW + HOUR).id, an_appointment(starts_at=NOW + 2 * HOUR).id
        appointment_service.arrive(arrived)
    page = desk.get(DAY).text

    assert page.count("data-move=") == 1
    assert f'action="/appointments/{booked}/move" data-move-form' in page
    become("read-only")
    assert "data-move" not in desk.get(DAY).text
