"""Exceptions and closures as other modules know them: planned, changed, deleted, and what falls outside."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange, working_ranges
from clinic.appointments.service import (
    AppointmentsOutside,
    ClosureNotFound,
    HoursExceptionNotFound,
    closure_service,
    hours_exception_service,
    hours_service,
    practitioner_service,
)
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from tests.appointments.test_hours import a_room
from tests.builders import a_practitioner, an_appointment

pytestmark = pytest.mark.usefixtures("inside")

DAY, NEXT = date(2029, 11, 26), date(2029, 11, 27)
AT_TEN = datetime(2029, 11, 26, 10, tzinfo=UTC)


def leave(practitioner, **fields):
    given: dict[str, Any] = {"kind": "leave", "first_day": DAY, "last_day": DAY, "note": "Congress"}
    return hours_exception_service.create(practitioner_id=practitioner.id, **(given | fields))


def close(**fields):
    given: dict[str, Any] = {"name": "Fire drill", "first_day": DAY, "last_day": DAY}
    return closure_service.create(**(given | fields))


def worked(practitioner, day=DAY):
    clinic, hours = hours_service.load([practitioner.id], day, day)
    return [(span.starts_at.hour, span.ends_at.hour) for span in working_ranges(clinic, hours[practitioner.id], day)]


def test_leave_extra_and_other_hours_change_the_days_they_are_planned_for():
    practitioner = a_practitioner()
    hours_service.set_week(practitioner.id, [WeeklyRange(0, 480, 720)])

    extra = leave(practitioner, kind="extra", starts=1080, ends=1200)
    assert worked(practitioner) == [(8, 12), (18, 20)]
    changed = hours_exception_service.update(extra.id, version=1, kind="hours", last_day=NEXT)
    assert (changed.version, worked(practitioner), worked(practitioner, NEXT)) == (2, [(18, 20)], [(18, 20)])
    away = leave(practitioner)
    assert worked(practitioner) == []
    hours_exception_service.delete(away.id, version=1)
    hours_exception_service.delete(extra.id)
    assert worked(practitioner) == [(8, 12)]


def test_a_closure_takes_away_the_time_of_everybody_until_it_is_deleted():
    practitioner = a_practitioner()
    hours_service.set_week(practitioner.id, [WeeklyRange(0, 480, 1080)])

    drill = close(starts=780, ends=900)

    assert worked(practitioner) == [(8, 13), (15, 18)]
    closure_service.delete(drill.id)
    assert worked(practitioner) == [(8, 18)]


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"last_day": date(2029, 11, 25)}, {"last_day"}),
        ({"last_day": date(2057, 4, 12)}, {"last_day"}),
        ({"starts": 600}, {"ends"}),
        ({"starts": 600, "ends": 600, "last_day": date(2029, 1, 1)}, {"ends", "last_day"}),
        ({"room_id": uuid4()}, {"room_id"}),
    ],
)
def test_impossible_days_and_times_are_refused_all_at_once(fields, problems):
    practitioner, planned = a_practitioner(), close()

    for act in (
        lambda: leave(practitioner, **fields),
        lambda: close(**fields),
        lambda: closure_service.update(planned.id, **fields),
    ):
        with pytest.raises(InvalidInput) as refused:
            act()
        assert refused.value.problems.keys() == problems
    assert hours_exception_service.list().rows == []
    assert closure_service.get(planned.id).version == 1


@pytest.mark.parametrize("kind", ["extra", "hours"])
def test_hours_need_their_times_and_an_exception_its_practitioner(kind):
    with pytest.raises(InvalidInput) as refused:
        leave(a_practitioner(), kind=kind)
    assert refused.value.problems.keys() == {"starts"}
    with pytest.raises(InvalidInput) as refused:
        hours_exception_service.create(practitioner_id=uuid4(), kind="leave", first_day=DAY, last_day=DAY)
    assert refused.value.problems.keys() == {"practitioner_id"}


def test_stale_versions_and_records_of_another_clinic_are_refused(other_clinic, here):
    away, drill = leave(a_practitioner()), close()

    for service, row in ((hours_exception_service, away), (closure_service, drill)):
        with pytest.raises(StaleVersion):
            service.update(row.id, version=2, last_day=NEXT)
        with pytest.raises(StaleVersion):
            service.delete(row.id, version=2)
    with here(other_clinic.id):
        for service, row, missing in (
            (hours_exception_service, away, HoursExceptionNotFound),
            (closure_service, drill, ClosureNotFound),
        ):
            for act in (service.get, service.delete, service.update):
                with pytest.raises(missing):
                    act(row.id)
            assert service.list().rows == []


def test_lists_show_what_holds_on_some_days_of_one_practitioner():
    practitioner = a_practitioner()
    rows = [leave(practitioner, first_day=day, last_day=NEXT) for day in (DAY, NEXT)]
    leave(a_practitioner("Dr Brandt"))

    def found(**filters):
        return [row.id for row in hours_exception_service.list(practitioner_id=practitioner.id, **filters).rows]

    assert found() == [row.id for row in rows]
    assert found(last_day=DAY) == [rows[0].id]
    assert found(first_day=date(2029, 11, 28)) == []


@pytest.mark.slow
def test_leave_previews_the_appointments_of_its_practitioner_on_its_days():
    appointment = an_appointment(starts_at=AT_TEN)
    practitioner = practitioner_service.get(appointment.practitioner_id)
    an_appointment(starts_at=AT_TEN)
    fields = {"practitioner_id": practitioner.id, "kind": "leave", "first_day": DAY, "last_day": NEXT}

    preview = hours_exception_service.preview(None, fields)
    afternoon = hours_exception_service.preview(None, fields | {"starts": 780, "ends": 1020})

    assert [(one.appointment.id, one.reason) for one in preview.outside] == [(appointment.id, "Leave")]
    assert not afternoon.outside
    with pytest.raises(AppointmentsOutside):
        leave(practitioner, seen="")
    assert leave(practitioner, seen=preview.seal).version == 1


def test_taking_extra_hours_away_previews_what_was_booked_in_them():
    practitioner = a_practitioner()
    extra = leave(practitioner, kind="extra", starts=540, ends=720)
    appointment = an_appointment(practitioner=practitioner, starts_at=AT_TEN)
    hours_service.set_week(practitioner.id, [WeeklyRange(4, 540, 720)])

    assert [one.appointment.id for one in hours_exception_service.preview(extra, None).outside] == [appointment.id]
    assert hours_exception_service.preview(extra, {"starts": 600}).outside == []
    with pytest.raises(AppointmentsOutside):
        hours_exception_service.delete(extra.id, seen="")


@pytest.mark.slow
def test_a_closure_previews_and_counts_what_is_booked_then():
    appointment = an_appointment(starts_at=AT_TEN)
    other = an_appointment(starts_at=AT_TEN)
    room = a_room()
    with unit_of_work():
        appointment.room_id, appointment.place = room.id, 0

    of_all = closure_service.preview(None, {"first_day": DAY, "last_day": DAY})
    of_room = closure_service.preview(None, {"first_day": DAY, "last_day": DAY, "room_id": room.id})
    closures = [close(), close(room_id=room.id), close(starts=660, ends=720), close(first_day=NEXT, last_day=NEXT)]
    planned, _ = closure_service.overview(DAY, 2029, [])

    assert {one.appointment.id for one in of_all.outside} == {appointment.id, other.id}
    assert [(one.appointment.id, one.reason) for one in of_room.outside] == [(appointment.id, "Room closed")]
    found = {one.row.id: (one.room_name, one.booked) for one in planned}
    assert [found[row.id] for row in closures] == [(None, 2), (room.name, 1), (None, 0), (None, 0)]
