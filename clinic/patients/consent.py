"""ConsentService: what patients agree to, for each purpose and channel, and the history of their answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from clinic.core.clock import now, today, wall_day
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import StaleVersion
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.consent_answers import (
    answer_before,
    answers_of,
    answers_of_change,
    current_answers,
    store_answers,
)
from clinic.patients.consent_rules import (
    ALLOWED,
    BY_REGISTRATION,
    NO,
    NOT_STATED,
    ON_BY_REGISTRATION,
    REGISTRATION,
    TOPICS,
    WITHDRAWN,
    YES,
    Topic,
    initial_state,
    next_state,
    topic_label,
)
from clinic.patients.errors import ConsentNotUndoable, InvalidConsent, PatientNotFound
from clinic.patients.models import ConsentAnswer, Patient

UNDO_WINDOW = timedelta(minutes=10)
UNDONE = "Change undone"


@dataclass(frozen=True)
class ConsentState:
    """What is on record about one purpose and channel.

    Without an answer, `recorded_by` is None; what is on by registration has the day of the registration.
    """

    purpose: str
    channel: str
    state: str
    source: str | None = None
    answered_on: date | None = None
    note: str | None = None
    recorded_at: datetime | None = None
    recorded_by: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the clinic may write to the patient."""
        return self.state in ALLOWED


@dataclass(frozen=True)
class Consent:
    """What a patient agrees to, for each purpose and channel; every change increments the version."""

    id: UUID
    version: int
    answers: tuple[ConsentState, ...]

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
        return _consent(patient_id)

    def state(self, patient_id: UUID, purpose: str, channel: str) -> ConsentState:
        """Return what is on record about one purpose and channel.

        :raises PatientNotFound: if no record has that id
        """
        wanted = current_answers(patient_id).where(ConsentAnswer.purpose == purpose, ConsentAnswer.channel == channel)
        answer = db.session.scalar(wanted)
        return _state((purpose, channel), answer, _registration(_found(db.session.get(Patient, patient_id))))

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
        """Record what a patient answered, today unless told otherwise; only what changes is stored.

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
            store_answers(patient_id, changed, change=before.version + 1, source=source, answered_on=day, note=note)
            return _consent(patient_id)

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

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the consent has another version
        :raises InvalidConsent: if an answer on record is of a later day
        """
        answers = dict.fromkeys(TOPICS, False)
        given = source or NOT_STATED
        return self.record(patient_id, answers, version=version, source=given, answered_on=answered_on, note=note)

    def undo(self, patient_id: UUID, *, version: int | None = None) -> Consent:
        """Restore what was on record before the latest change; both stay in the history.

        :raises PatientNotFound: if no record has that id
        :raises StaleVersion: if the consent has another version
        :raises ConsentNotUndoable: if that change is of the registration, or older than ten minutes
        """
        with unit_of_work():
            before = self._locked(patient_id, version)
            entries = answers_of_change(patient_id, before.version)
            if before.version == 1 or any(entry.recorded_at < now() - UNDO_WINDOW for entry in entries):
                raise ConsentNotUndoable
            self._restore(patient_id, entries, before.version)
            return _consent(patient_id)

    def history(
        self, patient_id: UUID, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None
    ) -> Page[ConsentAnswer]:
        """Return a patient's answers, the latest first.

        :raises PatientNotFound: if no record has that id
        """
        _found(db.session.get(Patient, patient_id))
        return paginate(answers_of(patient_id), [ConsentAnswer.id], limit=limit, after=after, descending=True)

    def count_history(self, patient_id: UUID) -> int:
        """Return how many answers a patient has given."""
        return db.session.scalar(select(func.count()).select_from(answers_of(patient_id).subquery())) or 0

    def assumed(self, patient_id: UUID) -> Sequence[ConsentState]:
        """Return what was on by registration, without an answer: what was not refused when registering.

        :raises PatientNotFound: if no record has that id
        """
        registration = _registration(_found(db.session.get(Patient, patient_id)))
        answered = {(entry.purpose, entry.channel) for entry in answers_of_change(patient_id, 1)}
        topics = [topic for topic in TOPICS if topic in ON_BY_REGISTRATION and topic not in answered]
        return [_state(topic, None, registration) for topic in topics]

    def _locked(self, patient_id: UUID, version: int | None) -> Consent:
        """Return a patient's consent, locked until the unit of work ends."""
        _found(get_for_update(Patient, patient_id))
        consent = _consent(patient_id)
        if version not in {None, consent.version}:
            raise StaleVersion
        return consent

    def _restore(self, patient_id: UUID, entries: Iterable[ConsentAnswer], version: int) -> None:
        registration = _registration(_found(db.session.get(Patient, patient_id)))
        for entry in entries:
            topic = (entry.purpose, entry.channel)
            state = _state(topic, answer_before(entry), registration)
            store_answers(
                patient_id,
                {topic: state.state},
                change=version + 1,
                source=state.source or NOT_STATED,
                answered_on=state.answered_on or today(clinic_service.current().zone),
                note=UNDONE,
            )


consent_service = ConsentService()


def _found(patient: Patient | None) -> Patient:
    if patient is None:
        raise PatientNotFound
    return patient


def _consent(patient_id: UUID) -> Consent:
    """Return a patient's consent, read in one query."""
    current = and_(ConsentAnswer.patient_id == Patient.id, ConsentAnswer.is_current)
    wanted = select(Patient, ConsentAnswer).outerjoin(ConsentAnswer, current).where(Patient.id == patient_id)
    found: list[Any] = list(db.session.execute(wanted))
    if not found:
        raise PatientNotFound
    answers = {(answer.purpose, answer.channel): answer for _, answer in found if answer is not None}
    version = max((answer.change for answer in answers.values()), default=1)
    registration = _registration(found[0][0])
    return Consent(patient_id, version, tuple(_state(topic, answers.get(topic), registration) for topic in TOPICS))


def _registration(patient: Patient) -> tuple[date, datetime]:
    """Return the day, in the clinic, and the time of a registration."""
    return wall_day(patient.created_at, clinic_service.current().zone), patient.created_at


def _state(topic: Topic, answer: ConsentAnswer | None, registration: tuple[date, datetime]) -> ConsentState:
    if answer is not None:
        names = ("state", "source", "answered_on", "note", "recorded_at", "recorded_by")
        return ConsentState(*topic, *(getattr(answer, name) for name in names))
    state = initial_state(topic)
    if state != BY_REGISTRATION:
        return ConsentState(*topic, state)
    day, at = registration
    return ConsentState(*topic, state, REGISTRATION, day, recorded_at=at)


def _present_day(consent: Consent) -> date:
    """Return today, or the day of the latest answer, which is later if the clinic's clocks were put back by a day."""
    days = (one.answered_on for one in consent.answers if one.recorded_by and one.answered_on)
    return max([today(clinic_service.current().zone), *days])


def _check_day(consent: Consent, changed: Iterable[Topic], day: date) -> None:
    """Refuse an answer that is older than the one on record, so that an old yes revives nothing."""
    on_record = {(one.purpose, one.channel): one for one in consent.answers if one.state in (YES, NO, WITHDRAWN)}
    for topic in changed:
        last = on_record[topic].answered_on if topic in on_record else None
        if last and last > day:
            text = f"{last.day} {last:%b %Y}"
            raise InvalidConsent(
                f"The answer on record about {topic_label(topic)} is of {text}: enter that day or a later one",
                field="answered_on",
            )
