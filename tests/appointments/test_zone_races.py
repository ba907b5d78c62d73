"""Somebody books while somebody else changes the clinic's time zone."""

from datetime import datetime, timedelta
from functools import partial
from threading import Thread
from time import monotonic

import pytest
from sqlalchemy import text

from clinic.appointments.booking import creation, registration, rescheduling
from clinic.appointments.booking.moves import guarded_unit_of_work
from clinic.appointments.service import ZoneChanged, appointment_service, practitioner_service
from clinic.core.clock import today, wall_time
from clinic.core.db import db
from clinic.core.errors import StaleVersion
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity import zone_change
from clinic.identity.clinics import clinic_service
from clinic.identity.zone_change import preview_change
from tests.appointments.schedule import book, fields_of
from tests.appointments.zones import AZORES, HOUR, LISBON, MADRID, as_stored, move_to, overlaps
from tests.assertions import row_counts, rows, spoken
from tests.builders import MONDAY, a_practitioner, somebody
from tests.concurrency import PATIENCE, run_at_once
from tests.databases import on_postgresql_only

pytestmark = pytest.mark.both_databases


@pytest.fixture
def zone_changes(app, clinic, monkeypatch):
    """Let the zone change just before a booking or a move opens its unit of work."""

    def later_unit_of_work():
        run_at_once(app, clinic.id, 1, lambda _: move_to(MADRID))
        return guarded_unit_of_work()

    monkeypatch.setattr(creation, "guarded_unit_of_work", later_unit_of_work)
    monkeypatch.setattr(rescheduling, "guarded_unit_of_work", later_unit_of_work)


@pytest.mark.usefixtures("inside")
def test_a_zone_that_changed_before_somebody_is_registered_refuses_both(app, clinic, monkeypatch):
    fields = fields_of(patient_id=somebody().id, practitioner_id=a_practitioner().id)
    del fields["patient_id"]

    def later_unit_of_work():
        run_at_once(app, clinic.id, 1, lambda _: move_to(MADRID))
        return unit_of_work()

    monkeypatch.setattr(registration, "unit_of_work", later_unit_of_work)

    clinic_service.current()
    with pytest.raises(ZoneChanged):
        registration.register_and_book(appointment_service.create, {"family_name": "Idowu"}, **fields)

    assert (row_counts(app)["patients"], row_counts(app)["appointments"]) == (1, 0)


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_who_understood_a_time_in_the_old_zone_is_refused(app, request):
    appointment, fields = book(), fields_of(patient_id=somebody().id, practitioner_id=a_practitioner().id)
    request.getfixturevalue("zone_changes")

    clinic_service.current()
    with pytest.raises(ZoneChanged):
        appointment_service.create(**fields)
    move_to(LISBON)
    clinic_service.current()
    with pytest.raises(ZoneChanged):
        appointment_service.reschedule(appointment.id, starts_at=MONDAY + HOUR)

    assert as_stored(appointment).wall_start == datetime(2029, 11, 26, 9)
    assert row_counts(app)["appointments"] == 1


@pytest.mark.usefixtures("inside")
def test_who_sends_an_instant_without_reading_the_zone_gets_it(request):
    fields = fields_of()
    request.getfixturevalue("zone_changes")
    db.session.expunge_all()

    booked = appointment_service.create(**fields)

    assert (booked.starts_at, booked.wall_start) == (MONDAY, datetime(2029, 11, 26, 10))


@pytest.mark.slow
@on_postgresql_only
@pytest.mark.usefixtures("inside")
def test_who_books_with_a_new_practitioner_waits_for_the_change(app, clinic, monkeypatch):
    """The practitioner did not exist yet when the change locked all of them."""
    booked = []

    def with_a_new_one():
        with app.app_context(), clinic_scope(clinic.id):
            added = practitioner_service.create(name="Dr New").id
            booked.append(book(MONDAY, practitioner_id=added).zone)

    booking = Thread(target=with_a_new_one, daemon=True)

    def preview(*zones):
        booking.start()
        end = monotonic() + PATIENCE
        while not booked and not is_waiting() and monotonic() < end:
            pass
        return preview_change(*zones)

    monkeypatch.setattr(zone_change, "preview_change", preview)
    move_to(MADRID)
    booking.join(PATIENCE)

    assert booked == [MADRID]


def is_waiting():
    """Return whether somebody waits for a lock in this database."""
    here = "datname = current_database() AND wait_event_type = 'Lock'"
    with db.engine.connect() as connection:
        return connection.execute(text(f"SELECT COUNT(*) FROM pg_stat_activity WHERE {here}")).scalar_one() > 0


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
@pytest.mark.row(76)
def test_bookings_moves_and_new_practitioners_at_once_are_all_in_the_new_zone(app, at_once):
    practitioners = [a_practitioner(f"Dr {number}").id for number in range(3)]
    patients = [somebody().id for _ in range(5)]

    def with_a_new_one(start):
        added = practitioner_service.create(name="Dr New").id
        book(start, patient_id=patients[3], practitioner_id=added)

    for turn, zone in enumerate([MADRID, AZORES, LISBON, MADRID]):
        start = MONDAY + timedelta(days=turn)
        moved = book(start + 5 * HOUR, patient_id=patients[4], practitioner_id=practitioners[2]).id
        acts = [
            partial(move_to, zone),
            partial(book, start, patient_id=patients[0], practitioner_id=practitioners[0]),
            partial(book, start, patient_id=patients[1], practitioner_id=practitioners[1]),
            partial(with_a_new_one, start),
            partial(appointment_service.reschedule, moved, starts_at=start + 7 * HOUR),
        ]

        outcomes = at_once(len(acts), lambda number, acts=acts: acts[number]())

        assert {type(one) for one in outcomes} <= {type(None), ZoneChanged, StaleVersion}
        assert outcomes[0] is None
        stored = rows(app, "appointments")
        assert {row["zone"] for row in stored} == {zone}
        assert all(wall_time(row["starts_at"], zone) == row["wall_start"] for row in stored)
        assert overlaps(app) == 0


@pytest.mark.slow
def test_the_booking_form_keeps_what_was_typed_when_the_zone_changes(app, client, clinic, request):
    with app.app_context(), clinic_scope(clinic.id):
        patient, practitioner = somebody().id, a_practitioner().id
    typed = {"patient": patient, "practitioner_id": practitioner, "day": f"{today(LISBON) + timedelta(days=3)}"}
    typed |= {"time": "10:00", "minutes": "30", "reason": "Cough"}
    request.getfixturevalue("zone_changes")

    answer = client.submit("/appointments/new", **typed)

    assert answer.status_code == 409
    assert "The clinic's time zone has just been changed: check the time and choose it again" in spoken(answer.text)
    assert 'value="Cough"' in answer.text
    assert row_counts(app)["appointments"] == 0
