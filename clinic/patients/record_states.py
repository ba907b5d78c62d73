"""The states of a patient's record, archived or deceased: the part of PatientService that changes and checks them."""

from datetime import date, datetime
from uuid import UUID

from clinic.core.clock import now, today, wall_day
from clinic.core.db import db
from clinic.core.errors import StaleVersion
from clinic.core.events import event_bus
from clinic.core.events.types import EventType
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.errors import InvalidPatient, PatientArchived, PatientDeceased
from clinic.patients.events import PATIENT_ARCHIVED, PATIENT_RESTORED, PATIENT_UPDATED
from clinic.patients.merging.merged_records import lock_patient
from clinic.patients.models import Patient
from clinic.patients.rules import ACTIVE, ARCHIVED, death_problem
from clinic.patients.search.index import index_patients


class PatientStates:
    """Archived and deceased patients."""

    def archive(self, patient_id: UUID, *, version: int | None = None) -> Patient:
        """Archive a record, and publish `patient.archived`; one that is archived stays as it is.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the patient has another version
        """
        return _set_state(patient_id, version, ARCHIVED, PATIENT_ARCHIVED)

    def restore(self, patient_id: UUID, *, version: int | None = None) -> Patient:
        """Restore an archived record, and publish `patient.restored`; one that is active stays as it is.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the patient has another version
        """
        return _set_state(patient_id, version, ACTIVE, PATIENT_RESTORED)

    def record_death(self, patient_id: UUID, *, deceased_on: date, version: int | None = None) -> Patient:
        """Record the day on which a patient died, and publish `patient.updated`.

        From then on nothing is booked and no message is sent.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the patient has another version
        :raises InvalidPatient: if the day is in the future or before the birth
        """
        with unit_of_work():
            patient = _locked(patient_id, version)
            if problem := death_problem(deceased_on, patient.birth_date, today(clinic_service.current().zone)):
                raise InvalidPatient(problem, field="deceased_on")
            _set_death(patient, deceased_on)
        return patient

    def undo_death(self, patient_id: UUID, *, version: int | None = None) -> Patient:
        """Take back that a patient died, which was recorded by mistake, and publish `patient.updated`.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the patient has another version
        """
        with unit_of_work():
            patient = _locked(patient_id, version)
            _set_death(patient, None)
        return patient

    def check_bookable(self, patient: Patient, starts_at: datetime) -> None:
        """Check that a patient can have a visit; of one who has died only a past visit can be recorded.

        :raises PatientArchived: if the record is archived
        :raises PatientDeceased: if the patient has died, and the visit is still to come or after the day of death
        """
        self.check_active(patient)
        if patient.deceased_on is None:
            return
        if starts_at > now() or wall_day(starts_at, clinic_service.current().zone) > patient.deceased_on:
            raise PatientDeceased

    def check_active(self, patient: Patient) -> None:
        """Check that a patient's record is not archived.

        :raises PatientArchived: if it is
        """
        if patient.state == ARCHIVED:
            raise PatientArchived


def _set_state(patient_id: UUID, version: int | None, state: str, event: EventType) -> Patient:
    with unit_of_work():
        patient = _locked(patient_id, version)
        if patient.state != state:
            patient.state = state
            db.session.flush()
            index_patients([patient])
            _publish(event, patient)
    return patient


def _set_death(patient: Patient, deceased_on: date | None) -> None:
    if patient.deceased_on != deceased_on:
        patient.deceased_on = deceased_on
        db.session.flush()
        _publish(PATIENT_UPDATED, patient)


def _publish(event: EventType, patient: Patient) -> None:
    set_event_subject(patient.id, patient.version)
    event_bus.publish(event.name, {"patient_id": str(patient.id)})


def _locked(patient_id: UUID, version: int | None) -> Patient:
    """Return a patient, locked until the unit of work ends."""
    patient = lock_patient(patient_id)
    if version not in {None, patient.version}:
        raise StaleVersion
    return patient
