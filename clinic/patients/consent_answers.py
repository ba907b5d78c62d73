"""The stored answers of patients about consent; for each topic the latest answer holds, the others are history."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.patients.consent_rules import Topic
from clinic.patients.models import ConsentAnswer


def store_answers(
    patient_id: UUID,
    states: Mapping[Topic, str],
    *,
    change: int,
    source: str,
    answered_on: date,
    note: str | None = None,
) -> None:
    """Store the new states of some topics, in the open unit of work; those before become history."""
    if not states:
        return
    for answer in db.session.scalars(current_answers(patient_id)):
        if (answer.purpose, answer.channel) in states:
            answer.is_current = False
    db.session.flush()
    common = {"source": source, "answered_on": answered_on, "note": note, "recorded_by": current_actor().actor}
    for (purpose, channel), state in states.items():
        db.session.add(
            ConsentAnswer(patient_id=patient_id, change=change, purpose=purpose, channel=channel, state=state, **common)
        )
    db.session.flush()


def answers_of(patient_id: UUID) -> Select[ConsentAnswer]:
    """Return the query of all answers of a patient."""
    return select(ConsentAnswer).where(ConsentAnswer.patient_id == patient_id)


def current_answers(patient_id: UUID) -> Select[ConsentAnswer]:
    """Return the query of the answers that hold, at most one for each purpose and channel."""
    return answers_of(patient_id).where(ConsentAnswer.is_current)


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
