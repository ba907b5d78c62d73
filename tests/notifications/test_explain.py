"""Whether a message is sent is explained check by check, by the same function that decides it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import url_for

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from clinic.core.ids import new_id
from clinic.notifications.checks import checks_of
from clinic.notifications.kinds import KINDS
from clinic.notifications.relevance import CheckResult, explain
from clinic.patients.service import PatientNotFound, consent_service, recall_service
from tests.builders import a_patient, an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")


def stop_of(kind: str, about_id: UUID) -> CheckResult:
    stopped = explain(kind, about_id).stopped
    assert stopped
    return stopped


def outcomes(explanation):
    return {one.name: one.outcome for one in explanation.results}


def test_every_kind_of_message_has_checks_in_the_same_order():
    for kind in KINDS:
        names = [check.name for check in checks_of(kind)]
        assert names[:2] == ["kind", "merged"]
        assert names.index("address") < names.index("consent")


def test_a_message_that_can_be_sent_passes_every_check():
    appointment = an_appointment()

    explanation = explain("confirmation", appointment.id)

    assert explanation.stopped is None
    assert set(outcomes(explanation).values()) == {"passed"}


def test_the_checks_after_the_one_that_stops_are_not_asked():
    patient = a_patient(email=None)
    consent_service.withdraw_all(patient.id)

    explanation = explain("welcome", patient.id)

    assert outcomes(explanation) == {
        "kind": "passed",
        "merged": "passed",
        "alive": "passed",
        "address": "stopped",
        "consent": "not asked",
    }
    assert stop_of("welcome", patient.id).reason == "the patient has no email address any more"


def test_a_message_that_was_never_queued_is_explained_too():
    appointment = an_appointment(starts_at=now() + timedelta(days=3))
    consent_service.withdraw_all(appointment.patient_id)

    stopped = stop_of("reminder", appointment.id)

    assert stopped.reason == "no consent to reminders by email: withdrawn"


def test_a_recall_needs_a_consent_of_its_own():
    recall = recall_service.create(somebody().id, due_on=date(2030, 1, 7), reason="Check-up")

    stopped = stop_of("recall", recall.id)

    assert (stopped.name, stopped.reason) == ("consent", "no consent to recalls by email: not asked")


def test_a_cancelled_appointment_stops_its_reminder_but_not_the_message_about_the_cancellation():
    appointment = an_appointment()
    appointment_service.cancel(appointment.id)

    assert stop_of("reminder", appointment.id).reason == "the appointment was cancelled"
    assert explain("cancellation", appointment.id).stopped is None


def test_a_stop_leads_to_the_page_on_which_it_can_be_changed(app):
    patient = a_patient()
    consent_service.withdraw_all(patient.id)

    repair = stop_of("welcome", patient.id).repair

    assert repair
    with app.test_request_context():
        arguments: dict[str, Any] = dict(repair.arguments)
        assert url_for(repair.endpoint, **arguments) == f"/patients/{patient.id}/consent"
    assert repair.label == "See consent"


def test_every_page_that_a_check_leads_to_exists(app):
    pages = {(check.page, check.argument) for kind in KINDS for check in checks_of(kind)}

    with app.test_request_context():
        assert all(url_for(page, **a_value(argument)) for page, argument in pages if page)


def a_value(argument: str | None) -> dict[str, Any]:
    return {argument: new_id()} if argument else {}


def test_a_message_about_a_missing_record_is_not_explained():
    with pytest.raises(PatientNotFound):
        explain("welcome", new_id())
