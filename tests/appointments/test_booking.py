"""The schedule as other modules know it: booking, cancelling, listing."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from clinic.appointments.service import (
    AppointmentNotCancellable,
    AppointmentNotFound,
    PatientBusy,
    PractitionerNotFound,
    SlotTaken,
    appointment_service,
    practitioner_service,
)
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from tests.assertions import row_counts, stored_events
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")

HALF_AN_HOUR = timedelta(minutes=30)


def book(patient, practitioner, starts_at=MONDAY, ends_at=None):
    return appointment_service.create(
        patient_id=patient.id,
        practitioner_id=practitioner.id,
        starts_at=starts_at,
        ends_at=ends_at or starts_at + HALF_AN_HOUR,
    )


def test_booking_stores_who_comes_when_and_to_whom():
    patient, practitioner = somebody(), a_practitioner()

    appointment = appointment_service.get(book(patient, practitioner).id)

    assert (appointment.patient_id, appointment.practitioner_id) == (patient.id, practitioner.id)
    assert (appointment.starts_at, appointment.ends_at) == (MONDAY, MONDAY + HALF_AN_HOUR)
    assert (appointment.status, appointment.version, appointment.minutes) == ("booked", 1, 30)


def test_booking_tells_the_other_modules_with_exactly_two_ids(app, published):
    appointment = an_appointment()

    data = {"appointment_id": str(appointment.id), "patient_id": str(appointment.patient_id)}
    assert published[-1] == ("appointment.scheduled", data)
    assert stored_events(app, "appointment.scheduled") == [data]


def test_cancelling_tells_the_other_modules_with_exactly_one_id(app, published):
    appointment = an_appointment()

    appointment_service.cancel(appointment.id, reason="patient", note="Caught a cold")

    assert published[-1] == ("appointment.cancelled", {"appointment_id": str(appointment.id)})
    assert stored_events(app, "appointment.cancelled") == [{"appointment_id": str(appointment.id)}]
    cancelled = appointment_service.get(appointment.id)
    assert (cancelled.status, cancelled.cancel_reason, cancelled.cancel_note) == (
        "cancelled",
        "patient",
        "Caught a cold",
    )


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("minutes", [-29, -10, 0, 10, 29])
def test_a_time_that_touches_a_taken_one_on_the_inside_is_refused(app, published, minutes):
    taken = an_appointment()
    other = somebody()
    before = row_counts(app)

    with pytest.raises(SlotTaken) as refused:
        book(other, practitioner_service.get(taken.practitioner_id), MONDAY + timedelta(minutes=minutes))

    assert refused.value.details["conflicts"] == [str(taken.id)]
    assert row_counts(app) == before


@pytest.mark.parametrize(("start", "end"), [(-60, 90), (10, 20)])
def test_a_time_around_or_within_a_taken_one_is_refused(start, end):
    taken = an_appointment()

    with pytest.raises(SlotTaken):
        book(
            somebody(),
            practitioner_service.get(taken.practitioner_id),
            MONDAY + timedelta(minutes=start),
            MONDAY + timedelta(minutes=end),
        )


def test_appointments_may_touch():
    patient, practitioner = somebody(), a_practitioner()

    for step in (0, 1, -1):
        book(patient, practitioner, MONDAY + step * HALF_AN_HOUR)

    assert len(appointment_service.day(MONDAY.date())) == 3


def test_a_patient_can_not_be_in_two_places(app):
    taken = an_appointment()
    before = row_counts(app)

    with pytest.raises(PatientBusy) as refused:
        appointment_service.create(
            patient_id=taken.patient_id,
            practitioner_id=a_practitioner("Dr Brandt").id,
            starts_at=MONDAY,
            ends_at=MONDAY + HALF_AN_HOUR,
        )

    assert refused.value.details.items() >= {"conflicts": [str(taken.id)], "resource": "patient"}.items()
    assert row_counts(app) == before | {"practitioners": 2}


def test_a_cancelled_appointment_frees_its_time():
    first = an_appointment()
    patient, practitioner = somebody(), practitioner_service.get(first.practitioner_id)

    appointment_service.cancel(first.id)

    assert book(patient, practitioner).status == "booked"


def test_an_appointment_is_cancelled_only_once(app, published):
    appointment = an_appointment()
    appointment_service.cancel(appointment.id)

    with pytest.raises(AppointmentNotCancellable, match="is cancelled"):
        appointment_service.cancel(appointment.id)

    assert len(stored_events(app, "appointment.cancelled")) == 1


@pytest.mark.breadth
@pytest.mark.row(77)
@pytest.mark.parametrize(
    ("status", "allowed"),
    [(status, True) for status in ("pending", "waitlist", "booked", "arrived")]
    + [(status, False) for status in ("checked-in", "fulfilled", "noshow", "entered-in-error")],
)
def test_an_appointment_is_cancelled_only_before_the_visit_begins(status, allowed):
    appointment = an_appointment()
    with unit_of_work():
        appointment_service.get(appointment.id).status = status

    if allowed:
        assert appointment_service.cancel(appointment.id).status == "cancelled"
    else:
        with pytest.raises(AppointmentNotCancellable):
            appointment_service.cancel(appointment.id)


def test_an_old_version_is_not_cancelled():
    appointment = an_appointment()

    with pytest.raises(StaleVersion):
        appointment_service.cancel(appointment.id, version=7)

    assert appointment_service.get(appointment.id).status == "booked"


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("ends_at", "words"),
    [
        (MONDAY, "The end must be after the start"),
        (MONDAY - HALF_AN_HOUR, "The end must be after the start"),
        (MONDAY + timedelta(hours=24, seconds=1), "An appointment lasts at most 24 hours"),
    ],
)
def test_an_impossible_length_is_refused(ends_at, words):
    with pytest.raises(InvalidInput) as refused:
        book(somebody(), a_practitioner(), MONDAY, ends_at)

    assert refused.value.problems == {"ends_at": [words]}


@pytest.mark.parametrize("field", ["patient_id", "practitioner_id"])
def test_nobody_of_another_clinic_can_be_booked(app, here, other_clinic, field):
    with here(other_clinic.id):
        theirs = {"patient_id": somebody().id, "practitioner_id": a_practitioner().id}
    ours = {"patient_id": somebody().id, "practitioner_id": a_practitioner().id}
    before = row_counts(app)

    with pytest.raises(InvalidInput) as refused:
        appointment_service.create(**ours | {field: theirs[field]}, starts_at=MONDAY, ends_at=MONDAY + HALF_AN_HOUR)

    assert list(refused.value.problems) == [field]
    assert row_counts(app) == before


def test_an_appointment_of_another_clinic_is_none_here(here, other_clinic):
    with here(other_clinic.id):
        theirs = an_appointment()

    for look in (appointment_service.get, appointment_service.cancel):
        with pytest.raises(AppointmentNotFound):
            look(theirs.id)
    assert appointment_service.list().rows == []
    assert appointment_service.day(MONDAY.date()) == []


@pytest.mark.slow
def test_practitioners_of_two_clinics_are_busy_apart(here, other_clinic):
    an_appointment()

    with here(other_clinic.id):
        assert an_appointment().status == "booked"


def test_somebody_who_takes_no_appointments_any_more_can_not_be_booked():
    practitioner = a_practitioner()
    with unit_of_work():
        practitioner_service.get(practitioner.id).active = False

    with pytest.raises(InvalidInput) as refused:
        book(somebody(), practitioner)

    assert list(refused.value.problems) == ["practitioner_id"]


def test_appointments_are_listed_by_their_start():
    later, earlier = an_appointment(starts_at=MONDAY + HALF_AN_HOUR), an_appointment(starts_at=MONDAY)

    assert [one.id for one in appointment_service.list().rows] == [earlier.id, later.id]


def test_a_list_is_filtered_by_each_thing_that_is_given():
    wanted, noise = an_appointment(), an_appointment(starts_at=MONDAY + timedelta(days=1))
    appointment_service.cancel(noise.id)

    for filters in (
        {"patient_id": wanted.patient_id},
        {"practitioner_id": wanted.practitioner_id},
        {"before": MONDAY + HALF_AN_HOUR},
        {"since": MONDAY, "before": MONDAY + HALF_AN_HOUR},
        {"status": ["booked", "arrived"]},
    ):
        assert [one.id for one in appointment_service.list(**filters).rows] == [wanted.id], filters
    assert [one.id for one in appointment_service.list(since=MONDAY + HALF_AN_HOUR).rows] == [noise.id]


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("starts_at", "day"),
    [
        (datetime(2026, 7, 14, 22, 59, tzinfo=UTC), date(2026, 7, 14)),
        (datetime(2026, 7, 14, 23, 0, tzinfo=UTC), date(2026, 7, 15)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 3, 28, 23, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 22, 59, tzinfo=UTC), date(2026, 3, 29)),
    ],
)
def test_each_appointment_stands_on_the_day_of_the_clinics_calendar(starts_at, day):
    appointment = an_appointment(starts_at=starts_at)

    days = [day - timedelta(days=1), day, day + timedelta(days=1)]
    assert [[one.id for one in appointment_service.day(each)] for each in days] == [[], [appointment.id], []]


@pytest.mark.slow
def test_what_is_to_come_leaves_out_what_is_over_or_cancelled():
    patient = somebody()
    start = datetime.now(UTC).replace(microsecond=0)
    past, now, soon, off = (
        an_appointment(patient, starts_at=start + timedelta(hours=hours)) for hours in (-5, 0, 5, 9)
    )
    appointment_service.cancel(off.id)

    assert [one.id for one in appointment_service.upcoming_of(patient.id)] == [now.id, soon.id]
    assert past.id not in {now.id, soon.id}


def test_a_practitioner_is_identified_by_name_in_either_form_and_by_id():
    practitioner = a_practitioner("Dr Amélie Nguyễn")

    for name in ("Dr Amélie Nguyễn", "Dr Ame\u0301lie Nguye\u0302\u0303n", str(practitioner.id)):
        assert practitioner_service.identify(name).id == practitioner.id


def test_a_name_that_two_practitioners_share_identifies_neither():
    a_practitioner("Dr Silva")
    a_practitioner("Dr Silva")

    for name in ("Dr Silva", "Nobody", str(uuid4()), "\udcff", "\x00"):
        with pytest.raises(PractitionerNotFound):
            practitioner_service.identify(name)


def test_a_booking_that_fails_later_leaves_nothing_behind(app, published):
    patient, practitioner = somebody(), a_practitioner()
    before = row_counts(app)

    with pytest.raises(ZeroDivisionError), unit_of_work():
        book(patient, practitioner)
        _ = 1 / 0

    assert row_counts(app) == before
    assert "appointment.scheduled" not in [name for name, _data in published]
