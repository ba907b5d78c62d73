"""ConsentService: what patients agree to, for each purpose and channel, and the history of their answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from clinic.core.clock import now, today
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.errors import StaleVersion
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.consent_answers import (
    NewAnswer,
    answer_before,
    answers_about,
    answers_of,
    answers_of_change,
    current_answer,
    current_answer_with_patient,
    store_answers,
)
from clinic.patients.consent_rules import (
    NO,
    NOT_STATED,
    ON_BY_REGISTRATION,
    REGISTRATION_FORM,
    TOPICS,
    WITHDRAWN,
    YES,
    Topic,
    next_state,
    topic_label,
)
from clinic.patients.consent_states import ConsentState, registration_of, state_of
from clinic.patients.errors import ConsentNotUndoable, InvalidConsent, PatientNotFound
from clinic.patients.merging.merged_records import latest_merge_at, lock_patient, unmerged
from clinic.patients.models import ConsentAnswer, Patient
from clinic.patients.recipients import has_guardian

UNDO_WINDOW = timedelta(minutes=10)
UNDONE = "Change undone"


@dataclass(frozen=True)
class Consent:
    """What a patient agrees to, for each purpose and channel; every change increments the version.

    `kept` is what the patient agreed to on a later day than that of the withdrawal that was just recorded.
    """

    id: UUID
    version: int
    answers: tuple[ConsentState, ...]
    kept: tuple[ConsentState, ...] = ()

    @property
    def states(self) -> dict[Topic, str]:
        """The state of each purpose and channel."""
        return {(one.purpose, one.channel): one.state for one in self.answers}


class ConsentService:
    """The consent of the patients of the current clinic."""

    def get(self, patient_id: UUID) -> Consent:
        """Return what a patient agrees to.

        :raises PatientNotFound: if no record has that id
        """
        return _consent(patient_id)[1]

    def get_with_patient(self, patient_id: UUID) -> tuple[Patient, Consent]:
        """Return a patient with the lists of the record, and what the patient agrees to, in one query.

        :raises PatientNotFound: if no record has that id
        """
        return _consent(patient_id, joinedload(Patient.details))

    def state(self, patient_id: UUID, purpose: str, channel: str) -> ConsentState:
        """Return what is on record about one purpose and channel.

        :raises PatientNotFound: if no record has that id
        """
        answer = current_answer(patient_id, purpose, channel)
        return state_of((purpose, channel), answer, registration_of(unmerged(db.session.get(Patient, patient_id))))

    def state_with_patient(self, patient_id: UUID, purpose: str, channel: str) -> tuple[Patient, ConsentState]:
        """Return a patient, and what is on record about one purpose and channel, in one query.

        :raises PatientNotFound: if no record has that id
        :raises PatientMerged: if the record was merged into another one
        """
        found, answer = current_answer_with_patient(patient_id, purpose, channel)
        patient = unmerged(found)
        return patient, state_of((purpose, channel), answer, registration_of(patient))

    def states(self, patients: Collection[Patient], purpose: str, channel: str) -> Mapping[UUID, ConsentState]:
        """Return what is on record about one purpose and channel for each of some patients, in one query."""
        topic, answers = (purpose, channel), answers_about(purpose, channel, [one.id for one in patients])
        return {one.id: state_of(topic, answers.get(one.id), registration_of(one)) for one in patients}

    def record(
        self,
        patient_id: UUID,
        answers: Mapping[Topic, bool],
        *,
        version: int | None = None,
        source: str,
        answered_on: date | None = None,
        note: str | None = None,
    ) -> Consent:
        """Record what a patient answered, or the guardian of a minor, today unless told otherwise.

        Only what changes is stored.

        `version` is the one that was edited, None skips the check.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the consent has another version
        :raises InvalidConsent: if an answer on record is of a later day
        """
        with unit_of_work():
            before = self._locked(patient_id, version)
            states = before.states
            changes = {topic: next_state(states[topic], agrees) for topic, agrees in answers.items()}
            changed = {topic: state for topic, state in changes.items() if state != states[topic]}
            day = answered_on or _present_day(before)
            _check_day(before, changed, day)
            by_guardian = has_guardian(db.session.get_one(Patient, patient_id))
            answers_to_store = {topic: NewAnswer(state, source, day, by_guardian) for topic, state in changed.items()}
            store_answers(patient_id, answers_to_store, change=before.version + 1, note=note)
            return _consent(patient_id)[1]

    def withdraw_all(
        self,
        patient_id: UUID,
        *,
        version: int | None = None,
        source: str | None = None,
        answered_on: date | None = None,
        note: str | None = None,
    ) -> Consent:
        """Record that a patient wants no message of any kind, by any channel.

        A yes of a later day than that of the withdrawal goes on to hold, and is in `kept`.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the consent has another version
        """
        with unit_of_work():
            before = self._locked(patient_id, version)
            kept = _newer(before, TOPICS, answered_on) if answered_on else {}
            answers = {topic: False for topic in TOPICS if topic not in kept}
            given = source or NOT_STATED
            after = self.record(patient_id, answers, source=given, answered_on=answered_on, note=note)
            allowed = (one for one in after.answers if one.allowed)
            return replace(after, kept=tuple(one for one in allowed if (one.purpose, one.channel) in kept))

    def undo(self, patient_id: UUID, *, version: int | None = None) -> Consent:
        """Restore what was on record before the latest change; both stay in the history.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the consent has another version
        :raises ConsentNotUndoable: if that change is of the registration, older than a merge or than ten minutes
        """
        with unit_of_work():
            before = self._locked(patient_id, version)
            entries = answers_of_change(patient_id, before.version)
            merged_at = latest_merge_at(patient_id)
            since = max(now() - UNDO_WINDOW, merged_at) if merged_at else now() - UNDO_WINDOW
            if before.version == 1 or any(entry.recorded_at < since for entry in entries):
                raise ConsentNotUndoable
            self._restore(patient_id, entries, before.version)
            return _consent(patient_id)[1]

    def history(
        self, patient_id: UUID, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None
    ) -> Page[ConsentAnswer]:
        """Return a patient's answers, the latest first.

        :raises PatientNotFound: if no record has that id
        """
        unmerged(db.session.get(Patient, patient_id))
        return paginate(answers_of(patient_id), [ConsentAnswer.id], limit=limit, after=after, descending=True)

    def count_history(self, patient_id: UUID) -> int:
        """Return how many answers a patient has given."""
        return db.session.scalar(select(func.count()).select_from(answers_of(patient_id).subquery())) or 0

    def assumed(self, patient_id: UUID) -> Sequence[ConsentState]:
        """Return what was on by registration, without an answer: what was not refused when registering.

        :raises PatientNotFound: if no record has that id
        """
        registration = registration_of(unmerged(db.session.get(Patient, patient_id)))
        at_registration = answers_of(patient_id).where(ConsentAnswer.source == REGISTRATION_FORM)
        answered = {(entry.purpose, entry.channel) for entry in db.session.scalars(at_registration)}
        topics = [topic for topic in TOPICS if topic in ON_BY_REGISTRATION and topic not in answered]
        return [state_of(topic, None, registration) for topic in topics]

    def _locked(self, patient_id: UUID, version: int | None) -> Consent:
        """Return a patient's consent, locked until the unit of work ends."""
        lock_patient(patient_id)
        _, consent = _consent(patient_id)
        if version not in {None, consent.version}:
            raise StaleVersion
        return consent

    def _restore(self, patient_id: UUID, entries: Iterable[ConsentAnswer], version: int) -> None:
        registration = registration_of(unmerged(db.session.get(Patient, patient_id)))
        states = [state_of((one.purpose, one.channel), answer_before(one), registration) for one in entries]
        day = today(clinic_service.current().zone)
        restored = {
            (one.purpose, one.channel): NewAnswer(
                one.state, one.source or NOT_STATED, one.answered_on or day, one.by_guardian
            )
            for one in states
        }
        store_answers(patient_id, restored, change=version + 1, note=UNDONE)


consent_service = ConsentService()


def _consent(patient_id: UUID, *options: ExecutableOption) -> tuple[Patient, Consent]:
    """Return a patient and their consent, read in one query."""
    current = and_(ConsentAnswer.patient_id == Patient.id, ConsentAnswer.is_current)
    latest = select(func.max(ConsentAnswer.change)).where(ConsentAnswer.patient_id == patient_id).scalar_subquery()
    wanted = select(Patient, ConsentAnswer, latest).outerjoin(ConsentAnswer, current).where(Patient.id == patient_id)
    found: list[Any] = list(db.session.execute(wanted.options(*options)).unique())
    if not found:
        raise PatientNotFound
    answers = {(answer.purpose, answer.channel): answer for _, answer, _ in found if answer is not None}
    version = found[0][2] or 1  # a merge may number an answer that does not hold after those that do
    patient: Patient = unmerged(found[0][0])
    states = (state_of(topic, answers.get(topic), registration_of(patient)) for topic in TOPICS)
    return patient, Consent(patient_id, version, tuple(states))


def _present_day(consent: Consent) -> date:
    """Return today, or the day of the latest answer, which is later if the clinic's clocks were put back by a day."""
    days = (one.answered_on for one in consent.answers if one.recorded_by and one.answered_on)
    return max([today(clinic_service.current().zone), *days])


def _check_day(consent: Consent, changed: Iterable[Topic], day: date) -> None:
    """Refuse an answer that is older than the one on record, so that an old yes revives nothing."""
    for topic, last in _newer(consent, changed, day).items():
        text = f"{last.day} {last:%b %Y}"
        raise InvalidConsent(
            f"The answer on record about {topic_label(topic)} is of {text}: enter that day or a later one",
            field="answered_on",
        )


def _newer(consent: Consent, topics: Iterable[Topic], day: date) -> dict[Topic, date]:
    """Return the topics about which the patient has answered on a later day, with that day."""
    answered = [one for one in consent.answers if one.state in (YES, NO, WITHDRAWN) and one.answered_on]
    days = {(one.purpose, one.channel): one.answered_on for one in answered}
    return {topic: last for topic in topics if (last := days.get(topic)) and last > day}
