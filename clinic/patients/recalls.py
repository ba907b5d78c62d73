"""RecallService: when patients are to be seen again, and the worklist of those who are due."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, bindparam, case, func, select

from clinic.core.clock import now, today
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_version_for_update
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.actor_names import current_actor_name
from clinic.identity.clinics import clinic_service
from clinic.patients.errors import InvalidRecall, RecallClosed, RecallNotFound
from clinic.patients.merging.merged_records import lock_patient
from clinic.patients.models import Patient, Recall
from clinic.patients.recall_rules import (
    CLOSED_STATES,
    DONE,
    DROPPED,
    DUE,
    IN_THE_PAST,
    LATER,
    OPEN,
    OVERDUE,
    SOON,
    WORKLIST,
)
from clinic.patients.rules import ACTIVE

MOST_SHOWN = 20
"""The most open recalls of one patient that a page shows."""


class RecallFields(TypedDict, total=False):
    """The fields of a recall; practitioner and service are names."""

    due_on: date
    reason: str
    practitioner: str | None
    service: str | None


class RecallService:
    """The recalls of the patients of the current clinic."""

    def create(self, patient_id: UUID, **fields: Unpack[RecallFields]) -> Recall:
        """Record when a patient is to be seen again, and what for.

        :raises PatientNotFound: if no record has that id
        :raises InvalidRecall: if the day is in the past
        """
        with unit_of_work():
            lock_patient(patient_id)
            if fields["due_on"] < _today():
                raise InvalidRecall(IN_THE_PAST, field="due_on")
            author = current_actor_name()[:200]
            recall = Recall(patient_id=patient_id, recorded_by=current_actor().actor, author=author, **fields)
            db.session.add(recall)
            db.session.flush()
        return recall

    def update(self, recall_id: UUID, *, version: int | None = None, **fields: Unpack[RecallFields]) -> Recall:
        """Change the given fields of an open recall; a day that is changed is not in the past.

        :raises RecallNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        :raises RecallClosed: if it is not open
        :raises InvalidRecall: if the new day is in the past
        """
        with unit_of_work():
            recall = _locked(recall_id, version)
            if recall.state != OPEN:
                raise RecallClosed
            due_on = fields.get("due_on", recall.due_on)
            if due_on != recall.due_on and due_on < _today():
                raise InvalidRecall(IN_THE_PAST, field="due_on")
            for name, value in fields.items():
                setattr(recall, name, value)
            db.session.flush()
        return recall

    def complete(self, recall_id: UUID, *, version: int | None = None) -> Recall:
        """Record that a recall is done; one that is closed stays as it is.

        :raises RecallNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        """
        return _closed(recall_id, version, DONE)

    def drop(self, recall_id: UUID, *, version: int | None = None) -> Recall:
        """Record that a patient is not to be seen again; a recall that is closed stays as it is.

        :raises RecallNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        """
        return _closed(recall_id, version, DROPPED)

    def reopen(self, recall_id: UUID, *, version: int | None = None) -> Recall:
        """Open a recall again.

        :raises RecallNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        """
        with unit_of_work():
            recall = _locked(recall_id, version)
            _open(recall)
            db.session.flush()
        return recall

    def record_booking(self, patient_id: UUID, appointment_id: UUID) -> None:
        """Close the recalls of a patient that are due by an appointment; those of a later time stay open."""
        soon = now().date() + SOON  # of UTC: every booking asks, and need not read the clinic for it
        with unit_of_work():
            for recall in db.session.scalars(_OPEN_UNTIL, {"patient": patient_id, "last": soon}):
                _close(recall, DONE, appointment_id)

    def record_cancellation(self, appointment_id: UUID) -> None:
        """Open the recalls again that a cancelled appointment had closed."""
        closed = (Recall.appointment_id == appointment_id, Recall.state == DONE)
        with unit_of_work():
            for recall in db.session.scalars(select(Recall).where(*closed).with_for_update()):
                _open(recall)

    def get(self, recall_id: UUID) -> Recall:
        """Return a recall.

        :raises RecallNotFound: if there is none of that id
        """
        recall = db.session.get(Recall, recall_id)
        if recall is None:
            raise RecallNotFound
        return recall

    def open_of(self, patient_id: UUID) -> Sequence[Recall]:
        """Return the open recalls of a patient by their day."""
        wanted = select(Recall).where(Recall.patient_id == patient_id, Recall.state == OPEN)
        return db.session.scalars(wanted.order_by(Recall.due_on, Recall.id).limit(MOST_SHOWN)).all()

    def list(
        self,
        *,
        show: str | None = None,
        patient_id: UUID | None = None,
        limit: int = DEFAULT_LIMIT,
        after: tuple[date, UUID] | None = None,
    ) -> Page[Recall]:
        """Return recalls by their day: of one part of the worklist, or of one patient.

        The worklist leaves out open recalls of patients who are archived or have died.
        """
        wanted = select(Recall)
        if patient_id is not None:
            wanted = wanted.where(Recall.patient_id == patient_id)
        if show is not None:
            wanted = _of_part(wanted, show)
        return paginate(wanted, [Recall.due_on, Recall.id], limit=limit, after=after)

    def counts(self) -> Mapping[str, int]:
        """Return how many recalls each part of the worklist has, in one query."""
        first, last = _today(), _today() + SOON
        part = case(
            (Recall.state != OPEN, Recall.state),
            (Recall.due_on < first, OVERDUE),
            (Recall.due_on <= last, DUE),
            else_=LATER,
        )
        wanted = select(part, func.count()).join(Patient, Patient.id == Recall.patient_id)
        counted = wanted.where((Recall.state != OPEN) | _can_be_seen()).group_by(part)
        return dict.fromkeys(WORKLIST, 0) | {str(name): count for name, count in db.session.execute(counted)}


recall_service = RecallService()

_OPEN_UNTIL = prepared(
    select(Recall)
    .where(Recall.patient_id == bindparam("patient"), Recall.state == OPEN, Recall.due_on <= bindparam("last"))
    .with_for_update()
)


def _of_part(wanted: Select[Recall], show: str) -> Select[Recall]:
    if show in CLOSED_STATES:
        return wanted.where(Recall.state == show)
    first, last = _today(), _today() + SOON
    days: Mapping[str, tuple[Any, ...]] = {
        OVERDUE: (Recall.due_on < first,),
        DUE: (Recall.due_on >= first, Recall.due_on <= last),
        LATER: (Recall.due_on > last,),
    }
    wanted = wanted.join(Patient, Patient.id == Recall.patient_id)
    return wanted.where(Recall.state == OPEN, _can_be_seen(), *days[show])


def _can_be_seen() -> Any:
    """Return the condition that a patient can be booked."""
    return (Patient.state == ACTIVE) & Patient.deceased_on.is_(None)


def _closed(recall_id: UUID, version: int | None, state: str) -> Recall:
    with unit_of_work():
        recall = _locked(recall_id, version)
        if recall.state == OPEN:
            _close(recall, state, None)
        db.session.flush()
    return recall


def _close(recall: Recall, state: str, appointment_id: UUID | None) -> None:
    recall.state, recall.appointment_id = state, appointment_id
    recall.closed_at, recall.closed_by = now(), current_actor().actor


def _open(recall: Recall) -> None:
    recall.state = OPEN
    recall.closed_at = recall.closed_by = recall.appointment_id = None


def _locked(recall_id: UUID, version: int | None) -> Recall:
    return get_version_for_update(Recall, recall_id, version, RecallNotFound)


def _today() -> date:
    return today(clinic_service.current().zone)
