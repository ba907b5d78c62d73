"""Schemas of practitioners and rooms, for JSON, forms and commands."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load

from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Count, Line, Timestamp, id_messages
from clinic.web.json_api import ListQuery

MOST_PLACES = 100


class RecordId(fields.UUID):
    """The id of a record, or None for an empty text."""

    def __init__(self, what: str, **options: Any) -> None:
        metadata = {"format": "uuid or empty"} | options.pop("metadata", {})
        super().__init__(error_messages=id_messages(what), allow_none=True, metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return None if value == "" else super()._deserialize(value, attr, data, **kwargs)


class RecordIds(fields.List[UUID]):
    """The ids of some records, without duplicates."""

    def __init__(self, *, message: str, **options: Any) -> None:
        super().__init__(fields.UUID(), error_messages={"null": message}, **options)
        self.message = message

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[UUID | None]:
        try:
            return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))
        except ValidationError as error:
            raise ValidationError(self.message) from error


class ResourceSchema(FieldPermissionSchema):
    """A record that appointments need: practitioner, room or service."""

    id = fields.UUID(dump_only=True)
    name = Line(required=True, what="the name")
    active = fields.Boolean(dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class PractitionerSchema(ResourceSchema):
    """A practitioner, maybe linked to the account of the staff member who is this person."""

    speciality = Line()
    member_id = requires_permission(
        "staff:read",
        RecordId("a staff member", metadata={"description": "Account of the staff member"}),
    )


class RoomSchema(ResourceSchema):
    """A room, with as many places as appointments can take place in it at once."""

    name = Line(required=True, max_length=100, what="the name")
    places = Count(least=1, most=MOST_PLACES, load_default=1, what="the number of places")


class UpcomingSchema(FieldPermissionSchema):
    """What is still booked: the number of appointments, and the ids of the first 200."""

    count = fields.Integer(dump_only=True, metadata={"minimum": 0})
    appointment_ids = requires_permission("appointments:read", fields.List(fields.UUID(), dump_only=True))


class DeactivatedPractitionerSchema(PractitionerSchema):
    """A practitioner who was deactivated, and what is still booked."""

    upcoming = fields.Nested(UpcomingSchema, dump_only=True)


class DeactivatedRoomSchema(RoomSchema):
    """A room that was deactivated, and what is still booked."""

    upcoming = fields.Nested(UpcomingSchema, dump_only=True)


class ResourceQuery(ListQuery):
    """Filters of a list of practitioners, rooms or services."""

    active = Choice("true", "false", metadata={"description": "only the active ones, or only the others"})

    @post_load
    def convert(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Convert the filter to a boolean, None without it."""
        given = data.get("active")
        return data | {"active": None if given is None else given == "true"}


class LinkForm(Schema):
    """The form that links a staff member to a practitioner: an existing one, or a new one of the same name."""

    practitioner_id = RecordId("a practitioner", load_default=None)
