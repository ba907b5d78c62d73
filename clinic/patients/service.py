"""PatientService: the interface of patients for other modules, and the only code that writes them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Unpack
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.orm.util import identity_key

from clinic.core.clock import today
from clinic.core.db import db
from clinic.core.db.sequences import next_number
from clinic.core.db.transaction import find_row
from clinic.core.errors import StaleVersion
from clinic.core.events import event_bus
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.consent import Consent, ConsentService, consent_service
from clinic.patients.consent_answers import NewAnswer, select_agreed, store_answers
from clinic.patients.consent_rules import LINK, NO, REGISTRATION_FORM, YES, Topic, registration_ticks, topic_label
from clinic.patients.consent_states import ConsentState
from clinic.patients.duplicates.candidates import Candidate
from clinic.patients.duplicates.checks import run_due_checks
from clinic.patients.duplicates.duplicate_service import (
    DuplicateService,
    PossibleDuplicate,
    Registered,
    duplicate_service,
)
from clinic.patients.duplicates.pairs import compare_anew
from clinic.patients.errors import (
    ConsentNotUndoable,
    InactivePatient,
    InvalidConsent,
    InvalidNote,
    InvalidPatient,
    InvalidRecall,
    InvalidRelatedPerson,
    MergeNotFound,
    MergeRefused,
    NoteEnded,
    NoteNotFound,
    PairNotFound,
    PatientArchived,
    PatientDeceased,
    PatientMerged,
    PatientNotFound,
    RecallClosed,
    RecallNotFound,
    RelatedPersonEnded,
    RelatedPersonNotFound,
    SeveralPatients,
    UnmergeRefused,
)
from clinic.patients.events import EVENTS, PATIENT_CREATED, PATIENT_UPDATED
from clinic.patients.guardians import counts_as_minor
from clinic.patients.lists import DUPLICATES, LIST, PatientFilters, PatientLists, PatientPage
from clinic.patients.merging.merge_service import MergePreview, MergeService, merge_service
from clinic.patients.merging.merged_records import lock_patient, unmerged
from clinic.patients.models import Patient, PatientNote, Recall, RelatedPerson
from clinic.patients.notes import NoteService, note_service
from clinic.patients.recalls import RecallService, recall_service
from clinic.patients.recipients import (
    Recipient,
    choose_guardian,
    has_guardian,
    payer_of,
    recipient_of,
    recipients_of,
)
from clinic.patients.record import PatientFields, load_details, set_fields, use_contact
from clinic.patients.record_states import PatientStates
from clinic.patients.related_persons import RelatedPersonFields, RelatedPersonService, Relation, related_person_service
from clinic.patients.related_rules import GUARDIAN
from clinic.patients.rules import medical_record_number
from clinic.patients.search.index import index_patients, sort_name_of
from clinic.patients.search.matches import Match
from clinic.patients.search.service import PatientSearch
from clinic.patients.timeline import PatientTimeline


class PatientService(PatientStates, PatientLists, PatientSearch, PatientTimeline):
    """The patients of the current clinic."""

    def create(
        self,
        *,
        consent: Mapping[Topic, bool] | None = None,
        guardian: RelatedPersonFields | None = None,
        overruled: Collection[UUID] = (),
        **fields: Unpack[PatientFields],
    ) -> Patient:
        """Register a patient under the next medical record number, and publish `patient.created`.

        `consent` are the answers of a patient who was asked; nothing else is recorded as an answer. Those of a minor
        count as given by the `guardian`, to whom the first message goes already. `overruled` are the ids of patients
        who might be the same person, but are not, as the current actor says.

        :raises InvalidPatient: if there is neither a family name nor a given name, or both a birth date and an age
        :raises InvalidRelatedPerson: if the guardian is neither another patient nor a name
        """
        with unit_of_work():
            patient = Patient(details=[])
            set_fields(patient, fields)
            patient.mrn = medical_record_number(next_number("patient"))
            patient.sort_name = sort_name_of(patient)
            db.session.add(patient)
            db.session.flush()
            index_patients([patient], new=True)
            compare_anew(patient, overruled, new=True)
            if guardian:
                related_person_service.create(patient.id, **guardian | {"roles": (GUARDIAN,)})
            if consent:
                _record_consent(patient, consent)
            set_event_subject(patient.id, patient.version)
            event_bus.publish(
                PATIENT_CREATED.name, {"patient_id": str(patient.id), "clinic_id": str(patient.clinic_id)}
            )
        return patient

    def get(self, patient_id: UUID | str) -> Patient:
        """Return a patient of the current clinic.

        :raises PatientNotFound: if no record has that id
        :raises PatientMerged: if the record was merged into another one
        """
        wanted = UUID(patient_id) if isinstance(patient_id, str) else patient_id
        return unmerged(find_row(Patient, wanted))

    def get_many(self, patient_ids: Iterable[UUID]) -> Mapping[UUID, Patient]:
        """Return the patients of these ids in one query."""
        found = db.session.scalars(select(Patient).where(Patient.id.in_(set(patient_ids))))
        return {patient.id: patient for patient in found}

    def numbers(self, patient_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the medical record numbers of the patients of these ids, in one query for those not loaded yet."""
        wanted = set(patient_ids)
        found = {patient_id: patient.mrn for patient_id in wanted if (patient := _loaded(patient_id))}
        if missing := wanted - found.keys():
            rows = db.session.execute(select(Patient.id, Patient.mrn).where(Patient.id.in_(missing)))
            found |= dict(rows.all())
        return found

    def lock(self, patient_id: UUID) -> Patient:
        """Return a patient, locked until the unit of work ends (on PostgreSQL).

        :raises PatientNotFound: if no record has that id
        :raises PatientMerged: if the record was merged into another one
        """
        return lock_patient(patient_id)

    def update(
        self,
        patient_id: UUID,
        *,
        version: int | None,
        overruled: Collection[UUID] = (),
        **fields: Unpack[PatientFields],
    ) -> Patient:
        """Change the given fields of a patient, and publish `patient.updated` if that changes anything.

        `version` is the one that was edited, None skips the check; it guards the lists of the record, too.

        `overruled` are the ids of patients who might be the same person, but are not, as the current actor says.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the patient has another version
        :raises InvalidPatient: if no name would be left, or there would be both a birth date and an age
        """
        return self._change(patient_id, version, lambda patient: set_fields(patient, fields), overruled)

    def use_contact(self, patient_id: UUID, *, kind: str, value: str, version: int | None = None) -> Patient:
        """Use another phone, email or address of a patient; the one that was used becomes one of the others.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the patient has another version
        :raises InvalidPatient: if the record has no such other one, or it has a last day
        """
        return self._change(patient_id, version, lambda patient: use_contact(patient, kind, value))

    def load_details(self, patients: Sequence[Patient]) -> None:
        """Load the lists of many patients in one query: former names, other contacts, identifiers."""
        load_details(patients)

    def _change(
        self,
        patient_id: UUID,
        version: int | None,
        change: Callable[[Patient], None],
        overruled: Collection[UUID] = (),
    ) -> Patient:
        """Change a patient, with the search words and the pairs of possible duplicates, in one transaction."""
        try:
            with unit_of_work():
                patient = self.lock(patient_id)
                before = patient.version
                if version not in {None, before}:
                    raise StaleVersion
                change(patient)
                patient.sort_name = sort_name_of(patient)
                db.session.flush()
                index_patients([patient])
                compare_anew(patient, overruled)
                if patient.version != before:
                    set_event_subject(patient.id, patient.version)
                    event_bus.publish(PATIENT_UPDATED.name, {"patient_id": str(patient.id)})
        except StaleDataError as error:
            raise StaleVersion from error
        return patient


patient_service = PatientService()


def _loaded(patient_id: UUID) -> Patient | None:
    """Return a patient whom the session has loaded, and whose columns are not expired."""
    found: Patient | None = db.session.identity_map.get(identity_key(Patient, patient_id))
    return None if found is None or inspect(found).expired else found


def _record_consent(patient: Patient, answers: Mapping[Topic, bool]) -> None:
    """Record what a patient answered when asked at the registration."""
    day, by_guardian = today(clinic_service.current().zone), has_guardian(patient)
    given = {
        topic: NewAnswer(YES if yes else NO, REGISTRATION_FORM, day, by_guardian) for topic, yes in answers.items()
    }
    store_answers(patient.id, given, change=1)


__all__ = [
    "DUPLICATES",
    "EVENTS",
    "LINK",
    "LIST",
    "Candidate",
    "Consent",
    "ConsentNotUndoable",
    "ConsentService",
    "ConsentState",
    "DuplicateService",
    "InactivePatient",
    "InvalidConsent",
    "InvalidNote",
    "InvalidPatient",
    "InvalidRecall",
    "InvalidRelatedPerson",
    "Match",
    "MergeNotFound",
    "MergePreview",
    "MergeRefused",
    "MergeService",
    "NoteEnded",
    "NoteNotFound",
    "NoteService",
    "PairNotFound",
    "Patient",
    "PatientArchived",
    "PatientDeceased",
    "PatientFields",
    "PatientFilters",
    "PatientMerged",
    "PatientNotFound",
    "PatientNote",
    "PatientPage",
    "PatientService",
    "PossibleDuplicate",
    "Recall",
    "RecallClosed",
    "RecallNotFound",
    "RecallService",
    "Recipient",
    "Registered",
    "RelatedPerson",
    "RelatedPersonEnded",
    "RelatedPersonNotFound",
    "RelatedPersonService",
    "Relation",
    "SeveralPatients",
    "UnmergeRefused",
    "choose_guardian",
    "consent_service",
    "counts_as_minor",
    "duplicate_service",
    "merge_service",
    "note_service",
    "patient_service",
    "payer_of",
    "recall_service",
    "recipient_of",
    "recipients_of",
    "registration_ticks",
    "related_person_service",
    "run_due_checks",
    "select_agreed",
    "topic_label",
]
