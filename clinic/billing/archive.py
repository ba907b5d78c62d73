"""What taxes and items of the price list have in common: they are archived instead of deleted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from clinic.billing.models import PriceItem, TaxRate
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import Conflict, NotFound, StaleVersion
from clinic.core.text import is_storable, nfc
from clinic.core.unit_of_work import unit_of_work

Record = TypeVar("Record", bound=PriceItem | TaxRate)


@contextmanager
def refusing_duplicates(error: Conflict) -> Iterator[None]:
    """Raise an error for a second code or name, which the database finds.

    Of the other unique values of these records, none comes from outside.
    """
    try:
        yield
    except IntegrityError as refusal:
        if "unique" in str(refusal.orig).lower():
            raise error from refusal
        raise


class ArchivedRecords(Generic[Record]):
    """The taxes or the items of the current clinic, ordered by their name or code."""

    def __init__(self, model: type[Record], key: InstrumentedAttribute[str], not_found: type[NotFound]) -> None:
        self.model, self.key, self.not_found = model, key, not_found

    def get(self, record_id: UUID) -> Record:
        """Return a record.

        :raises NotFound: if no record has that id
        """
        found = db.session.get(self.model, record_id)
        if found is None:
            raise self.not_found
        return found

    def identify(self, text: str) -> Record:
        """Return the record of a name or code, or of an id.

        :raises NotFound: if there is none
        """
        if not is_storable(text):
            raise self.not_found
        found = db.session.scalar(select(self.model).where(self.key == nfc(text).strip()))
        if found is not None:
            return found
        try:
            return self.get(UUID(text))
        except ValueError:
            raise self.not_found from None

    def get_many(self, ids: Iterable[UUID]) -> Mapping[UUID, Record]:
        """Return those records of some ids that exist, without a query for none."""
        wanted = set(ids)
        found = db.session.scalars(select(self.model).where(self.model.id.in_(wanted))) if wanted else ()
        return {record.id: record for record in found}

    def names(self, ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the names or codes of the records of these ids, in one query."""
        return dict(db.session.execute(select(self.model.id, self.key).where(self.model.id.in_(set(ids)))).all())

    def list(
        self, *, active: bool | None = None, limit: int = DEFAULT_LIMIT, after: tuple[Any, ...] | None = None
    ) -> Page[Record]:
        """Return records in their order: all of them, only the active ones, or only those that are archived."""
        wanted = select(self.model)
        if active is not None:
            wanted = wanted.where(self.model.active.is_(active))
        return paginate(wanted, [self.key, self.model.id], limit=limit, after=after)

    def all(self) -> Sequence[Record]:
        """Return all records in their order, the archived ones last."""
        wanted = select(self.model).order_by(self.model.active.desc(), self.key, self.model.id)
        return db.session.scalars(wanted).all()

    def active(self) -> Sequence[Record]:
        """Return the active records in their order."""
        wanted = select(self.model).where(self.model.active).order_by(self.key, self.model.id)
        return db.session.scalars(wanted).all()

    def archive(self, record_id: UUID, *, version: int | None = None) -> Record:
        """Archive a record: it is no longer offered; what is issued stays as it is.

        :raises NotFound: if no record has that id
        :raises StaleVersion: if it has another version than the given one
        """
        return self._set_active(record_id, version, active=False)

    def restore(self, record_id: UUID, *, version: int | None = None) -> Record:
        """Offer an archived record again.

        :raises NotFound: if no record has that id
        :raises StaleVersion: if it has another version than the given one
        """
        return self._set_active(record_id, version, active=True)

    def lock_version(self, record_id: UUID, version: int | None) -> Record:
        """Return a record, locked until the unit of work ends (on PostgreSQL).

        :raises NotFound: if no record has that id
        :raises StaleVersion: if it has another version than the given one; None skips the check
        """
        record = get_for_update(self.model, record_id)
        if record is None:
            raise self.not_found
        if version not in {None, record.version}:
            raise StaleVersion
        return record

    def _set_active(self, record_id: UUID, version: int | None, *, active: bool) -> Record:
        with unit_of_work():
            record = self.lock_version(record_id, version)
            record.active = active
            db.session.flush()
        return record
