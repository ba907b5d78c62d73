"""What the JSON endpoints of practitioners, rooms and services have in common."""

from typing import Any

from flask.typing import ResponseReturnValue
from marshmallow import Schema

from clinic.appointments.service import Practitioner, Room, Service, Upcoming
from clinic.web.json_api import after_cursor, etag


def list_filters(query: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments of a service's `list` for a query, and the text of its filter for the cursor."""
    texts = [] if query["active"] is None else [f"active={query['active']}"]
    return {"active": query["active"], "limit": query["limit"], "after": after_cursor(query, *texts)}, texts


def deactivated(record: Practitioner | Room | Service, upcoming: Upcoming, schema: type[Schema]) -> ResponseReturnValue:
    """Return a deactivated record with what is still booked."""
    fields = {name: getattr(record, name) for name in schema().fields if name != "upcoming"}
    return fields | {"upcoming": upcoming}, etag(record)
