"""Sequences of numbers for people: per clinic, without gaps, each number used once."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, db
from clinic.core.db.inserts import insert_into
from clinic.core.db.orm_session import prepared
from clinic.core.tenancy import current_clinic_id


class Counter(Base):
    """The last number of a series of a clinic."""

    __tablename__ = "counters"
    __audited__ = False

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"), primary_key=True)
    series: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


def next_number(series: str) -> int:
    """Return the next number of a series of the current clinic, starting with 1.

    Concurrent units of work wait for this one to end; a rollback leaves the number to the next.
    """
    counted = _count(db.engine.dialect.name)
    return int(db.session.execute(counted, {"clinic_id": current_clinic_id(), "series": series}).scalar_one())


@cache
def _count(dialect: str) -> Any:
    """Return the statement that counts a series on, or begins it; it is built once."""
    first = insert_into(Counter, dialect).values(clinic_id=bindparam("clinic_id"), series=bindparam("series"), value=1)
    further = {"value": Counter.value + 1}
    counted = first.on_conflict_do_update(index_elements=["clinic_id", "series"], set_=further)
    return prepared(counted.returning(Counter.value))


def lock_number(series: str) -> None:
    """Wait for those who take a number of a series of the current clinic, and let others wait until the unit ends."""
    row = select(Counter.value).where(Counter.clinic_id == current_clinic_id(), Counter.series == series)
    db.session.execute(row.with_for_update())


def last_numbers(prefix: str) -> dict[str, int]:
    """Return the last number of each series of the current clinic that begins with a prefix, by what follows it."""
    series = select(Counter.series, Counter.value).where(
        Counter.clinic_id == current_clinic_id(), Counter.series.startswith(prefix, autoescape=True)
    )
    return {name.removeprefix(prefix): value for name, value in db.session.execute(series)}
