"""The pages of the schedule, in a browser without JavaScript."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from tests.assertions import element, masked, row_counts, rows, spoken, stored_events, title
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody
from tests.page_client import hidden_value


@pytest.fixture
def typed(client, here):
    """What somebody types to book the first patient."""
    with here():
        patient, practitioner = somebody(), a_practitioner()
        return {
            "patient": patient.mrn,
            "practitioner_id": str(practitioner.id),
            "day": "2029-11-26",
            "time": "9:00",
            "minutes": "30",
        }


def booked(client, typed, **change):
    """Book, and return the address of the appointment."""
    location = client.submit("/appointments/new", **typed | change).location
    return f"/appointments/{location.rpartition('appointment=')[2]}"


@pytest.mark.slow
def test_booking_leads_to_the_appointment_on_its_day_and_offers_to_undo_it(app, client, typed):
    answer = client.submit("/appointments/new", **typed)
    html = client.get(answer.location).text
    page = spoken(html)

    assert answer.status_code == 303
    assert "Inês Pereira booked: Mon 26 Nov 2029, 09:00–09:30, Dr Amara Okafor." in page
    assert f'action="{booked_undo(answer.location)}"' in html
    assert "Dr Amara Okafor" in page
    assert rows(app, "appointments")[0]["starts_at"].replace(tzinfo=MONDAY.tzinfo) == MONDAY


def booked_undo(location):
    """Return the address of the button that undoes a booking."""
    return f"/appointments/{location.rpartition('appointment=')[2]}/undo"


@pytest.mark.slow
def test_booking_and_cancelling_publish_exactly_their_ids(app, client, typed, published):
    location = booked(client, typed)
    appointment, patient = rows(app, "appointments")[0], rows(app, "patients")[0]
    client.submit(f"{location}/cancellation", version="1", reason="patient")

    assert published == [
        ("appointment.scheduled", {"appointment_id": str(appointment["id"]), "patient_id": str(patient["id"])}),
        ("appointment.cancelled", {"appointment_id": str(appointment["id"])}),
    ]
    assert stored_events(app, "appointment.cancelled") == [{"appointment_id": str(appointment["id"])}]
    assert [event["actor"][:6] for event in rows(app, "events")] == ["staff:", "staff:"]


@pytest.mark.slow
def test_a_taken_time_shows_the_form_again_with_what_was_typed(app, client, here, typed):
    client.submit("/appointments/new", **typed)
    with here():
        other = str(somebody().id)
    before = row_counts(app)

    answer = client.submit("/appointments/new", **typed | {"patient": other})

    assert answer.status_code == 409
    assert title(answer.text).startswith("Error: Book an appointment")
    taken = "This time is taken: Dr Amara Okafor has an appointment 09:00–09:30 with Pereira, Inês"
    assert spoken(answer.text).count(taken) == 2
    assert 'aria-invalid="true"' in element(answer.text, "f-time")
    assert f'name="patient" value="{other}"' in answer.text
    assert f'value="{typed["practitioner_id"]}" selected' in answer.text
    assert 'value="9:00"' in element(answer.text, "f-time")
    assert row_counts(app) == before


def test_a_busy_patient_shows_the_form_again(client, here, typed):
    client.submit("/appointments/new", **typed)
    with here():
        other = str(a_practitioner("Dr Brandt").id)

    answer = client.submit("/appointments/new", **typed | {"practitioner_id": other})

    assert answer.status_code == 409
    assert "The patient has another appointment at this time" in answer.text


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"patient": "P-999999"}, "patient"),
        ({"patient": "Pereira"}, "patient"),
        ({"practitioner_id": str(uuid4())}, "practitioner_id"),
        ({"time": "25:00"}, "time"),
    ],
)
def test_what_makes_no_sense_shows_the_form_again_at_its_field(app, client, typed, change, field):
    before = row_counts(app)

    answer = client.submit("/appointments/new", **typed | change)

    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text
    assert 'value="2029-11-26"' in element(answer.text, "f-day")
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_time_is_read_as_people_write_it(client, typed):
    location = booked(client, typed, time="14h15")

    assert "26 Nov 2029, 14:15" in spoken(client.get(location).text)


@pytest.mark.slow
def test_a_patient_of_another_clinic_can_not_be_booked_by_number_or_id(app, client, here, other_clinic, typed):
    with here(other_clinic.id):
        somebody()
        theirs = somebody(family_name="Secret")
    before = row_counts(app)

    for name in (theirs.mrn, str(theirs.id)):
        answer = client.submit("/appointments/new", **typed | {"patient": name})
        assert answer.status_code == 422
        assert "There is no such patient" in answer.text
        assert "secret" not in answer.text.lower()

    assert row_counts(app) == before


@pytest.mark.slow
def test_the_form_is_filled_with_what_the_link_said(client, typed):
    page = client.get(f"/appointments/new?patient={typed['patient']}&practitioner_id={typed['practitioner_id']}").text

    assert "Pereira, Inês" in spoken(page)
    assert "P-000001" in spoken(page)
    assert f'value="{typed["practitioner_id"]}" selected' in page


@pytest.mark.slow
def test_cancelling_says_so_and_who_could_not_make_it(app, client, typed):
    location = booked(client, typed)
    version = hidden_value(client.get(location).text, "version")

    answer = client.submit(f"{location}/cancellation", version=version, reason="practitioner", note="Is ill")

    page = spoken(client.get(answer.location).text)
    assert answer.status_code == 303
    assert "Cancelled by The practitioner Note Is ill" in page
    assert "Cancel appointment" not in page


def test_cancelling_a_second_time_is_a_conflict(app, client, typed):
    location = booked(client, typed)
    client.submit(f"{location}/cancellation", version="1", reason="patient")

    for version in ("1", "2"):
        answer = client.submit(f"{location}/cancellation", version=version, reason="patient")
        assert answer.status_code == 409
        told = spoken(answer.text)
        assert "Nothing was saved: this appointment is now cancelled. Administrator Person changed it on" in told
        assert f'<a href="{location}">Open the current appointment</a>' in answer.text
    assert len(stored_events(app, "appointment.cancelled")) == 1


def test_a_cancellation_that_makes_no_sense_is_shown_again(client, here, typed):
    location = booked(client, typed)

    answer = client.submit(f"{location}/cancellation", version="1", reason="weather")

    assert answer.status_code == 422
    assert title(answer.text).startswith("Error: ")
    with here():
        assert [one.status for one in appointment_service.list().rows] == ["booked"]


def test_an_appointment_of_another_clinic_has_no_page(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = an_appointment().id

    foreign, missing = client.get(f"/appointments/{theirs}"), client.get(f"/appointments/{uuid4()}")
    cancelled = client.submit(f"/appointments/{theirs}/cancellation", version="1", reason="patient")

    assert foreign.status_code == missing.status_code == cancelled.status_code == 404
    assert masked(foreign) == masked(missing)


@pytest.mark.slow
def test_the_patients_page_shows_what_is_to_come(client, typed):
    client.submit("/appointments/new", **typed | {"day": "2030-11-30"})
    patient = client.get("/api/v1/patients").json["data"][0]

    page = spoken(client.get(f"/patients/{patient['id']}").text)

    assert "Sat 30 Nov 2030 09:00" in page
    assert "Dr Amara Okafor Booked" in page


@pytest.mark.slow
def test_the_patients_page_shows_past_appointments_the_latest_first(client, here):
    with here():
        patient = somebody()
        for days in (2, 1):
            an_appointment(patient, a_practitioner(f"Dr {days}"), now() - timedelta(days=days))
        patient_id = patient.id

    page = spoken(client.get(f"/patients/{patient_id}").text)

    past = page[page.index("Past visits") :]
    assert past.index("Dr 1 Booked") < past.index("Dr 2 Booked")


@pytest.mark.slow
def test_titles_carry_no_name(client, typed):
    location = booked(client, typed)

    for url in (location, "/appointments?day=2029-11-26", "/appointments/new?patient=P-000001"):
        assert "pereira" not in title(client.get(url).text).lower()
