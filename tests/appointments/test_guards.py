"""What the database itself refuses, whoever writes."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from clinic.appointments.service import appointment_service
from clinic.core.db import Base, db
from clinic.core.ids import new_id
from tests.assertions import row_counts, rows
from tests.builders import MONDAY, a_patient, a_practitioner, an_appointment

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
    return {field: (a_patient() if field == "patient_id" else a_practitioner("Dr Brandt")).id}


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
