"""What the schemas of appointments and practitioners accept and refuse, with their messages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinic.appointments.schemas.appointments import (
    AppointmentQuery,
    AppointmentSchema,
    BookingSchema,
    CancellationSchema,
    DayQuery,
)
from clinic.appointments.schemas.resources import PractitionerSchema
from tests.builders import appointment_fields
from tests.schema_loading import loaded, problems

SOMEBODY = UUID("01900000-0000-7000-8000-000000000001")
BOOKING = {
    "patient": "P-000001",
    "practitioner_id": str(SOMEBODY),
    "day": "2029-11-26",
    "time": "9:00",
    "minutes": "30",
}
NO_DAY = "Enter a date like 2026-11-23"
NO_TIME = "Enter a time like 09:30"
NO_MINUTES = "Enter a whole number from 5 to 1440"
NO_INSTANT = "Enter a date and time with its offset, like 2026-11-23T09:30:00+01:00"
CONTROL = "Leave out control characters"


@pytest.mark.row(84)
@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ("2029-11-26T09:00:00", NO_INSTANT),
        ("2029-11-26", NO_INSTANT),
        ("09:00", NO_INSTANT),
        ("2029-11-31T09:00:00Z", NO_INSTANT),
        ("2026-02-30T09:00:00Z", NO_INSTANT),
        ("2029-11-26T24:30:00Z", NO_INSTANT),
        ("0001-01-01T00:00:00Z", NO_INSTANT),
        ("1899-12-31T23:59:59Z", NO_INSTANT),
        ("9999-12-31T23:00:00Z", NO_INSTANT),
        ("٢٠٢٦-11-30T09:00:00Z", NO_INSTANT),
        ("x", NO_INSTANT),
        ("", NO_INSTANT),
        (1764493200, NO_INSTANT),
        (None, "Enter a date and time"),
    ],
)
@pytest.mark.parametrize("field", ["starts_at", "ends_at"])
def test_a_moment_without_a_date_a_time_or_an_offset_is_refused(field: str, moment: Any, message: str) -> None:
    sent = appointment_fields(SOMEBODY, SOMEBODY, **{field: moment})

    assert problems(AppointmentSchema(), sent) == [(f"#/{field}", message)]


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("2029-11-26T09:00:00+01:00", datetime(2029, 11, 26, 8, tzinfo=UTC)),
        ("2029-11-26t09:00:00z", datetime(2029, 11, 26, 9, tzinfo=UTC)),
        ("2029-11-26 09:00+00:00", datetime(2029, 11, 26, 9, tzinfo=UTC)),
        ("2029-11-26T08:00:00.250-01:00", datetime(2029, 11, 26, 9, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_a_moment_of_any_offset_is_loaded_in_utc(sent: str, moment: datetime) -> None:
    starts_at = loaded(AppointmentSchema(), appointment_fields(SOMEBODY, SOMEBODY, starts_at=sent))["starts_at"]

    assert (starts_at, starts_at.tzinfo) == (moment, UTC)


@pytest.mark.row(32)
@pytest.mark.row(56)
@pytest.mark.parametrize("field", ["id", "clinic_id", "status", "version", "lane", "cancel_reason"])
def test_a_field_that_clients_may_not_set_is_unknown(field: str) -> None:
    found = problems(AppointmentSchema(), appointment_fields(SOMEBODY, SOMEBODY, **{field: "1"}))

    assert found == [(f"#/{field}", "Unknown field.")]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"patient": ""}, ("#/patient", "Enter the patient's number")),
        ({"practitioner_id": ""}, ("#/practitioner_id", "Choose a practitioner")),
        ({"day": "30.11.2026"}, ("#/day", NO_DAY)),
        ({"day": "2029-11-31"}, ("#/day", NO_DAY)),
        ({"day": "0001-01-01"}, ("#/day", NO_DAY)),
        ({"day": "9999-12-31"}, ("#/day", NO_DAY)),
        ({"day": "tomorrow"}, ("#/day", NO_DAY)),
        ({"time": ""}, ("#/time", "Enter the time")),
        ({"time": "25:00"}, ("#/time", NO_TIME)),
        ({"time": "9:60"}, ("#/time", NO_TIME)),
        ({"time": "٩"}, ("#/time", NO_TIME)),
        ({"time": "9:00 \udcff"}, ("#/time", CONTROL)),
        ({"minutes": "0"}, ("#/minutes", NO_MINUTES)),
        ({"minutes": "1e3"}, ("#/minutes", NO_MINUTES)),
        ({"minutes": "1441"}, ("#/minutes", NO_MINUTES)),
        ({"fold": "2"}, ("#/fold", "Choose one of: 0, 1")),
    ],
)
def test_an_invalid_booking_is_refused_at_its_field(change: dict[str, str], problem: tuple[str, str]) -> None:
    assert problems(BookingSchema(), BOOKING | change) == [problem]


@pytest.mark.parametrize(("time", "hour", "minute"), [("9", 9, 0), ("0930", 9, 30), ("9.30", 9, 30), ("14h15", 14, 15)])
def test_a_time_is_read_as_people_write_it(time: str, hour: int, minute: int) -> None:
    booking = loaded(BookingSchema(), BOOKING | {"time": time})

    assert booking["starts_at"] == datetime(2029, 11, 26, hour, minute, tzinfo=UTC)
    assert booking["ends_at"] - booking["starts_at"] == timedelta(minutes=30)


@pytest.mark.parametrize("day", ["x", "2026-13-01", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_not_in_the_calendar_is_refused(day: str) -> None:
    assert problems(DayQuery(), {"day": day}) == [("#/day", NO_DAY)]


def test_a_day_with_a_control_character_is_refused() -> None:
    assert problems(DayQuery(), {"day": "\x00"}) == [("#/day", CONTROL)]


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"reason": "weather"}, ("#/reason", "Choose one of: patient, practitioner, clinic, other")),
        ({"reason": None}, ("#/reason", "Enter a reason")),
        ({"reason": ""}, ("#/reason", "Enter a reason")),
        ({"note": "x" * 201}, ("#/note", "Enter at most 200 characters")),
        ({"note": "a\nb"}, ("#/note", CONTROL)),
        ({"status": "booked"}, ("#/status", "Unknown field.")),
    ],
)
def test_an_invalid_cancellation_is_refused(sent: dict[str, str], problem: tuple[str, str]) -> None:
    assert problems(CancellationSchema(), sent) == [problem]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"status": "lost"}, ("#/status", "There is no state lost")),
        ({"starts_at.gte": "2029-11-26"}, ("#/starts_at.gte", NO_INSTANT)),
        ({"patient_id": "1"}, ("#/patient_id", "Choose a patient")),
        ({"practitioner_id": "1"}, ("#/practitioner_id", "Choose a practitioner")),
        ({"limit": "0"}, ("#/limit", "Enter a whole number from 1 to 200")),
    ],
)
def test_an_invalid_filter_is_refused(query: dict[str, str], problem: tuple[str, str]) -> None:
    assert problems(AppointmentQuery(), query) == [problem]


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({}, ("#/name", "Enter the name")),
        ({"name": " "}, ("#/name", "Enter the name")),
        ({"name": None}, ("#/name", "Enter the name")),
        ({"name": "x" * 201}, ("#/name", "Enter at most 200 characters")),
        ({"name": "X", "active": False}, ("#/active", "Unknown field.")),
    ],
)
def test_an_invalid_practitioner_is_refused(sent: dict[str, Any], problem: tuple[str, str]) -> None:
    assert problems(PractitionerSchema(), sent) == [problem]
