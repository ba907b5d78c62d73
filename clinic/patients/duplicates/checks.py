"""The comparison of all patients of a clinic with those who share a key, in batches, each in its own transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.transaction import get_for_update
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.core.work_queue import is_stopping
from clinic.patients.duplicates.candidates import patients_by_key
from clinic.patients.duplicates.facts import facts_of_all
from clinic.patients.duplicates.keys import store_keys
from clinic.patients.duplicates.pairs import PairIds, store_pairs
from clinic.patients.duplicates.scoring import POSSIBLE, Likeness, compare
from clinic.patients.models import DuplicateCheck, Patient

BATCH = 200
"""Patients that are compared in one transaction."""


@dataclass
class CheckStatistics:
    """How much was compared; it grows with the number of patients, not with its square."""

    compared: int = 0
    found: int = 0


def start_check() -> DuplicateCheck:
    """Return the check of the current clinic that is not finished, or begin a new one."""
    with unit_of_work():
        if running := running_check():
            return running
        total = db.session.scalar(select(func.count()).select_from(Patient)) or 0
        check = DuplicateCheck(total=total)
        db.session.add(check)
        db.session.flush()
    return check


def running_check() -> DuplicateCheck | None:
    """Return the check of the current clinic that is not finished."""
    unfinished = select(DuplicateCheck).where(DuplicateCheck.finished_at.is_(None))
    return db.session.scalar(unfinished.order_by(DuplicateCheck.id).limit(1))


def last_check() -> DuplicateCheck | None:
    """Return the latest check of the current clinic that is finished."""
    finished = select(DuplicateCheck).where(DuplicateCheck.finished_at.is_not(None))
    return db.session.scalar(finished.order_by(DuplicateCheck.id.desc()).limit(1))


def finish_check(check: DuplicateCheck, report: Callable[[DuplicateCheck], object] = lambda _: None) -> CheckStatistics:
    """Compare all patients that a check has not compared yet; `report` is called after each batch."""
    statistics = CheckStatistics()
    check_id = check.id
    while advance_check(check_id, statistics):
        report(db.session.get_one(DuplicateCheck, check_id))
    return statistics


def advance_check(check_id: UUID, statistics: CheckStatistics) -> int:
    """Compare the next batch of a check; return how many patients were compared, 0 at its end."""
    with unit_of_work():
        check = get_for_update(DuplicateCheck, check_id)
        if check is None or check.finished_at is not None:
            return 0
        batch = _next_batch(check.last_id)
        if batch:
            statistics.found += store_pairs(_compare_batch(batch, statistics))
            check.last_id, check.checked = batch[-1].id, check.checked + len(batch)
        if len(batch) < BATCH:
            check.finished_at = now()
    return len(batch)


def due_clinics() -> Sequence[UUID]:
    """Return the clinics with a check that is not finished."""
    checks = db.metadata.tables[DuplicateCheck.__tablename__].c
    return db.session.scalars(select(checks.clinic_id).where(checks.finished_at.is_(None)).distinct()).all()


def run_due_checks() -> int:
    """Finish the started checks of all clinics, unless the worker shuts down; return how many were gone on with."""
    compared = 0
    for clinic_id in due_clinics():
        with clinic_scope(clinic_id):
            if check := running_check():
                check_id, statistics = check.id, CheckStatistics()
                while not is_stopping() and advance_check(check_id, statistics):
                    continue
                compared += 1
    return compared


def _next_batch(last_id: UUID | None) -> Sequence[Patient]:
    wanted = select(Patient).where(Patient.merged_into_id.is_(None)).order_by(Patient.id).limit(BATCH)
    return db.session.scalars(wanted if last_id is None else wanted.where(Patient.id > last_id)).all()


def _compare_batch(batch: Sequence[Patient], statistics: CheckStatistics) -> dict[PairIds, Likeness]:
    """Compare each patient of a batch with those registered before who share a key, of a common key the latest."""
    keys = store_keys(batch)
    sharing = patients_by_key(set().union(*keys.values()), until=batch[-1].id)
    pairs = {
        (other, patient_id)
        for patient_id, of_patient in keys.items()
        for key in of_patient
        for other in sharing.get(key, ())
        if other < patient_id
    }
    statistics.compared += len(pairs)
    present = (Patient.id.in_({one for pair in pairs for one in pair}), Patient.merged_into_id.is_(None))
    wanted = select(Patient).where(*present)
    facts = facts_of_all(db.session.scalars(wanted).all()) if pairs else {}
    likenesses = {pair: compare(facts[pair[0]], facts[pair[1]]) for pair in pairs if facts.keys() >= set(pair)}
    return {pair: likeness for pair, likeness in likenesses.items() if likeness.score >= POSSIBLE}
