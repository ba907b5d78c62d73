"""RoomService, which other modules import from `service.py`."""

from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from clinic.appointments.models import Appointment, Room
from clinic.appointments.resources.base import ResourceService, refusing_duplicates
from clinic.appointments.resources.upcoming import MOST_LISTED, Upcoming, upcoming_by
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.unit_of_work import unit_of_work


class RoomFields(TypedDict):
    """What a room is made of; `places` is how many appointments can take place in it at once."""

    name: NotRequired[str]
    places: NotRequired[int]


class RoomNotFound(NotFound):
    """The current clinic has no such room."""

    def __init__(self) -> None:
        super().__init__("There is no such room")


class RoomService(ResourceService[Room]):
    """The rooms of the current clinic."""

    def __init__(self) -> None:
        super().__init__(Room, RoomNotFound)

    def create(self, **fields: Unpack[RoomFields]) -> Room:
        """Add a room.

        :raises NameTaken: if another room has that name
        """
        with refusing_duplicates("name", self._name_taken(fields)), unit_of_work():
            self._check_name(fields)
            room = Room(**fields)
            db.session.add(room)
            db.session.flush()
        return room

    def update(self, room_id: UUID, *, version: int | None, **fields: Unpack[RoomFields]) -> Room:
        """Change the given fields of a room; `version` is the one that was edited, None skips the check.

        Appointments that are booked keep their places, also those above a smaller number.

        :raises RoomNotFound: if no record has that id
        :raises StaleVersion: if the room has another version
        :raises NameTaken: if another room has that name
        """
        with refusing_duplicates("name", self._name_taken(fields)), unit_of_work():
            room = self._lock_version(room_id, version)
            self._check_name(fields, room_id)
            for name, value in fields.items():
                setattr(room, name, value)
            db.session.flush()
        return room

    def upcoming(self, room_id: UUID, *, limit: int = MOST_LISTED) -> Upcoming:
        """Return what is still booked in a room."""
        return upcoming_by(Appointment.room_id, room_id, limit=limit)


room_service = RoomService()
