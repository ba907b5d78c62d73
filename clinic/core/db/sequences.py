"""Numbers that people read: per clinic, without gaps, never given twice."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, db
from clinic.core.tenancy import current_clinic_id


class Counter(Base):
    """How far a clinic has counted in one of its series."""

    __tablename__ = "counters"
    __audited__ = False

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"), primary_key=True)
    series: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


def next_number(series: str) -> int:
    """Return the next number of a series of the clinic in force, starting with 1.

    It is given in the open unit of work: others wait, and a rollback gives it back.
    """
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    counted = (
        insert(Counter)
        .values(clinic_id=current_clinic_id(), series=series, value=1)
        .on_conflict_do_update(index_elements=["clinic_id", "series"], set_={"value": Counter.value + 1})
        .returning(Counter.value)
    )
    return int(db.session.execute(counted).scalar_one())
