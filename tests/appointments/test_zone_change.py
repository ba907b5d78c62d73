"""The clinic's time zone changes: what is to come keeps its local time, and the guards hold while everything moves."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import time_machine

from clinic.appointments.service import IllegalTransition, appointment_service
from clinic.identity.clinics import clinic_service
from clinic.identity.zone_change import ZoneChangeRefused
from tests.appointments.schedule import a_service, book
from tests.appointments.zones import AZORES, HALIFAX, HOUR, LISBON, MADRID, SANTIAGO, as_stored, move_to
from tests.assertions import row_counts, rows, spoken
from tests.builders import MONDAY, a_practitioner, an_appointment

pytestmark = pytest.mark.usefixtures("inside")

LAST_WEEK = datetime(2026, 11, 2, 9, tzinfo=UTC)


def notices(zone):
    return [(one.text, one.blocks) for one in clinic_service.preview_zone(zone).notices]


@pytest.mark.slow
@pytest.mark.both_databases
def test_what_is_to_come_keeps_its_local_time_and_what_has_begun_its_instant(published):
    ahead, past, cancelled = book(), an_appointment(starts_at=LAST_WEEK), book(MONDAY + 2 * HOUR)
    appointment_service.cancel(cancelled.id)
    published.clear()

    move_to(MADRID)

    ahead, past, cancelled = as_stored(ahead), as_stored(past), as_stored(cancelled)
    assert (ahead.starts_at, ahead.ends_at) == (MONDAY - HOUR, MONDAY - HOUR / 2)
    assert (ahead.blocked_from, ahead.blocked_until) == (ahead.starts_at, ahead.ends_at)
    assert (ahead.wall_start, ahead.zone, ahead.version) == (datetime(2029, 11, 26, 9), MADRID, 2)
    assert (cancelled.starts_at, cancelled.zone) == (MONDAY + HOUR, MADRID)
    assert (past.starts_at, past.zone, past.version) == (LAST_WEEK, LISBON, 1)
    assert [row.action for row in appointment_service.history(ahead.id)] == ["book", "zone"]
    assert [row.action for row in appointment_service.history(past.id)] == ["book"]
    assert published == []


def test_every_change_is_in_the_audit_trail(app):
    appointment = book(service=a_service(buffer_after=15))

    move_to(MADRID)

    moved, clinic = rows(app, "audit_entries")[-2:]
    assert (moved["record_id"], moved["patient_id"]) == (appointment.id, appointment.patient_id)
    assert moved["changes"] == {
        "starts_at": ["2029-11-26T09:00:00Z", "2029-11-26T08:00:00Z"],
        "ends_at": ["2029-11-26T09:30:00Z", "2029-11-26T08:30:00Z"],
        "blocked_from": ["2029-11-26T09:00:00Z", "2029-11-26T08:00:00Z"],
        "blocked_until": ["2029-11-26T09:45:00Z", "2029-11-26T08:45:00Z"],
        "zone": [LISBON, MADRID],
    }
    assert (clinic["record"], clinic["changes"]) == ("clinics", {"zone": [LISBON, MADRID]})


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_time_that_the_clocks_skip_is_named_and_in_the_way_until_it_is_moved(app):
    in_gap, other = book(datetime(2029, 3, 25, 1, 30, tzinfo=UTC)), book()
    before = row_counts(app)

    with pytest.raises(ZoneChangeRefused) as refused:
        move_to(MADRID)

    assert refused.value.message == (
        "2 upcoming appointments keep their local time; 1 must be moved or cancelled first"
    )
    assert refused.value.details["records"] == [
        {
            "record": "appointments",
            "id": str(in_gap.id),
            "text": "2029-03-25 02:30: The clocks skip 02:30 on that day: choose 01:59 or 03:00",
        }
    ]
    assert (clinic_service.current().zone, as_stored(other).zone, row_counts(app)) == (LISBON, LISBON, before)

    appointment_service.reschedule(in_gap.id, starts_at=datetime(2029, 3, 25, 2, tzinfo=UTC))
    move_to(MADRID)
    assert as_stored(in_gap).wall_start == datetime(2029, 3, 25, 3)


def test_a_cancelled_time_that_the_clocks_skip_is_in_nobodys_way():
    appointment_service.cancel((cancelled := book(datetime(2029, 3, 25, 1, 30, tzinfo=UTC))).id)

    move_to(MADRID)

    assert as_stored(cancelled).wall_start == datetime(2029, 3, 25, 3, 30)


def test_a_time_that_comes_twice_is_the_first_one_and_that_is_said():
    twice = book(datetime(2029, 10, 28, 2, 30, tzinfo=UTC))

    assert notices(MADRID) == [("2029-10-28 02:30: 02:30 comes twice on that day: it is the first one", False)]
    move_to(MADRID)
    assert as_stored(twice).starts_at == datetime(2029, 10, 28, 0, 30, tzinfo=UTC)


def test_the_second_of_two_equal_times_stays_the_second_one():
    first, second = (book(datetime(2029, 10, 28, hour, 30, tzinfo=UTC)) for hour in (0, 1))

    move_to("Atlantic/Madeira")

    assert [as_stored(one).starts_at.hour for one in (first, second)] == [0, 1]


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_second_of_two_equal_times_stays_it_through_a_zone_where_the_time_comes_once():
    first, second = (book(datetime(2029, 10, 28, hour, 30, tzinfo=UTC)) for hour in (0, 1))

    move_to(MADRID)
    assert as_stored(first).starts_at == as_stored(second).starts_at
    move_to(LISBON)

    assert [as_stored(one).starts_at.hour for one in (first, second)] == [0, 1]


def test_a_time_that_was_chosen_later_has_not_been_the_second_one():
    second = book(datetime(2029, 10, 28, 1, 30, tzinfo=UTC))
    move_to(MADRID)
    appointment_service.reschedule(second.id, starts_at=as_stored(second).starts_at - HOUR / 2)

    move_to(LISBON)

    assert as_stored(second).starts_at == datetime(2029, 10, 28, 0, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_through_any_zones_and_back_every_visit_of_the_longest_night_is_at_its_instant(seed):
    booked = {book(at := datetime(2029, 10, 27, 23, tzinfo=UTC) + HOUR / 2 * step).id: at for step in range(8)}
    zones = [MADRID, AZORES, HALIFAX, SANTIAGO, "Atlantic/Madeira", "Asia/Kolkata"]

    for zone in [*Random(seed).sample(zones, 4), LISBON]:
        move_to(zone)

    assert {one: appointment_service.get(one).starts_at for one in booked} == booked


@pytest.mark.slow
def test_what_has_begun_stays_and_what_would_overlap_it_is_in_the_way():
    practitioner = a_practitioner()
    begun = an_appointment(practitioner=practitioner, minutes=60)
    soon = an_appointment(practitioner=practitioner, starts_at=MONDAY + HOUR)
    elsewhere = an_appointment(starts_at=MONDAY + timedelta(minutes=45))

    with time_machine.travel(MONDAY + timedelta(minutes=15), tick=False):
        assert notices(MADRID) == [
            ("2029-11-26 10:00: Overlaps 10:00 with the same practitioner", True),
            ("2029-11-26 09:45: It has begun already then", False),
        ]
        appointment_service.reschedule(soon.id, starts_at=MONDAY + 2 * HOUR)
        move_to(MADRID)

    assert as_stored(begun).starts_at == MONDAY
    assert as_stored(soon).starts_at == MONDAY + HOUR
    assert as_stored(elsewhere).starts_at == MONDAY - timedelta(minutes=15)


def test_a_patient_who_is_there_early_keeps_the_local_time():
    appointment = book()
    appointment_service.arrive(appointment.id)

    move_to(MADRID)

    stored = as_stored(appointment)
    assert (stored.status, stored.starts_at) == ("arrived", MONDAY - HOUR)


def test_overbooked_appointments_move_side_by_side():
    practitioner = a_practitioner()
    both = [an_appointment(practitioner=practitioner) for _ in range(2)]

    move_to(MADRID)

    assert [(as_stored(one).lane, as_stored(one).starts_at) for one in both] == [(0, MONDAY - HOUR), (1, MONDAY - HOUR)]


@pytest.mark.slow
def test_another_list_than_the_one_that_was_shown_changes_nothing():
    book(datetime(2029, 10, 28, 2, 30, tzinfo=UTC))
    seen = clinic_service.preview_zone(MADRID).seal
    book(datetime(2029, 10, 28, 2, tzinfo=UTC))

    with pytest.raises(ZoneChangeRefused, match="This is not what was shown before"):
        move_to(MADRID, seen=seen)
    move_to(MADRID, seen=clinic_service.preview_zone(MADRID).seal)

    assert clinic_service.current().zone == MADRID


def test_an_appointment_more_that_just_follows_needs_no_second_look():
    seen = clinic_service.preview_zone(MADRID).seal
    book()

    move_to(MADRID, seen=seen)

    assert clinic_service.current().zone == MADRID


def test_the_same_zone_changes_nothing(app):
    book()
    before = {table: rows(app, table) for table in ("clinics", "appointments", "audit_entries")}

    move_to(LISBON)

    assert {table: rows(app, table) for table in before} == before


def test_a_move_before_the_change_can_not_be_undone_and_what_else_was_done_can():
    moved, cancelled, arrived = book(), book(MONDAY + HOUR), book(MONDAY + 2 * HOUR)
    appointment_service.reschedule(moved.id, starts_at=MONDAY + 3 * HOUR)
    appointment_service.cancel(cancelled.id)
    appointment_service.arrive(arrived.id)
    move_to(MADRID)

    with pytest.raises(IllegalTransition, match="the clinic's time zone has been changed since it was moved"):
        appointment_service.undo(moved.id)
    appointment_service.undo(cancelled.id)
    appointment_service.undo(arrived.id)

    assert (as_stored(cancelled).status, as_stored(cancelled).starts_at) == ("booked", MONDAY)
    assert as_stored(arrived).status == "booked"


def test_what_happened_before_the_change_can_be_entered_after_it():
    appointment = book()
    before = datetime.now(UTC) + timedelta(minutes=5)
    with time_machine.travel(before + timedelta(minutes=5), tick=False):
        move_to(MADRID)

    with time_machine.travel(before + timedelta(minutes=10), tick=False):
        appointment_service.arrive(appointment.id, happened_at=before)

    assert appointment_service.history(appointment.id)[-1].happened_at == before


@pytest.mark.slow
def test_the_page_of_a_past_appointment_shows_its_time_of_then_too(client):
    past = an_appointment(starts_at=LAST_WEEK)
    move_to(MADRID)

    page, moved = spoken(client.get(f"/appointments/{past.id}").text), book()

    assert "Mon 2 Nov 2026, 10:00–10:30 30 minutes, Europe/Madrid; then 09:00 in Europe/Lisbon" in page
    assert "; then" not in spoken(client.get(f"/appointments/{moved.id}").text)


def test_the_history_shows_the_change(client):
    appointment = book()
    move_to(MADRID)

    assert "Clinic’s time zone changed" in spoken(client.get(f"/appointments/{appointment.id}").text)
