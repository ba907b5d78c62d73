"""Bookings of revision 0005 are kept, guarded and added to after the upgrade."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.appointments.service import Appointment, SlotTaken, appointment_service
from clinic.core.db import db
from tests.upgrade.older_database import NOW, downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0005"

START = datetime(2029, 7, 2, 8, 0, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.slow
def test_a_booking_keeps_its_time_and_gets_its_wall_time(ids: dict[str, UUID]) -> None:
    appointment = appointment_service.get(ids["appointment"])

    assert (appointment.starts_at, appointment.ends_at) == (START, START + HALF_AN_HOUR)
    assert (appointment.wall_start, appointment.zone) == (datetime(2029, 7, 2, 9, 0), "Europe/Lisbon")
    assert (appointment.blocked_from, appointment.blocked_until) == (START, START + HALF_AN_HOUR)
    assert (appointment.lane, appointment.service_id, appointment.room_id) == (0, None, None)


def test_the_next_booking_is_refused_on_the_taken_time_and_accepted_beside_it(ids: dict[str, UUID]) -> None:
    with pytest.raises(SlotTaken):
        _book(ids, START)
    assert _book(ids, START + HALF_AN_HOUR).status == "booked"


def test_a_booking_is_not_confirmed_and_can_be(ids: dict[str, UUID]) -> None:
    assert appointment_service.get(ids["appointment"]).confirmed_at is None

    assert appointment_service.confirm(ids["appointment"]).confirmed_at is not None


@pytest.mark.slow
@pytest.mark.parametrize("who", ["patient", "practitioner"])
def test_the_database_itself_refuses_a_second_booking(ids: dict[str, UUID], who: str) -> None:
    with pytest.raises(IntegrityError, match=f"appointments_{who}_free"), db.engine.begin() as connection:
        other = {"patient": "practitioner_id", "practitioner": "patient_id"}[who]
        person = {name: value for name, value in _person(other, ids).items() if not name.startswith("messages_")}
        insert(other.removesuffix("_id") + "s", person)
        columns = {name: name for name in ("patient_id", "practitioner_id")} | {other: ":other"}
        copy = text(_COPY.format(**columns))
        connection.execute(copy, {"id": uuid4().hex, "other": ids["other"].hex})


@pytest.mark.slow
@pytest.mark.parametrize("column", ["service_id", "room_id"])
def test_a_booking_can_not_name_what_does_not_exist(ids: dict[str, UUID], column: str) -> None:
    place = ", place = 0" if column == "room_id" else ""

    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text(f"UPDATE appointments SET {column} = :id{place}"), {"id": uuid4().hex})


@pytest.mark.slow
def test_a_downgrade_keeps_bookings_and_their_guards(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with pytest.raises(IntegrityError, match="appointments_p"):
        insert("appointments", _booking(ids) | {"id": uuid4()})


def _book(ids: dict[str, UUID], start: datetime) -> Appointment:
    return appointment_service.create(
        patient_id=ids["patient"],
        practitioner_id=ids["practitioner"],
        starts_at=start,
        ends_at=start + HALF_AN_HOUR,
    )


_COPY = """
    INSERT INTO appointments (id, clinic_id, patient_id, practitioner_id, starts_at, ends_at, status, version,
    created_at, updated_at, wall_start, zone, lane, blocked_from, blocked_until, late)
    SELECT :id, clinic_id, {patient_id}, {practitioner_id}, starts_at, ends_at, status, version,
    created_at, updated_at, wall_start, zone, lane, blocked_from, blocked_until, late FROM appointments
"""


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a booking."""
    ids = {name: uuid4() for name in ("clinic", "patient", "practitioner", "appointment", "other")}
    same = {"currency": "EUR", "locale": "en_GB", "idle_minutes": 15, "absolute_hours": 12}
    insert("clinics", {"id": ids["clinic"], "name": "Harbour", "zone": "Europe/Lisbon", "country": "PT", **same})
    insert("patients", _person("patient_id", ids) | {"id": ids["patient"], "mrn": "P-000001"})
    insert("practitioners", _person("practitioner_id", ids) | {"id": ids["practitioner"]})
    insert("appointments", _booking(ids))
    return ids


def _person(column: str, ids: dict[str, UUID]) -> dict[str, Any]:
    same = {"id": ids["other"], "clinic_id": ids["clinic"]}
    if column == "practitioner_id":
        return {**same, "name": "Dr Okafor", "active": True}
    agreed = {"messages_agreed": True, "messages_agreed_source": "registration", "messages_agreed_at": NOW}
    return {**same, "mrn": "P-000002", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", **agreed}


def _booking(ids: dict[str, UUID]) -> dict[str, Any]:
    people = {"clinic_id": ids["clinic"], "patient_id": ids["patient"], "practitioner_id": ids["practitioner"]}
    times = {"starts_at": "2029-07-02 08:00:00.000000", "ends_at": "2029-07-02 08:30:00.000000"}
    return {"id": ids["appointment"], **people, **times, "status": "booked"}
