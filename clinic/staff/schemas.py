"""Schemas of clinics, staff and API keys, for JSON, forms and commands."""

from typing import Any

from marshmallow import Schema, fields

from clinic.identity.roles import ALL, ROLES, permission_names
from clinic.identity.rules import MAX_ABSOLUTE_HOURS, MAX_IDLE_MINUTES
from clinic.web.fields import CURRENCY_PATTERN, Choice, Choices, Count, Day, Email, Identifier, Line, LocaleName, Moment
from clinic.web.place_fields import Country


class ClinicSchema(Schema):
    """A clinic with its time zone, the country of its phone numbers, and its currency."""

    id = fields.UUID(dump_only=True)
    name = fields.String(dump_only=True)
    time_zone = fields.String(dump_only=True, attribute="zone")
    country = fields.String(
        dump_only=True, allow_none=True, metadata={"description": "ISO 3166 code", "pattern": "^[A-Z]{2}$"}
    )
    currency = fields.String(dump_only=True, metadata={"pattern": CURRENCY_PATTERN})
    locale = fields.String(dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Moment(dump_only=True)
    updated_at = Moment(dump_only=True)


class WorkerSchema(Schema):
    """A staff member, as commands list them."""

    id = fields.UUID(dump_only=True, attribute="membership.id")
    name = fields.String(dump_only=True, attribute="membership.name")
    email = fields.String(dump_only=True, attribute="member.email")
    role = fields.String(dump_only=True, attribute="membership.role")
    denied = fields.List(fields.String(), dump_only=True, attribute="membership.denied")
    active = fields.Boolean(dump_only=True, attribute="membership.active")
    second_step = fields.Function(lambda worker: worker.second_step[0].lower(), dump_only=True)
    last_seen_at = Moment(dump_only=True)


class KeySchema(Schema):
    """An API key without the key itself, of which only a hash is stored."""

    id = fields.UUID(dump_only=True)
    label = fields.String(dump_only=True)
    beginning = fields.String(dump_only=True)
    scopes = fields.List(fields.String(), dump_only=True)
    created_at = Moment(dump_only=True)
    expires_at = Moment(dump_only=True)
    last_used_at = Moment(dump_only=True)
    revoked_at = Moment(dump_only=True)


class PermissionNames(Choices):
    """Names of permissions, or some other values; the permissions are read when input is loaded."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        self.choices = tuple(dict.fromkeys((*self.choices, *permission_names())))
        return super()._deserialize(value, attr, data, **kwargs)


class MemberForm(Schema):
    """The form of a staff member."""

    name = Line(required=True, what="the name")
    role = Choice(*ROLES, required=True, what="a role")
    denied = PermissionNames()


class InvitationForm(Schema):
    """The form of an invitation."""

    email = Email(required=True, what="the email address")
    name = Line(required=True, what="the name")
    role = Choice(*ROLES, required=True, what="a role")


class AdministratorForm(Schema):
    """The options of the command that creates an administrator."""

    email = Email(required=True, what="the email address")
    name = Line(what="the name")


class KeyForm(Schema):
    """The form of an API key."""

    label = Line(required=True, max_length=100, what="a name for the key")
    scopes = PermissionNames(ALL, required=True, what="the permissions of the key")
    expires_on = Day()


class ClinicForm(Schema):
    """The form of the clinic's settings."""

    name = Line(required=True, what="the clinic's name")
    country = Country(required=True)
    locale = LocaleName(required=True)
    idle_minutes = Count(least=1, most=MAX_IDLE_MINUTES, required=True, what="the idle timeout in minutes")
    absolute_hours = Count(least=1, most=MAX_ABSOLUTE_HOURS, required=True, what="the maximum session length in hours")


class SeeForm(Schema):
    """The form that previews another role."""

    role = Choice(*ROLES, required=True, what="a role")


class SwitchForm(Schema):
    """The form that switches to another clinic."""

    clinic_id = Identifier(what="a clinic", required=True)
