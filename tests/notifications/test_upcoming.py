"""What goes out next is counted by day, and who is not reminded is found by the checks that decide it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.notifications.mail_worker import send_due
from clinic.notifications.settings import settings_service
from clinic.notifications.upcoming import upcoming
from clinic.patients.service import consent_service, patient_service, related_person_service
from tests.builders import a_patient, a_practitioner, an_appointment, somebody
from tests.statements import counted_statements, of_rows

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday, in Lisbon too."""

THURSDAY = NOON + timedelta(days=3)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def on_thursday(*patients, hour=9):
    practitioner = a_practitioner()
    for number, patient in enumerate(patients):
        an_appointment(patient, practitioner, THURSDAY.replace(hour=hour) + timedelta(minutes=30 * number))
    send_due()
    db.session.commit()  # what follows reads what the worker has written


@pytest.mark.slow
def test_tomorrow_counts_the_reminders_of_the_visits_two_days_later(mailbox):
    on_thursday(somebody(), somebody(email="other@example.org"))

    found = upcoming()

    assert (found.day, found.reminders) == (date(2026, 3, 3), 2)
    [day] = found.visit_days
    assert (day.day, day.visits, day.reminded, day.not_reminded) == (date(2026, 3, 5), 2, {"email": 2}, [])
    assert [(one.day.day, one.total) for one in found.days] == [(2, 0), (3, 2), *((n, 0) for n in range(4, 9))]


@pytest.mark.slow
def test_who_is_not_reminded_is_listed_with_the_reason(mailbox):
    unwilling, unreachable, child = somebody(), somebody(email=None), somebody(birth_date="2020-01-01")
    consent_service.withdraw_all(unwilling.id)
    on_thursday(unwilling, unreachable, child, somebody())

    [day] = upcoming().visit_days

    assert (day.visits, day.reminded) == (4, {"email": 1})
    assert [(one.patient.id, one.reason) for one in day.not_reminded] == [
        (unwilling.id, "no consent to reminders by email: withdrawn"),
        (unreachable.id, "the patient has no email address any more"),
        (child.id, "the patient is a minor without a guardian on record"),
    ]


def test_the_guardian_of_a_child_is_reminded(mailbox):
    child = somebody(birth_date="2020-01-01", email=None)
    related_person_service.create(child.id, name="Rui Pereira", email="rui@example.org", roles=["guardian"])
    on_thursday(child)

    assert upcoming().visit_days[0].reminded == {"email": 1}


def test_imported_visits_and_those_that_were_booked_late_are_not_reminded_of(mailbox):
    with as_actor("import:old-system"):
        on_thursday(somebody())
    settings_service.update(version=1, reminder_offsets=[2880 + 1440])
    on_thursday(somebody())

    reasons = upcoming(date(2026, 3, 2)).visit_days[0].reasons

    assert reasons == {"imported": 1, "the visit was booked or moved after its reminders were due": 1}


def test_the_rest_of_today_is_listed_one_by_one(mailbox):
    patient = a_patient()
    an_appointment(patient, starts_at=NOON + timedelta(days=2, hours=3))

    rest = upcoming().today

    assert [(one.message.kind, one.patient.id) for one in rest] == [
        ("welcome", patient.id),
        ("confirmation", patient.id),
        ("reminder", patient.id),
    ]


@pytest.mark.slow
def test_a_patient_who_has_died_is_not_reminded(mailbox):
    patient = somebody()
    on_thursday(patient)
    patient_service.record_death(patient.id, deceased_on=date(2026, 3, 1))

    assert upcoming().visit_days[0].reasons == {"the patient has died": 1}


@pytest.mark.slow
@pytest.mark.parametrize("visits", [1, 12])
def test_it_takes_at_most_eleven_statements_however_many_visits_there_are(app, mailbox, visits):
    on_thursday(*(somebody(birth_date="2020-01-01" if number % 2 else "1990") for number in range(visits)))

    with counted_statements(app) as seen:
        upcoming()

    assert len(of_rows(seen)) <= 11


def test_the_command_plans_and_shows_the_plan(run, mailbox):
    on_thursday(somebody(), somebody(email=None))

    shown = run("notifications", "plan", "--run")
    plan = json.loads(run("notifications", "plan", "--day", "2026-03-03", "--json").output)

    assert "0 records planned" in shown.stderr
    assert "2026-03-05\t0\t2\t1\t1: the patient has no email address any more" in shown.output
    assert (plan["day"], plan["reminders"]) == ("2026-03-03", 2)
