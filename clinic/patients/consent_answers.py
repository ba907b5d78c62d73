"""The stored answers of patients about consent; for each topic the latest answer holds, the others are history."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, select

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.patients.consent_rules import YES, Topic
from clinic.patients.models import ConsentAnswer, Patient


@dataclass(frozen=True)
class NewAnswer:
    """The new state of a topic, how the patient answered, on which day, and whether the guardian did so instead."""

    state: str
    source: str
    answered_on: date
    by_guardian: bool = False


def store_answers(
    patient_id: UUID, answers: Mapping[Topic, NewAnswer], *, change: int, note: str | None = None
) -> None:
    """Store the new answers about some topics, in the open unit of work; those before become history."""
    if not answers:
        return
    for answer in db.session.scalars(current_answers(patient_id)):
        if (answer.purpose, answer.channel) in answers:
            answer.is_current = False
    db.session.flush()
    common = {"patient_id": patient_id, "change": change, "note": note, "recorded_by": current_actor().actor}
    for (purpose, channel), new in answers.items():
        db.session.add(ConsentAnswer(purpose=purpose, channel=channel, **vars(new), **common))
    db.session.flush()


def answers_of(patient_id: UUID) -> Select[ConsentAnswer]:
    """Return the query of all answers of a patient."""
    return select(ConsentAnswer).where(ConsentAnswer.patient_id == patient_id)


def current_answers(patient_id: UUID) -> Select[ConsentAnswer]:
    """Return the query of the answers that hold, at most one for each purpose and channel."""
    return answers_of(patient_id).where(ConsentAnswer.is_current)


_CURRENT = prepared(
    select(ConsentAnswer).where(
        ConsentAnswer.is_current,
        ConsentAnswer.patient_id == bindparam("of_patient"),
        ConsentAnswer.purpose == bindparam("for_purpose"),
        ConsentAnswer.channel == bindparam("by_channel"),
    )
)


def current_answer(patient_id: UUID, purpose: str, channel: str) -> ConsentAnswer | None:
    """Return the answer that holds about one purpose and channel, None without one."""
    topic = {"of_patient": patient_id, "for_purpose": purpose, "by_channel": channel}
    answer: ConsentAnswer | None = db.session.scalar(_CURRENT, topic)
    return answer


_CURRENT_WITH_PATIENT = prepared(
    select(Patient, ConsentAnswer)
    .outerjoin(
        ConsentAnswer,
        and_(
            ConsentAnswer.patient_id == Patient.id,
            ConsentAnswer.is_current,
            ConsentAnswer.purpose == bindparam("for_purpose"),
            ConsentAnswer.channel == bindparam("by_channel"),
        ),
    )
    .where(Patient.id == bindparam("of_patient"))
)


def current_answer_with_patient(
    patient_id: UUID, purpose: str, channel: str
) -> tuple[Patient | None, ConsentAnswer | None]:
    """Return a patient and the answer that holds about one purpose and channel, in one query."""
    topic = {"of_patient": patient_id, "for_purpose": purpose, "by_channel": channel}
    found = db.session.execute(_CURRENT_WITH_PATIENT, topic).one_or_none()
    return (None, None) if found is None else (found[0], found[1])


def answers_about(purpose: str, channel: str, patient_ids: Collection[UUID]) -> Mapping[UUID, ConsentAnswer]:
    """Return what some patients answered about one purpose and channel, by patient, in one query."""
    about = (ConsentAnswer.is_current, ConsentAnswer.purpose == purpose, ConsentAnswer.channel == channel)
    wanted = select(ConsentAnswer).where(ConsentAnswer.patient_id.in_(patient_ids), *about)
    return {answer.patient_id: answer for answer in db.session.scalars(wanted)}


def answers_of_change(patient_id: UUID, change: int) -> list[ConsentAnswer]:
    """Return the answers that were recorded by one change."""
    wanted = answers_of(patient_id).where(ConsentAnswer.change == change)
    return list(db.session.scalars(wanted.order_by(ConsentAnswer.id)))


def answer_before(entry: ConsentAnswer) -> ConsentAnswer | None:
    """Return the answer that an answer replaced."""
    earlier = answers_of(entry.patient_id).where(
        ConsentAnswer.purpose == entry.purpose,
        ConsentAnswer.channel == entry.channel,
        ConsentAnswer.change < entry.change,
    )
    return db.session.scalars(earlier.order_by(ConsentAnswer.change.desc()).limit(1)).one_or_none()


def select_agreed(channel: str) -> Select[UUID]:
    """Select the ids of the patients who agreed to care messages or reminders by a channel."""
    agreed = (ConsentAnswer.channel == channel, ConsentAnswer.state == YES)
    purposes = ConsentAnswer.purpose.in_(("care", "reminders"))
    return select(ConsentAnswer.patient_id).where(ConsentAnswer.is_current, purposes, *agreed)
