"""Who is a minor, and which patients can be the guardian of one."""

from datetime import date

from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.patients.models import Patient
from clinic.patients.rules import ARCHIVED, is_minor

LAST_ZONE = "Etc/GMT+12"
"""The zone in which each day begins last: 12 hours behind UTC."""

HAS_DIED = "has died"
IS_ARCHIVED = "has an archived record"
MAY_BE_A_MINOR = "may be a minor"


def counts_as_minor(patient: Patient) -> bool:
    """Return whether a patient may be a minor today in the clinic.

    Who is of age where the day begins last is so everywhere: the clinic is not read for that.
    """
    return _may_be_minor(patient, today(LAST_ZONE)) and _may_be_minor(patient, today(clinic_service.current().zone))


def _may_be_minor(patient: Patient, day: date) -> bool:
    return is_minor(patient.birth_date, day, age=patient.estimated_age, age_on=patient.age_on)


def guardian_obstacle(patient: Patient) -> str | None:
    """Return why a patient can't be a guardian, to follow a name: `has died`; None if the patient can."""
    if patient.deceased_on is not None:
        return HAS_DIED
    if patient.state == ARCHIVED:
        return IS_ARCHIVED
    return MAY_BE_A_MINOR if counts_as_minor(patient) else None


def guardian_problem(patient: Patient) -> str | None:
    """Return the error of a patient who is entered as a guardian, None if the patient can be one."""
    obstacle = guardian_obstacle(patient)
    return f"Enter another guardian: this patient {obstacle}" if obstacle else None
