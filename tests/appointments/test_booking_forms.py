"""What the forms of booking and moving accept and refuse, with their messages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine

from clinic.appointments.schemas.booking import (
    NO_PATIENT,
    NO_PRACTITIONER,
    NO_REASON,
    NO_SLOT,
    TWO_TIMES,
    BookingForm,
    FindSchema,
    RescheduleForm,
)
from tests.schema_loading import loaded, problems

DOCTOR = UUID("01900000-0000-7000-8000-000000000001")
SLOT = f"{DOCTOR}/2029-11-26T09:00/0/45"
CHOSEN = {"patient": "P-000001", "slot": SLOT, "time": ""}
TYPED = {"patient": "P-000001", "practitioner_id": str(DOCTOR), "day": "2029-11-26", "time": "9.30", "minutes": "20"}


def test_a_chosen_and_a_typed_time_are_loaded_alike():
    chosen, typed = loaded(BookingForm(), CHOSEN), loaded(BookingForm(), TYPED)

    assert (chosen["practitioner_id"], typed["practitioner_id"]) == (DOCTOR, DOCTOR)
    assert (chosen["starts_at"], chosen["ends_at"]) == (
        datetime(2029, 11, 26, 9, 0, tzinfo=UTC),
        datetime(2029, 11, 26, 9, 45, tzinfo=UTC),
    )
    assert typed["ends_at"] == datetime(2029, 11, 26, 9, 50, tzinfo=UTC)
    assert not {"slot", "search_from"} & chosen.keys()


def test_the_second_of_two_equal_times_is_a_slot_of_its_own():
    first, second = (
        loaded(RescheduleForm(), {"slot": f"{DOCTOR}/2029-10-28T01:30/{fold}/30", "time": ""})["starts_at"]
        for fold in (0, 1)
    )

    assert (second - first).total_seconds() == 3600


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            {"slot": "nonsense"},
            [("#/slot", NO_SLOT), ("#/time", "Enter a time, or choose a free one"), ("#/day", "Enter the day")],
        ),
        ({"slot": SLOT, "time": "9:15"}, [("#/slot", TWO_TIMES)]),
        ({"slot": f"{SLOT}/over"}, [("#/overbook_reason", NO_REASON)]),
        ({"slot": f"{DOCTOR}/2029-13-26T09:00/0/45"}, [("#/day", "Enter a date like 2026-11-23")]),
        ({"patient": ""}, [("#/patient", NO_PATIENT)]),
        ({"kind": "sometimes"}, [("#/kind", "Choose one of: booked, arrived, fulfilled")]),
        ({"note": "x" * 1001}, [("#/note", "Enter at most 1000 characters")]),
        ({"clinic_id": str(DOCTOR)}, [("#/clinic_id", "Unknown field.")]),
        (
            {"patient": "", "registration-phone": "12", "registration-email": "x"},
            [
                ("#/registration/family_name", "Enter the family name or the given name"),
                ("#/registration/email", "Enter an email address like name@example.org"),
                ("#/registration/phone", "Enter a phone number with its country code, like +351 912 345 678"),
            ],
        ),
    ],
)
def test_an_invalid_booking_is_refused_at_its_fields(change: dict[str, Any], found: list[tuple[str, str]]):
    assert sorted(problems(BookingForm(), CHOSEN | change)) == sorted(found)


def test_a_typed_time_needs_a_practitioner():
    assert problems(RescheduleForm(), {"day": "2029-11-26", "time": "9:00"}) == [("#/practitioner_id", NO_PRACTITIONER)]


def test_a_patient_who_is_here_now_comes_now_unless_a_time_is_given():
    here = {"patient": "P-000001", "practitioner_id": str(DOCTOR), "kind": "arrived", "time": ""}

    with time_machine.travel(datetime(2029, 7, 2, 9, 14, 40, tzinfo=UTC)):
        now = loaded(BookingForm(), here)["starts_at"]
        chosen = loaded(BookingForm(), here | {"slot": SLOT})["starts_at"]

    assert now == datetime(2029, 7, 2, 9, 10, tzinfo=UTC)
    assert chosen == datetime(2029, 11, 26, 9, 0, tzinfo=UTC)


def test_a_search_takes_what_links_and_forms_send_and_no_nonsense():
    found = loaded(FindSchema(), {"from": "2029-11-26", "part": "morning", "why": "0930", "patient": "anybody"})

    assert found["first_day"].isoformat() == "2029-11-26"
    assert found["why"].isoformat() == "09:30:00"
    bad = {"service_id": "x", "practitioner_id": "x", "minutes": "1", "from": "soon", "part": "night", "why": "25:00"}
    assert {pointer for pointer, _ in problems(FindSchema(), bad)} == {f"#/{name}" for name in bad}
