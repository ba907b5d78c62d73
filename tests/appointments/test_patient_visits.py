"""The visits on the page of a patient: one next act each, the last three with their outcome."""

from datetime import timedelta

import pytest

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from tests.assertions import rows, spoken
from tests.builders import a_member, a_practitioner, an_appointment, somebody


@pytest.fixture
def patient(here):
    """A patient with a visit at hand."""
    with here():
        patient = somebody()
        an_appointment(patient, a_practitioner("Dr Now"), now() - timedelta(minutes=10))
        return patient.id


def _visit(app):
    return rows(app, "appointments")[0]


def _upcoming(client, patient):
    page = client.get(f"/patients/{patient}").text
    return page[page.index('id="upcoming"') : page.index("</table>")]


def test_a_visit_of_today_offers_the_act_of_its_state_which_returns_to_the_patient(app, client, patient):
    form = _upcoming(client, patient)
    assert f"/appointments/{_visit(app)['id']}/arrive" in form
    assert 'name="origin" value="patient"' in form

    answer = client.submit(f"/appointments/{_visit(app)['id']}/arrive", version="1", origin="patient")

    assert answer.location == f"/patients/{patient}"
    assert "Waiting 0 min" in spoken(_upcoming(client, patient))
    assert "Call in" in spoken(_upcoming(client, patient))


@pytest.mark.slow
def test_a_visit_of_another_day_offers_the_move_to_another_time(app, client, here, patient):
    with here():
        appointment_service.cancel(_visit(app)["id"], reason="clinic", version=None)
        later = an_appointment(patient=somebody(), starts_at=now() + timedelta(days=11)).id

    of_other = client.get(f"/api/v1/appointments/{later}").json["patient_id"]

    assert f"/appointments/{later}/move" in _upcoming(client, of_other)
    assert "in 11 days" in spoken(_upcoming(client, of_other))
    assert "<form" not in _upcoming(client, of_other)


@pytest.mark.slow
def test_three_past_visits_are_shown_with_their_outcome_and_the_number_of_all(client, here, patient):
    with here():
        person = somebody(family_name="Vieira")
        for days in range(1, 6):
            one = an_appointment(person, a_practitioner(f"Dr {days}"), now() - timedelta(days=days))
            appointment_service.mark_no_show(one.id, version=None)
        other = person.id

    page = spoken(client.get(f"/patients/{other}").text)
    past = page[page.index("Past visits") : page.index("Timeline")]

    assert past.startswith("Past visits 5, last")
    assert past.index("Dr 1 No-show") < past.index("Dr 3 No-show")
    assert "Dr 4" not in past


def test_who_may_not_book_sees_the_visits_without_acts(client, clinic, here, patient):
    with here():
        member = a_member(clinic.id, "read-only").id
    client.become(member, clinic.id)

    page = client.get(f"/patients/{patient}").text

    assert "Dr Now" in page
    assert "/arrive" not in page
