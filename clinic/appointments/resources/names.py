"""Names of services and rooms together, for lists of appointments."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select, union_all

from clinic.appointments.models import Room, Service
from clinic.core.db import db


def service_and_room_names(ids: Iterable[UUID | None]) -> Mapping[UUID | None, str]:
    """Return the names of the services and rooms of these ids, in one query; None is left out."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    names = (select(model.id, model.name).where(model.id.in_(wanted)) for model in (Service, Room))
    return {row[0]: row[1] for row in db.session.execute(union_all(*names))}
