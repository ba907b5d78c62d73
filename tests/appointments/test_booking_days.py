"""On which days appointments can be booked: from 2000 on, at most five years ahead."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinic.appointments.rules import TOO_EARLY, TOO_LATE
from clinic.appointments.service import appointment_service
from clinic.core.errors import InvalidInput
from tests.builders import a_practitioner, an_appointment, somebody
from tests.fixtures import Here, Run
from tests.page_client import PageClient

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TODAY = datetime.now(UTC)
REFUSED = [("1999-12-31", TOO_EARLY), (f"{TODAY.year + 6}-01-01", TOO_LATE), ("2126-01-01", TOO_LATE)]


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("day", ["2000-01-01", "2026-11-27", "2031-11-27"])
def test_the_first_and_the_last_day_can_be_booked(day: str) -> None:
    with time_machine.travel(NOW):
        appointment = an_appointment(starts_at=datetime.fromisoformat(f"{day}T09:00Z"))

    assert appointment_service.get(appointment.id).starts_at.date().isoformat() == day


@pytest.mark.breadth
@pytest.mark.parametrize(("day", "message"), REFUSED)
def test_a_day_too_early_or_too_late_is_refused_everywhere(
    client: PageClient, run: Run, here: Here, day: str, message: str
) -> None:
    with here():
        patient_id, practitioner_id = somebody().id, a_practitioner().id
    starts_at = datetime.fromisoformat(f"{day}T09:00Z")
    ids = {"patient_id": str(patient_id), "practitioner_id": str(practitioner_id)}
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(minutes=30)).isoformat()}
    form = {"patient": "P-000001", "practitioner_id": str(practitioner_id), "day": day, "time": "9:00"}

    json = client.post("/api/v1/appointments", json=ids | times)
    page = client.submit("/appointments/new", **form, minutes="30")
    book = ["--patient", "P-000001", "--practitioner", practitioner_id, "--starts", f"{day} 09:00"]
    command = run("appointments", "book", *book)

    assert (json.status_code, json.get_json()["errors"][0]["pointer"]) == (422, "#/starts_at")
    assert json.get_json()["errors"][0]["detail"] == message
    assert page.status_code == 422
    assert message in page.text
    assert (command.exit_code, command.stderr) == (2, f"Error: --starts: {message}\n")


@pytest.mark.usefixtures("inside")
def test_the_day_is_the_one_of_the_clinics_calendar() -> None:
    summer = datetime(2026, 6, 27, 12, tzinfo=UTC)

    with time_machine.travel(summer), pytest.raises(InvalidInput, match=TOO_LATE):
        an_appointment(starts_at=datetime(2031, 6, 27, 23, 30, tzinfo=UTC))
