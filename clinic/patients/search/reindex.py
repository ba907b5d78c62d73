"""The rebuilding of the search index, in batches, beside a running server."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Select, delete, func, select, tuple_

from clinic.core.db import db
from clinic.core.db.sequences import lock_number
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.models import Patient, PatientToken, PatientTokens
from clinic.patients.record import load_details
from clinic.patients.rules import medical_record_number
from clinic.patients.search.index import index_patients, partition_of

Stray: TypeAlias = tuple[str, int]
"""The token and the patient of a row of the index."""

_KEY = tuple_(PatientToken.token, PatientToken.patient)


@dataclass(frozen=True)
class Reindexed:
    """The progress: patients that were read and those whose tokens had to be written, of how many; tokens removed."""

    total: int
    done: int = 0
    written: int = 0
    removed: int = 0


def reindex(batch: int) -> Iterator[Reindexed]:
    """Index all patients of the current clinic that are not indexed as they should be, then remove stray tokens."""
    progress = Reindexed(db.session.scalar(select(func.count()).select_from(Patient)) or 0)
    last: UUID | None = None
    while True:
        with unit_of_work():
            patients = _patients_after(last, batch)
            load_details(patients)
            written = index_patients(patients, all_words=True)
        if not patients:
            break
        last = patients[-1].id
        progress = Reindexed(progress.total, progress.done + len(patients), progress.written + written)
        yield progress
    removed = sum(_remove_strays(partition, batch) for partition in (partition_of(), partition_of(on_request=True)))
    yield Reindexed(progress.total, progress.done, progress.written, removed)


def _patients_after(last: UUID | None, batch: int) -> Sequence[Patient]:
    """Return the next patients, locked against changes until the unit of work ends."""
    query = select(Patient).order_by(Patient.id).limit(batch).with_for_update(key_share=True)
    return db.session.scalars(query if last is None else query.where(Patient.id > last)).all()


def _remove_strays(partition: int, batch: int) -> int:
    """Delete tokens that are not among all tokens of their patient; return how many they were."""
    removed, last = 0, None
    while rows := db.session.execute(_tokens_after(partition, last, batch * 10)).all():
        strays = _strays(rows)
        for start in range(0, len(strays), batch):
            with unit_of_work():
                removed += _delete_strays(partition, strays[start : start + batch])
        last = (rows[-1].token, rows[-1].patient)
    return removed


def _tokens_after(partition: int, last: Stray | None, limit: int) -> Select[Any, Any, Any]:
    query = _tokens_of(partition).order_by(PatientToken.token, PatientToken.patient).limit(limit)
    return query if last is None else query.where(last < _KEY)


def _tokens_of(partition: int) -> Select[Any, Any, Any]:
    same = (PatientTokens.partition == PatientToken.partition) & (PatientTokens.patient == PatientToken.patient)
    query = select(PatientToken.token, PatientToken.patient, PatientTokens.tokens).outerjoin(PatientTokens, same)
    return query.where(PatientToken.partition == partition)


def _strays(rows: Iterable[Any]) -> list[Stray]:
    return [(row.token, row.patient) for row in rows if f" {row.token} " not in (row.tokens or "")]


def _delete_strays(partition: int, strays: Sequence[Stray]) -> int:
    """Delete those of some tokens that are strays still, once nobody else writes tokens of their patients."""
    _lock_writers({patient for _, patient in strays})
    found = _strays(db.session.execute(_tokens_of(partition).where(_KEY.in_(strays))))
    if found:
        own = delete(PatientToken).where(PatientToken.partition == partition, _KEY.in_(found))
        db.session.execute(own, execution_options={"synchronize_session": False})
    return len(found)


def _lock_writers(keys: Iterable[int]) -> None:
    """Wait for those who change the patients of these keys, or register somebody, and let others wait."""
    numbers = [medical_record_number(-key) for key in keys]
    lock = select(Patient.id).where(Patient.mrn.in_(numbers)).order_by(Patient.id).with_for_update(key_share=True)
    if len(db.session.scalars(lock).all()) < len(numbers):
        lock_number("patient")
