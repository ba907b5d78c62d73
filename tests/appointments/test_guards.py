"""What the database itself refuses, whoever writes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from clinic.appointments.booking import placing
from clinic.appointments.service import SlotTaken, appointment_service
from clinic.core.db import Base, db
from clinic.core.ids import new_id
from tests.appointments.schedule import a_room, a_service, book, fields_of
from tests.assertions import row_counts, rows
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]

APPOINTMENTS = Base.metadata.tables["appointments"]
PEOPLE = ["patient_id", "practitioner_id"]


def write(statement):
    with db.engine.begin() as connection:
        connection.execute(statement)


def copied(app, **changes):
    """Return a statement that adds a row like the first one, behind the service's back."""
    return insert(APPOINTMENTS).values(rows(app, "appointments")[0] | {"id": new_id()} | changes | blocked(changes))


def blocked(times):
    """Return the blocked time of an appointment without buffers."""
    names = {"starts_at": "blocked_from", "ends_at": "blocked_until"}
    return {names[name]: value for name, value in times.items() if name in names}


def somebody_else(field):
    return {field: (somebody() if field == "patient_id" else a_practitioner("Dr Brandt")).id}


@pytest.mark.parametrize("same", PEOPLE)
def test_a_row_that_overlaps_for_one_of_the_people_is_refused(app, same):
    an_appointment()
    [other] = set(PEOPLE) - {same}

    with pytest.raises(IntegrityError, match=f"appointments_{same.removesuffix('_id')}_free"):
        write(copied(app, **somebody_else(other)))

    assert row_counts(app)["appointments"] == 1


@pytest.mark.breadth
@pytest.mark.parametrize("same", PEOPLE)
@pytest.mark.parametrize("minutes", [-29, 29])
def test_a_row_that_is_moved_onto_another_is_refused(app, same, minutes):
    first = an_appointment()
    [other] = set(PEOPLE) - {same}
    write(
        copied(app, **somebody_else(other), starts_at=MONDAY + timedelta(hours=2), ends_at=MONDAY + timedelta(hours=3))
    )
    start = MONDAY + timedelta(minutes=minutes)
    times = {"starts_at": start, "ends_at": start + timedelta(minutes=30)}

    with pytest.raises(IntegrityError, match=f"appointments_{same.removesuffix('_id')}_free"):
        write(update(APPOINTMENTS).where(APPOINTMENTS.c.id != first.id).values(**times, **blocked(times)))


def test_a_row_that_is_given_to_busy_people_is_refused(app):
    first, second = an_appointment(), an_appointment()

    for field in PEOPLE:
        with pytest.raises(IntegrityError):
            write(update(APPOINTMENTS).where(APPOINTMENTS.c.id == second.id).values({field: getattr(first, field)}))


def test_a_cancelled_row_can_not_be_brought_back_onto_a_taken_time(app):
    first = an_appointment()
    appointment_service.cancel(first.id)
    write(copied(app, status="booked"))

    with pytest.raises(IntegrityError):
        write(update(APPOINTMENTS).where(APPOINTMENTS.c.id == first.id).values(status="booked"))


@pytest.mark.breadth
@pytest.mark.parametrize("status", ["cancelled", "noshow", "waitlist", "entered-in-error"])
def test_rows_that_take_no_time_do_not_count(app, status):
    an_appointment()

    write(copied(app, status=status))

    assert row_counts(app)["appointments"] == 2


@pytest.mark.breadth
@pytest.mark.parametrize("status", ["pending", "booked", "arrived", "checked-in", "fulfilled"])
def test_rows_that_take_time_count(app, status):
    an_appointment()

    with pytest.raises(IntegrityError):
        write(copied(app, status=status))


def test_rows_that_touch_do_not_overlap(app):
    an_appointment()

    write(copied(app, starts_at=MONDAY + timedelta(minutes=30), ends_at=MONDAY + timedelta(minutes=60)))
    write(copied(app, starts_at=MONDAY - timedelta(minutes=30), ends_at=MONDAY))

    assert row_counts(app)["appointments"] == 3


def test_rows_that_overlap_by_a_microsecond_are_refused(app):
    an_appointment()

    with pytest.raises(IntegrityError):
        write(
            copied(app, starts_at=MONDAY + timedelta(minutes=30, microseconds=-1), ends_at=MONDAY + timedelta(hours=1))
        )


@pytest.mark.parametrize("field", PEOPLE)
def test_a_row_can_not_name_people_of_another_clinic(app, here, other_clinic, field):
    with here(other_clinic.id):
        theirs = somebody_else(field)
    an_appointment()
    later = {"starts_at": MONDAY + timedelta(days=1), "ends_at": MONDAY + timedelta(days=1, hours=1)}

    with pytest.raises(IntegrityError):
        write(copied(app, **later, **theirs))


def test_a_row_can_not_be_moved_to_another_clinic(app, other_clinic):
    an_appointment()

    with pytest.raises(IntegrityError):
        write(update(APPOINTMENTS).values(clinic_id=other_clinic.id))


@pytest.mark.parametrize("change", [{"status": "lost"}, {"cancel_reason": "weather"}, {"ends_at": MONDAY}])
def test_values_that_no_rule_allows_are_refused(change):
    an_appointment()

    with pytest.raises(IntegrityError):
        write(update(APPOINTMENTS).values(**change))


def minutes_from(minute, length=30):
    """Return the times of an appointment that begins some minutes after the first one, without buffers."""
    start = MONDAY + timedelta(minutes=minute)
    return {"starts_at": start, "ends_at": start + timedelta(minutes=length)}


@pytest.mark.breadth
@pytest.mark.parametrize("same", ["practitioner", "room"])
def test_the_buffers_of_a_row_are_guarded_for_practitioner_and_room(app, same):
    first = book(service=a_service(rooms=[a_room()], buffer_after=15))
    others: dict[str, Any] = {"patient_id": somebody().id}
    others |= {"room_id": None, "place": None} if same == "practitioner" else somebody_else("practitioner_id")

    with pytest.raises(IntegrityError, match=f"appointments_{same}_free"):
        write(copied(app, **others, **minutes_from(44)))
    write(copied(app, **others, **minutes_from(45)))
    elsewhere = {"patient_id": first.patient_id, "room_id": None, "place": None} | somebody_else("practitioner_id")
    write(copied(app, **elsewhere, **minutes_from(30)))

    assert first.blocked_until == MONDAY + timedelta(minutes=45)


def test_a_place_in_a_room_is_guarded_in_each_lane(app):
    book(service=a_service(rooms=[a_room(places=2)]))

    with pytest.raises(IntegrityError, match="appointments_room_free"):
        write(copied(app, **somebody_else("patient_id"), **somebody_else("practitioner_id")))
    write(copied(app, **somebody_else("patient_id"), **somebody_else("practitioner_id"), place=1))
    write(copied(app, **somebody_else("patient_id"), **somebody_else("practitioner_id"), lane=1))

    assert row_counts(app)["appointments"] == 3


def test_a_practitioner_is_guarded_in_each_lane_and_a_patient_in_all(app):
    an_appointment()
    write(copied(app, **somebody_else("patient_id"), lane=1))

    with pytest.raises(IntegrityError, match="appointments_practitioner_free"):
        write(copied(app, **somebody_else("patient_id"), lane=1))
    with pytest.raises(IntegrityError, match="appointments_practitioner_free"):
        write(update(APPOINTMENTS).where(APPOINTMENTS.c.lane == 1).values(lane=0))
    with pytest.raises(IntegrityError, match="appointments_patient_free"):
        write(copied(app, **somebody_else("practitioner_id"), lane=2))


@pytest.mark.parametrize("resource", ["practitioner", "patient"])
def test_what_only_the_guard_sees_is_refused_like_what_the_check_sees(app, monkeypatch, resource):
    """The check is switched off, as if it had missed a booking."""
    first = an_appointment()
    monkeypatch.setattr(placing, "load_bookings", lambda *_args, **_options: [])
    people = {"patient_id": first.patient_id} if resource == "patient" else {"practitioner_id": first.practitioner_id}
    fields = fields_of() | people

    with pytest.raises(SlotTaken) as refused:
        appointment_service.create(**fields)

    assert refused.value.resource == resource
    assert row_counts(app)["appointments"] == 1
