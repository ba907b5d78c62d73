"""What practitioners, rooms and services have in common: they are named, booked, and deactivated instead of deleted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from clinic.appointments.models import Practitioner, Room, Service
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_for_update, keep_loaded
from clinic.core.errors import Conflict, NotFound, StaleVersion
from clinic.core.text import is_storable, nfc
from clinic.core.unit_of_work import unit_of_work

Resource = TypeVar("Resource", bound=Practitioner | Room | Service)


class NameTaken(Conflict):
    """There is already a room or a service with that name."""

    code = "name-taken"


@contextmanager
def refusing_duplicates(column: str, error: Conflict) -> Iterator[None]:
    """Raise an error for a duplicate in a unique column, which the database finds if another change was concurrent."""
    try:
        yield
    except IntegrityError as refusal:
        if column in str(refusal.orig):
            raise error from refusal
        raise


class ResourceService(Generic[Resource]):
    """The practitioners, rooms or services of the current clinic."""

    def __init__(self, model: type[Resource], not_found: type[NotFound]) -> None:
        self.model = model
        self.not_found = not_found

    def get(self, resource_id: UUID) -> Resource:
        """Return a record, which is read once in a transaction.

        :raises NotFound: if no record has that id
        """
        found = self._found(db.session.get(self.model, resource_id))
        keep_loaded(found)
        return found

    def lock(self, resource_id: UUID) -> Resource:
        """Return a record, locked until the unit of work ends (on PostgreSQL).

        :raises NotFound: if no record has that id
        """
        return self._found(get_for_update(self.model, resource_id))

    def identify(self, name: str) -> Resource:
        """Return the record of a name or an id.

        :raises NotFound: if there is none, or several have that name
        """
        if not is_storable(name):
            raise self.not_found
        try:
            return self.get(UUID(name))
        except ValueError:
            found = db.session.scalars(select(self.model).where(self.model.name == nfc(name))).all()
        return self._found(found[0] if len(found) == 1 else None)

    def names(self, ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the names of the records of these ids, in one query."""
        wanted = select(self.model.id, self.model.name).where(self.model.id.in_(set(ids)))
        return dict(db.session.execute(wanted).all())

    def list(
        self, *, active: bool | None = None, limit: int = DEFAULT_LIMIT, after: tuple[str, UUID] | None = None
    ) -> Page[Resource]:
        """Return records, ordered by name: all of them, only the active ones, or only the others."""
        wanted = select(self.model)
        if active is not None:
            wanted = wanted.where(self.model.active.is_(active))
        return paginate(wanted, [self.model.name, self.model.id], limit=limit, after=after)

    def all(self) -> Sequence[Resource]:
        """Return all records, ordered by name, the inactive ones last."""
        wanted = select(self.model).order_by(self.model.active.desc(), self.model.name, self.model.id)
        return db.session.scalars(wanted).all()

    def active(self) -> Sequence[Resource]:
        """Return the active records, ordered by name."""
        wanted = select(self.model).where(self.model.active).order_by(self.model.name, self.model.id)
        return db.session.scalars(wanted).all()

    def active_with(self, resource_id: UUID) -> Sequence[Resource]:
        """Return the active records and one that may be inactive, ordered by name, in one query.

        :raises NotFound: if no record has that id
        """
        wanted = select(self.model).where(or_(self.model.active, self.model.id == resource_id))
        found = db.session.scalars(wanted.order_by(self.model.name, self.model.id)).all()
        keep_loaded(self._found(next((one for one in found if one.id == resource_id), None)))
        return found

    def deactivate(self, resource_id: UUID, *, version: int | None = None) -> Resource:
        """Deactivate a record for new appointments; what is booked stays, and an inactive one is left as it is.

        :raises NotFound: if no record has that id
        :raises StaleVersion: if it has another version than the given one
        """
        return self._set_active(resource_id, version, active=False)

    def reactivate(self, resource_id: UUID, *, version: int | None = None) -> Resource:
        """Make a record bookable again.

        :raises NotFound: if no record has that id
        :raises StaleVersion: if it has another version than the given one
        """
        return self._set_active(resource_id, version, active=True)

    def _set_active(self, resource_id: UUID, version: int | None, *, active: bool) -> Resource:
        with unit_of_work():
            resource = self._lock_version(resource_id, version)
            resource.active = active
            db.session.flush()
        return resource

    def _lock_version(self, resource_id: UUID, version: int | None) -> Resource:
        """Return a locked record; `version` is the one that was edited, None skips the check."""
        resource = self.lock(resource_id)
        if version not in {None, resource.version}:
            raise StaleVersion
        return resource

    def _check_name(self, fields: Mapping[str, Any], own_id: UUID | None = None) -> None:
        """Check that no other record has the name among the fields.

        :raises NameTaken: if one has
        """
        wanted = select(self.model.id).where(self.model.name == fields.get("name"), self.model.id != own_id)
        if db.session.scalar(wanted) is not None:
            raise self._name_taken(fields)

    def _name_taken(self, fields: Mapping[str, Any]) -> NameTaken:
        kind = self.model.__name__.lower()
        return NameTaken(f"There is already a {kind} named {fields.get('name')}: choose another name")

    def _found(self, resource: Resource | None) -> Resource:
        if resource is None:
            raise self.not_found
        return resource
