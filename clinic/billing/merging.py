"""What billing answers when two records of a patient are merged: invoices follow, and stay as they were printed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from clinic.billing.models import Invoice, Payment
from clinic.billing.payer_rules import PATIENT
from clinic.billing.rules import DRAFT
from clinic.core.db import db
from clinic.core.subject_merge import MergeFollower, Obstacle, RowChange, change_rows
from clinic.patients.service import Patient, RelatedPerson

_USED = ("allocated_minor", "refunded_minor")
_PRINTED = ("family_name", "given_name", "birth_date", "mrn", "address")


def particulars_of(patient: Patient) -> dict[str, str | None]:
    """Return what an invoice says of the patient, as it is printed."""
    return {name: getattr(patient, name) for name in _PRINTED}


def _move(survivor_id: UUID, merged_id: UUID) -> Sequence[RowChange]:
    """Move invoices; a draft that one of the two pays for the other is paid by the patient."""
    rows = INVOICES.rows_of(merged_id)
    of_each_other = _payers_of_each_other(survivor_id, merged_id)
    own = [row for row in of_each_other if row.patient_id == survivor_id]
    pays_itself = {row.id for row in of_each_other}

    def values(row: Invoice) -> dict[str, Any]:
        payer = {"payer_kind": PATIENT, "payer_person_id": None} if row.id in pays_itself else {}
        return {"patient_id": survivor_id} | payer

    return change_rows([*rows, *own], values)


def _move_payments(survivor_id: UUID, merged_id: UUID) -> Sequence[RowChange]:
    """Move payments, and note what was used of them: a payment that has no version must not be moved back once used."""

    def values(row: Payment) -> dict[str, Any]:
        return {"patient_id": survivor_id} | {name: getattr(row, name) for name in _USED}

    return change_rows(PAYMENTS.rows_of(merged_id), values)


def _payers_of_each_other(survivor_id: UUID, merged_id: UUID) -> Sequence[Invoice]:
    """Return the drafts that one of two patients pays for the other: they are the same person, who pays themselves."""
    pair = (survivor_id, merged_id)
    persons = select(RelatedPerson.id).where(RelatedPerson.patient_id.in_(pair), RelatedPerson.other_id.in_(pair))
    wanted = select(Invoice).where(Invoice.patient_id.in_(pair), Invoice.status == DRAFT)
    return db.session.scalars(wanted.where(Invoice.payer_person_id.in_(persons)).order_by(Invoice.id)).all()


def _left_behind(survivor_id: UUID, moved: Mapping[str, Collection[UUID]]) -> Sequence[Obstacle]:
    """Return the survivor's own invoices of visits that moved, or that somebody pays whose record moved."""
    of_visit = Invoice.appointment_id.in_(moved.get("appointments", ()))
    of_payer = Invoice.payer_person_id.in_(moved.get(RelatedPerson.__tablename__, ()))
    wanted = (
        select(Invoice.id)
        .where(Invoice.patient_id == survivor_id, or_(of_visit, of_payer))
        .where(Invoice.id.not_in(moved.get(Invoice.__tablename__, ())))
    )
    return [Obstacle("made since", ((Invoice.__tablename__, found),)) for found in db.session.scalars(wanted)]


INVOICES = MergeFollower(Invoice, "Invoices", column="patient_id", left_behind=_left_behind, move=_move)

PAYMENTS = MergeFollower(Payment, "Payments", column="patient_id", move=_move_payments)
