"""PractitionerService, which other modules import from `service.py`."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.models import Appointment, Practitioner
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import NotFound
from clinic.core.text import is_storable, nfc
from clinic.core.unit_of_work import unit_of_work


class PractitionerNotFound(NotFound):
    """The current clinic has no such practitioner."""

    def __init__(self) -> None:
        super().__init__("There is no such practitioner")


class PractitionerService:
    """The practitioners of the current clinic."""

    def create(self, *, name: str, speciality: str | None = None) -> Practitioner:
        """Add a practitioner."""
        with unit_of_work():
            practitioner = Practitioner(name=name, speciality=speciality)
            db.session.add(practitioner)
            db.session.flush()
        return practitioner

    def get(self, practitioner_id: UUID) -> Practitioner:
        """Return a practitioner.

        :raises PractitionerNotFound: if no record has that id
        """
        return _found(db.session.get(Practitioner, practitioner_id))

    def names(self, practitioner_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the names of the practitioners of these ids, in one query."""
        wanted = Practitioner.id.in_(set(practitioner_ids))
        return dict(db.session.execute(select(Practitioner.id, Practitioner.name).where(wanted)).all())

    def lock(self, practitioner_id: UUID) -> Practitioner:
        """Return a practitioner, locked until the unit of work ends (on PostgreSQL).

        :raises PractitionerNotFound: if no record has that id
        """
        return _found(get_for_update(Practitioner, practitioner_id))

    def list(self, *, limit: int = DEFAULT_LIMIT, after: tuple[str, UUID] | None = None) -> Page[Practitioner]:
        """Return practitioners, ordered by name."""
        return paginate(select(Practitioner), [Practitioner.name, Practitioner.id], limit=limit, after=after)

    def active(self) -> Sequence[Practitioner]:
        """Return the active practitioners, ordered by name."""
        wanted = select(Practitioner).where(Practitioner.active).order_by(Practitioner.name, Practitioner.id)
        return db.session.scalars(wanted).all()

    def of(self, appointments: Iterable[Appointment]) -> Mapping[UUID, Practitioner]:
        """Return the practitioners of some appointments in one query."""
        ids = {appointment.practitioner_id for appointment in appointments}
        found = db.session.scalars(select(Practitioner).where(Practitioner.id.in_(ids)))
        return {practitioner.id: practitioner for practitioner in found}

    def identify(self, name: str) -> Practitioner:
        """Return the practitioner of a name or an id.

        :raises PractitionerNotFound: if there is none, or several have that name
        """
        if not is_storable(name):
            raise PractitionerNotFound
        try:
            return self.get(UUID(name))
        except ValueError:
            found = db.session.scalars(select(Practitioner).where(Practitioner.name == nfc(name))).all()
        return _found(found[0] if len(found) == 1 else None)


practitioner_service = PractitionerService()


def _found(practitioner: Practitioner | None) -> Practitioner:
    if practitioner is None:
        raise PractitionerNotFound
    return practitioner
