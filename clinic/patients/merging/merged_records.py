"""Where the ids and numbers of merged records lead."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from clinic.core.db import db
from clinic.core.db.transaction import get_for_update
from clinic.patients.errors import PatientMerged, PatientNotFound
from clinic.patients.models import Patient, PatientMerge


def survivor_of(patient: Patient) -> Patient:
    """Return the record into which a merged one was merged, directly or by way of others; one that is not, itself."""
    while patient.merged_into_id is not None:
        patient = db.session.get_one(Patient, patient.merged_into_id)
    return patient


def merged_error(patient: Patient) -> PatientMerged:
    """Return the error of opening a merged record, which names the one that remains."""
    survivor = survivor_of(patient)
    return PatientMerged(patient.mrn, survivor.mrn, survivor.id)


def merged_ids(patient_id: UUID) -> list[UUID]:
    """Return the ids of all records that were merged into one, directly or by way of others."""
    ids: list[UUID] = []
    latest = [patient_id]
    while latest:
        latest = list(db.session.scalars(select(Patient.id).where(Patient.merged_into_id.in_(latest))))
        ids += latest
    return ids


def latest_merge_at(patient_id: UUID) -> datetime | None:
    """Return when a record was last merged into one, None if none was or that is undone."""
    merges = (PatientMerge.survivor_id == patient_id, PatientMerge.unmerged_at.is_(None))
    return db.session.scalar(select(func.max(PatientMerge.merged_at)).where(*merges))


def unmerged(patient: Patient | None) -> Patient:
    """Return a patient who was found, and whose record was not merged into another one.

    :raises PatientNotFound: if there is none
    :raises PatientMerged: if the record was merged
    """
    if patient is None:
        raise PatientNotFound
    if patient.merged_into_id is not None:
        raise merged_error(patient)
    return patient


def lock_patient(patient_id: UUID) -> Patient:
    """Return a patient, locked until the unit of work ends, so that the record is not merged meanwhile.

    :raises PatientNotFound: if there is none
    :raises PatientMerged: if the record was merged
    """
    return unmerged(get_for_update(Patient, patient_id))


def merged_into(patients: Iterable[Patient]) -> Mapping[UUID, Sequence[Patient]]:
    """Return by the ids of patients the records that were merged into them, in one query if there are any."""
    ids = {patient.id: [UUID(one) for one in patient.merged_ids or ()] for patient in patients}
    wanted = {one for some in ids.values() for one in some}
    if not wanted:
        return {}
    query = select(Patient).where(Patient.id.in_(wanted)).options(joinedload(Patient.details))
    found = {one.id: one for one in db.session.scalars(query).unique()}
    return {patient_id: [found[one] for one in some if one in found] for patient_id, some in ids.items() if some}
