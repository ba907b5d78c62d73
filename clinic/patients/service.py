"""PatientService: the interface of patients for other modules, and the only code that writes them."""

from collections.abc import Iterable, Mapping
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm.exc import StaleDataError

from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.core.db import db, force_custom_plans
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.sequences import next_number
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import StaleVersion
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.text import is_storable
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.consent import Consent, ConsentService, ConsentState, consent_service
from clinic.patients.consent_answers import store_answers
from clinic.patients.consent_rules import NO, REGISTRATION_FORM, YES, Topic, topic_label
from clinic.patients.errors import ConsentNotUndoable, InvalidConsent, InvalidPatient, PatientNotFound
from clinic.patients.models import Patient, PatientWord
from clinic.patients.rules import medical_record_number, parse_record_number
from clinic.patients.search import after_prefix, contact_words_of, sort_name_of, terms_of, words_of

PATIENT_CREATED = declare_event(
    "patient.created",
    "patient_id",
    "clinic_id",
    published_by="PatientService.create",
    when="a patient was registered",
)


class PatientFields(TypedDict, total=False):
    """The fields of a patient; a field that is left out is unknown."""

    family_name: str | None
    given_name: str | None
    preferred_name: str | None
    birth_date: str | None
    sex: str
    pronouns: str | None
    email: str | None
    phone: str | None
    address: str | None
    language: str | None


class PatientService:
    """The patients of the current clinic."""

    def create(self, *, consent: Mapping[Topic, bool] | None = None, **fields: Unpack[PatientFields]) -> Patient:
        """Register a patient under the next medical record number, and publish `patient.created`.

        `consent` are the answers of a patient who was asked; nothing else is recorded as an answer.

        :raises InvalidPatient: if there is neither a family name nor a given name
        """
        with unit_of_work():
            patient = Patient(**fields)
            _check_named(patient)
            patient.mrn = medical_record_number(next_number("patient"))
            patient.sort_name = sort_name_of(patient)
            db.session.add(patient)
            db.session.flush()
            _index(patient)
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
        """
        wanted = UUID(patient_id) if isinstance(patient_id, str) else patient_id
        patient = db.session.get(Patient, wanted)
        if patient is None:
            raise PatientNotFound
        return patient

    def get_many(self, patient_ids: Iterable[UUID]) -> Mapping[UUID, Patient]:
        """Return the patients of these ids in one query."""
        found = db.session.scalars(select(Patient).where(Patient.id.in_(set(patient_ids))))
        return {patient.id: patient for patient in found}

    def numbers(self, patient_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the medical record numbers of the patients of these ids in one query."""
        return dict(db.session.execute(select(Patient.id, Patient.mrn).where(Patient.id.in_(set(patient_ids)))).all())

    def identify(self, number: str) -> Patient:
        """Return the patient of a medical record number, with or without prefix and zeros, or of an id.

        :raises PatientNotFound: if there is none
        """
        if not is_storable(number):
            raise PatientNotFound
        try:
            return self.get(number)
        except ValueError:
            patient = db.session.scalar(select(Patient).where(Patient.mrn == parse_record_number(number)))
        if patient is None:
            raise PatientNotFound
        return patient

    def lock(self, patient_id: UUID) -> Patient:
        """Return a patient, locked until the unit of work ends (on PostgreSQL).

        :raises PatientNotFound: if no record has that id
        """
        patient = get_for_update(Patient, patient_id)
        if patient is None:
            raise PatientNotFound
        return patient

    def update(self, patient_id: UUID, *, version: int | None, **fields: Unpack[PatientFields]) -> Patient:
        """Change the given fields of a patient; `version` is the one that was edited, None skips the check.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the patient has another version
        :raises InvalidPatient: if no name would be left
        """
        try:
            with unit_of_work():
                patient = self.lock(patient_id)
                if version not in {None, patient.version}:
                    raise StaleVersion
                for name, value in fields.items():
                    setattr(patient, name, value)
                _check_named(patient)
                patient.sort_name = sort_name_of(patient)
                db.session.flush()
                _index(patient)
        except StaleDataError as error:
            raise StaleVersion from error
        return patient

    def list(self, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None) -> Page[Patient]:
        """Return patients, the newest first."""
        return paginate(select(Patient), [Patient.id], limit=limit, after=after, descending=True)

    def search(self, query: str, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None) -> Page[Patient]:
        """Return the patients, ordered by name, who have for each term of the query a word that begins with it.

        Terms are parts of names in any order, a record number, phone digits or an email; case and accents are ignored.
        Phones and emails are not searched for actors who may not see them: they could be guessed digit by digit.
        """
        terms = terms_of(query, clinic_service.current().country)
        if not terms:
            return Page([], None)
        force_custom_plans()
        wanted = select(Patient)
        for term in terms:
            wanted = wanted.where(Patient.id.in_(_having_word(term)))
        return _portion_by_name(wanted, limit, after)


patient_service = PatientService()


def _having_word(term: str) -> Select[UUID]:
    """Return a query of the patients with a word that begins with a term, among those the actor may search."""
    having = select(PatientWord.patient_id).where(PatientWord.word >= term, PatientWord.word < after_prefix(term))
    return (
        having
        if current_actor().has_permission("patients:contact")
        else having.where(PatientWord.is_contact.is_(False))
    )


def _portion_by_name(wanted: Select[Patient], limit: int, after: tuple[UUID] | None) -> Page[Patient]:
    """Return a page of patients ordered by name; the sort key is only an id, so that no cursor contains a name."""
    behind = None
    if after is not None:
        name = select(Patient.sort_name).where(Patient.id == after[0]).correlate(None).scalar_subquery()
        behind = (func.coalesce(name, ""), *after)
    found = paginate(wanted, [Patient.sort_name, Patient.id], limit=limit, after=behind)
    return Page(found.rows, found.next_key and found.next_key[1:])


def _check_named(patient: Patient) -> None:
    if not (patient.family_name or patient.given_name):
        raise InvalidPatient("Enter the family name or the given name", field="family_name")


def _record_consent(patient: Patient, answers: Mapping[Topic, bool]) -> None:
    """Record what a patient answered when asked at the registration."""
    states = {topic: YES if agrees else NO for topic, agrees in answers.items()}
    day = today(clinic_service.current().zone)
    store_answers(patient.id, states, change=1, source=REGISTRATION_FORM, answered_on=day)


def _index(patient: Patient) -> None:
    """Update the search words of patients before a flush that changes them."""
    names, of_patient = words_of(patient), PatientWord.patient_id == patient.id
    wanted = {word: word not in names for word in names | contact_words_of(patient)}
    known = {row.word: row for row in db.session.scalars(select(PatientWord).where(of_patient))}
    if gone := known.keys() - wanted.keys():
        db.session.execute(delete(PatientWord).where(of_patient, PatientWord.word.in_(gone)))
    for word, is_contact in sorted(wanted.items()):
        if word in known:
            known[word].is_contact = is_contact
        else:
            db.session.add(PatientWord(patient_id=patient.id, word=word, is_contact=is_contact))


__all__ = [
    "Consent",
    "ConsentNotUndoable",
    "ConsentService",
    "ConsentState",
    "InvalidConsent",
    "InvalidPatient",
    "Patient",
    "PatientFields",
    "PatientNotFound",
    "PatientService",
    "consent_service",
    "patient_service",
    "topic_label",
]
