"""Schemas of clinics, staff and API keys, for JSON, forms and commands."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validates_schema
from marshmallow.validate import Length

from clinic.core.phone_numbers import MAX_PHONE, phone_number, phone_number_message
from clinic.core.regions import region_problem
from clinic.identity.clinics import clinic_service
from clinic.identity.roles import ALL, ROLES, permission_names
from clinic.identity.rules import MAX_ABSOLUTE_HOURS, MAX_IDLE_MINUTES
from clinic.web.fields import CURRENCY_PATTERN, Choice, Count, Day, Email, Line, Paragraph, Tick, Timestamp, id_messages
from clinic.web.place_fields import Country, LocaleName, Zone

MAX_ADDRESS = 500
MAX_LATE_CANCEL_HOURS = 14 * 24
_ZONE_PAGE_FIELDS = {"check", "save", "all", "seen"}
_SUBDIVISION = re.compile("[A-Z0-9]{1,3}", re.ASCII)


class ClinicSchema(Schema):
    """A clinic with its time zone, currency, the country of its phone numbers, and how patients reach it."""

    id = fields.UUID(dump_only=True)
    name = fields.String(dump_only=True)
    time_zone = fields.String(dump_only=True, attribute="zone")
    country = fields.String(
        dump_only=True, allow_none=True, metadata={"description": "ISO 3166 code", "pattern": "^[A-Z]{2}$"}
    )
    currency = fields.String(dump_only=True, metadata={"pattern": CURRENCY_PATTERN})
    locale = fields.String(dump_only=True)
    subdivision = fields.String(dump_only=True, allow_none=True)
    address = fields.String(dump_only=True, allow_none=True, metadata={"description": "Lines, without the country"})
    phone = fields.String(dump_only=True, allow_none=True, metadata={"description": "As in RFC 3966, without `tel:`"})
    email = fields.String(dump_only=True, allow_none=True)
    idle_minutes = fields.Integer(dump_only=True)
    absolute_hours = fields.Integer(dump_only=True)
    late_cancel_hours = fields.Integer(dump_only=True)
    desk_overbooks = fields.Boolean(dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class StaffMemberSchema(Schema):
    """A staff member, as commands list them."""

    id = fields.UUID(dump_only=True, attribute="membership.id")
    name = fields.String(dump_only=True, attribute="membership.name")
    email = fields.String(dump_only=True, attribute="member.email")
    role = fields.String(dump_only=True, attribute="membership.role")
    denied = fields.List(fields.String(), dump_only=True, attribute="membership.denied")
    active = fields.Boolean(dump_only=True, attribute="membership.active")
    second_step = fields.Function(lambda person: person.second_step[0].lower(), dump_only=True)
    last_seen_at = Timestamp(dump_only=True)


class KeySchema(Schema):
    """An API key without the key itself, of which only a hash is stored."""

    id = fields.UUID(dump_only=True)
    label = fields.String(dump_only=True)
    beginning = fields.String(dump_only=True)
    scopes = fields.List(fields.String(), dump_only=True)
    created_at = Timestamp(dump_only=True)
    expires_at = Timestamp(dump_only=True)
    last_used_at = Timestamp(dump_only=True)
    revoked_at = Timestamp(dump_only=True)


class PermissionNames(fields.List[str]):
    """Names of permissions, or some other values, without duplicates and in their own order."""

    def __init__(self, *others: str, **options: Any) -> None:
        super().__init__(fields.String(), **options)
        self.others = others

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str | None]:
        names = list(dict.fromkeys((*self.others, *permission_names())))
        if not isinstance(value, list) or any(one not in names for one in value):
            raise ValidationError(f"Choose among: {', '.join(names)}")
        return [name for name in names if name in value]


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
    scopes = PermissionNames(ALL, required=True, validate=Length(min=1, error="Choose the permissions of the key"))
    expires_on = Day()


class Subdivision(Line):
    """The code of a country's region in ISO 3166-2 without the country, like `11` or `BY`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=3, what="the region's code, like 11 or BY", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        code = text and text.upper()
        if code and not _SUBDIVISION.fullmatch(code):
            raise ValidationError(self.missing)
        return code


class ClinicPhone(Line):
    """A phone number of the clinic; one without a country code is of the clinic's country."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PHONE, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text, country = super()._deserialize(value, attr, data, **kwargs), clinic_service.current().country
        number = phone_number(text, country) if text else None
        if text and number is None:
            raise ValidationError(phone_number_message(country))
        return number


class ClinicForm(Schema):
    """The form of the clinic's settings."""

    name = Line(required=True, what="the clinic's name")
    country = Country(required=True)
    subdivision = Subdivision()
    locale = LocaleName(required=True)
    address = Paragraph(max_length=MAX_ADDRESS)
    phone = ClinicPhone()
    email = Email()
    idle_minutes = Count(least=1, most=MAX_IDLE_MINUTES, required=True, what="the idle timeout in minutes")
    absolute_hours = Count(least=1, most=MAX_ABSOLUTE_HOURS, required=True, what="the maximum session length in hours")
    late_cancel_hours = Count(least=0, most=MAX_LATE_CANCEL_HOURS, what="the notice of a cancellation in hours")
    desk_overbooks = Tick(load_default=False)

    @validates_schema(skip_on_field_errors=False)
    def check_region(self, data: Mapping[str, Any], partial: Any = None, **_options: Any) -> None:
        """Check that the country has the region; what a partial form leaves out stays as it is.

        :raises ValidationError: if it has not
        """
        given = data.keys() & {"country", "subdivision"}
        if not given or (len(given) == 1 and not partial):
            return
        here = clinic_service.current()
        country, code = (data.get(name, getattr(here, name)) for name in ("country", "subdivision"))
        if code and (problem := region_problem(country, code)):
            raise ValidationError(problem, "subdivision")


class ZoneForm(Schema):
    """The form of the clinic's time zone; the others are the buttons and the seal of its page."""

    zone = Zone(required=True)

    @pre_load
    def drop_buttons(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Leave out what belongs to the page."""
        return {name: value for name, value in typed.items() if name not in _ZONE_PAGE_FIELDS}


class TimeZoneSchema(Schema):
    """The time zone of a preview."""

    zone = Zone(required=True, data_key="time_zone")


class ClinicPatch(ClinicForm):
    """The settings that programs change: those of the form, and the time zone."""

    zone = Zone(required=True, data_key="time_zone")


class ZoneNoticeSchema(Schema):
    """A record that is to be known of before the time zone changes; one that blocks has to be changed first."""

    record = fields.String(dump_only=True, metadata={"description": "Its kind: `appointments`"})
    id = fields.UUID(dump_only=True, attribute="record_id")
    text = fields.String(dump_only=True)
    blocks = fields.Boolean(dump_only=True)


class ZonePreviewSchema(Schema):
    """What another time zone changes, and the first 200 notices about single records, those that block first."""

    time_zone = fields.String(dump_only=True, attribute="zone")
    possible = fields.Boolean(dump_only=True, attribute="is_possible")
    text = fields.String(dump_only=True)
    notices = fields.List(fields.Nested(ZoneNoticeSchema), dump_only=True, attribute="listed")


class SeeForm(Schema):
    """The form that previews another role."""

    role = Choice(*ROLES, required=True, what="a role")


class SwitchForm(Schema):
    """The form that switches to another clinic."""

    clinic_id = fields.UUID(required=True, error_messages=id_messages("a clinic"))
