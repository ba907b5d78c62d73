"""Schemas of the forms that find a time, book it, or move an appointment to it."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load, validates_schema

from clinic.appointments.schemas.appointments import MAX_NOTE, NOTES, StartSchema, WallTime
from clinic.appointments.schemas.resources import RecordId
from clinic.appointments.schemas.services import LONGEST, SHORTEST
from clinic.core.clock import now, wall_time
from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.patients.schemas.overruled import OverruledForm
from clinic.patients.schemas.patients import PatientSchema, RegistrationTicks, pop_answers
from clinic.patients.schemas.related_persons import GuardianForm, gather_guardian
from clinic.web.field_permissions import NOT_PERMITTED, requires_permission
from clinic.web.fields import Choice, Count, Day, Line, Paragraph

OVERBOOK = "appointments:overbook"
REGISTER = "patients:write"
PARTS = ("any", "morning", "afternoon")
KINDS = ("booked", "arrived", "fulfilled")
"""How a visit begins: booked ahead, the patient is here now, or it has taken place already."""

NEW_PATIENT = ("given_name", "family_name", "birth_date", "phone", "email")
NO_PATIENT = "Choose the patient, or register a new one"
NO_PRACTITIONER = "Choose a practitioner"
NO_SLOT = "Choose one of the free times"
NO_REASON = "Enter the reason for booking this time all the same"
TWO_TIMES = "You chose a free time and typed another one: clear the typed time, or choose “The time typed below”"
_NEW = "registration-"
_SLOT = re.compile(r"([0-9a-f-]{36})/([0-9-]{10})T([0-9:]{5})/([01])/([0-9]{1,4})(/over)?", re.ASCII)
_STEP = 5
"""Minutes to which the start of a visit is rounded that begins now."""


class FindSchema(Schema):
    """What free times are searched for, and the time about which somebody asks why it is not free."""

    class Meta:
        """Other names belong to other forms of the page."""

        unknown = EXCLUDE

    service_id = RecordId("a service", load_default=None)
    practitioner_id = RecordId("a practitioner", load_default=None)
    room_id = RecordId("a room", load_default=None)
    minutes = Count(least=SHORTEST, most=LONGEST, load_default=None, allow_none=True, what="the length in minutes")
    first_day = Day(load_default=None, data_key="from")
    part = Choice(*PARTS, load_default=None)
    whole = Choice("1", load_default=None)
    why_day = Day(load_default=None)
    why = WallTime(load_default=None)


class TimeForm(StartSchema):
    """A chosen time: a free one, `slot`, or one that is typed; and what was searched for, to show it again.

    A slot is `practitioner id/local start/fold/minutes`, with `/over` if it is known not to be free.
    """

    practitioner_id = RecordId("a practitioner", load_default=None)
    minutes = Count(least=5, most=24 * 60, load_default=30)
    time = WallTime(required=True, what="a time, or choose a free one")
    service_id = RecordId("a service", load_default=None)
    room_id = RecordId("a room", load_default=None)
    slot = Line(load_default=None)
    overbook_reason = requires_permission(OVERBOOK, Line(load_default=None))
    search_from = Line(load_default=None)
    search_part = Line(load_default=None)
    search_with = Line(load_default=None)
    search_minutes = Line(load_default=None)

    @pre_load
    def expand(self, data: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Fill practitioner, day, time and length with those of the chosen slot."""
        return {**data, **_slot_fields(data.get("slot"))}

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_time(self, data: dict[str, Any], sent: Mapping[str, Any], **_options: Any) -> None:
        """Require a practitioner for a typed time, one time of the two, and a reason for one that is not free."""
        problems = {}
        slot, typed = _slot_fields(sent.get("slot")), sent.get("time")
        if sent.get("slot") and not slot:
            problems["slot"] = [NO_SLOT]
        if slot and typed and data.get("time") != _read_time(typed):
            problems["slot"] = [TWO_TIMES]
        if data.get("time") and not data.get("practitioner_id") and not sent.get("practitioner_id"):
            problems["practitioner_id"] = [NO_PRACTITIONER]
        if str(sent.get("slot")).endswith("/over") and not data.get("overbook_reason"):
            problems["overbook_reason"] = [NO_REASON]
        if problems:
            raise ValidationError(problems)

    @post_load
    def convert(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Convert day, time and length to instants, and leave out what was only searched for."""
        loaded: dict[str, Any] = super().convert(data, **options)
        ends_at = loaded["starts_at"] + timedelta(minutes=loaded.pop("minutes"))
        kept = {name: value for name, value in loaded.items() if name != "slot" and not name.startswith("search_")}
        return kept | {"ends_at": ends_at}


class RescheduleForm(TimeForm):
    """The form that moves an appointment."""


class BookingForm(TimeForm, RegistrationTicks, OverruledForm):
    """The form of a booking, for a patient of the clinic or for one who is registered with it."""

    patient = Line(load_default=None)
    registration = fields.Nested(PatientSchema(only=NEW_PATIENT), load_default=None)
    guardian = fields.Nested(GuardianForm, load_default=None)
    kind = Choice(*KINDS, load_default=KINDS[0], allow_none=False)
    reason = requires_permission(NOTES, Line(load_default=None))
    note = requires_permission(NOTES, Paragraph(max_length=MAX_NOTE, load_default=None))

    @pre_load
    def expand(self, data: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """Group the fields of a new patient; a patient who is here now comes now unless a time is given."""
        data = gather_guardian(data)
        new = {name.removeprefix(_NEW): value for name, value in data.items() if name.startswith(_NEW)}
        rest = {name: value for name, value in data.items() if not name.startswith(_NEW)}
        if any(str(value).strip() for value in new.values()):
            rest["registration"] = new
        if rest.get("kind") == "arrived" and not rest.get("slot") and not rest.get("time"):
            rest |= _starting_now()
        expanded: dict[str, Any] = super().expand(rest, **options)
        return expanded

    @post_load
    def convert(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Convert the time, and what was ticked of consent to answers of the new patient."""
        registration, guardian = data.get("registration"), data.pop("guardian", None)
        new = {**(registration or {}), **({"guardian": guardian} if guardian else {})}
        answers = pop_answers(data, new)
        loaded: dict[str, Any] = super().convert(data, **options)
        return loaded if registration is None else loaded | {"registration": new | answers}

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_patient(self, data: dict[str, Any], sent: Mapping[str, Any], **_options: Any) -> None:
        """Require a patient, or a new one from those who may register."""
        if data.get("patient"):
            return
        if not any(str(value).strip() for name, value in sent.items() if name.startswith(_NEW)):
            raise ValidationError(NO_PATIENT, "patient")
        if not current_actor().has_permission(REGISTER):
            raise ValidationError(NOT_PERMITTED, "patient")


def _slot_fields(slot: Any) -> dict[str, str]:
    """Return the fields of a slot, none if it is none."""
    match = _SLOT.fullmatch(slot) if isinstance(slot, str) else None
    if not match:
        return {}
    names = ("practitioner_id", "day", "time", "fold", "minutes")
    return dict(zip(names, match.groups(), strict=False))


def _starting_now() -> dict[str, str]:
    wall = wall_time(now(), clinic_service.current().zone)
    wall -= timedelta(minutes=wall.minute % _STEP)
    return {"day": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M}"}


def _read_time(typed: Any) -> Any:
    """Return a typed time of day, None if it is none."""
    try:
        return WallTime().deserialize(typed)
    except ValidationError:
        return None
