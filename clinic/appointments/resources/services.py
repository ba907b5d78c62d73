"""ServiceCatalogue, which other modules import from `service.py`."""

from collections.abc import Iterable, Sequence
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from clinic.appointments.models import Appointment, Service, ServicePractitioner, ServiceRoom
from clinic.appointments.resources.base import ResourceService, refusing_duplicates
from clinic.appointments.resources.practitioners import practitioner_service
from clinic.appointments.resources.rooms import room_service
from clinic.appointments.resources.upcoming import MOST_LISTED, Upcoming, upcoming_by
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import InvalidInput, NotFound
from clinic.core.unit_of_work import unit_of_work


class ServiceFields(TypedDict):
    """What a service is made of; lengths, buffers and notice are minutes.

    `practitioner_ids` names who offers it, and is empty if everyone does; `room_ids` names the rooms to choose from,
    and is empty if the service can take place in any room or in none.
    """

    name: NotRequired[str]
    short_name: NotRequired[str | None]
    lengths: NotRequired[Sequence[int]]
    buffer_before: NotRequired[int]
    buffer_after: NotRequired[int]
    notice_minutes: NotRequired[int]
    horizon_days: NotRequired[int | None]
    colour: NotRequired[str]
    practitioner_ids: NotRequired[Sequence[UUID]]
    room_ids: NotRequired[Sequence[UUID]]


class ServiceNotFound(NotFound):
    """The current clinic has no such service."""

    def __init__(self) -> None:
        super().__init__("There is no such service")


class ServiceCatalogue(ResourceService[Service]):
    """The services of the current clinic."""

    def __init__(self) -> None:
        super().__init__(Service, ServiceNotFound)

    def create(self, **fields: Unpack[ServiceFields]) -> Service:
        """Add a service.

        :raises NameTaken: if another service has that name
        :raises InvalidInput: if a practitioner or a room does not exist
        """
        with refusing_duplicates("name", self._name_taken(fields)), unit_of_work():
            self._check_name(fields)
            service = Service(offered_by=[], takes_place_in=[])
            _set_fields(service, **fields)
            db.session.add(service)
            db.session.flush()
        return service

    def update(self, service_id: UUID, *, version: int | None, **fields: Unpack[ServiceFields]) -> Service:
        """Change the given fields of a service; `version` is the one that was edited, None skips the check.

        Appointments that are booked keep their length, buffers and room.

        :raises ServiceNotFound: if no record has that id
        :raises StaleVersion: if the service has another version
        :raises NameTaken: if another service has that name
        :raises InvalidInput: if a practitioner or a room does not exist
        """
        with refusing_duplicates("name", self._name_taken(fields)), unit_of_work():
            service = self._lock_version(service_id, version)
            self._check_name(fields, service_id)
            _set_fields(service, **fields)
            db.session.flush()
        return service

    def upcoming(self, service_id: UUID, *, limit: int = MOST_LISTED) -> Upcoming:
        """Return what is still booked for a service."""
        return upcoming_by(Appointment.service_id, service_id, limit=limit)


service_catalogue = ServiceCatalogue()


def _set_fields(service: Service, **fields: Any) -> None:
    """Set the fields of a service, after checking that the practitioners and rooms among them exist."""
    practitioner_ids = _checked(practitioner_service, fields.pop("practitioner_ids", None), "practitioner_ids")
    room_ids = _checked(room_service, fields.pop("room_ids", None), "room_ids")
    for name, value in fields.items():
        setattr(service, name, value)
    _replace(service, service.offered_by, ServicePractitioner, "practitioner_id", practitioner_ids)
    _replace(service, service.takes_place_in, ServiceRoom, "room_id", room_ids)


def _replace(service: Service, rows: list[Any], row_type: type[Any], column: str, wanted: set[UUID] | None) -> None:
    """Replace the rows of a service so that their column has the wanted ids; a change counts as one of the service.

    A row is deleted by itself, not as an orphan, of which the audit trail would not know.
    """
    known = {getattr(row, column): row for row in rows}
    if wanted is None or known.keys() == wanted:
        return
    for row in [row for one, row in known.items() if one not in wanted]:
        rows.remove(row)
        db.session.delete(row)
    rows.extend(row_type(**{column: one}) for one in sorted(wanted - known.keys()))
    service.updated_at = now()


def _checked(resources: ResourceService[Any], ids: Iterable[UUID] | None, field: str) -> set[UUID] | None:
    """Return ids that all exist; None for None.

    :raises InvalidInput: for the field, if one does not
    """
    wanted = set(ids or ())
    if wanted and wanted != set(resources.names(wanted)):
        raise InvalidInput(resources.not_found().message, field=field)
    return None if ids is None else wanted
