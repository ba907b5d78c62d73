"""The schemas of a patient, for JSON, forms and commands."""

from collections.abc import Collection, Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, pre_load, validates_schema

from clinic.core.context import current_actor
from clinic.patients.consent_rules import CHANNELS, PURPOSES, registration_answers
from clinic.patients.contact_rules import uses_of
from clinic.patients.models.details import ADDRESS, EMAIL, PHONE
from clinic.patients.rules import BIRTH_DATE_OR_AGE, LONGEST_LIFE, RECORD_STATES
from clinic.patients.schemas.consent import AnswerDay, Answers, ConsentTicks
from clinic.patients.schemas.overruled import OverruledForm
from clinic.patients.schemas.patient_fields import CONTACT, BirthDate, Language, Phone, Sex, StoredPhones
from clinic.patients.schemas.patient_lists import (
    MAX_ADDRESS,
    Contacts,
    FormerNameSchema,
    Identifiers,
    IdentifierSchema,
    OtherAddressSchema,
    OtherEmailSchema,
    OtherPhoneSchema,
    Phones,
    Rows,
)
from clinic.patients.schemas.patient_rows import gather_rows
from clinic.patients.schemas.related_persons import GuardianForm, GuardianSchema, gather_guardian
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Count, Email, Line, Paragraph, Timestamp

REGISTRATION_ONLY = ("consent", "guardian")
"""What is sent only when a patient is registered."""


class PatientSchema(FieldPermissionSchema):
    """A patient with contact details; a given or a family name is required.

    Of phones, emails and addresses, `phone`, `email` and `address` are the ones in use. `stored_phones` returns all
    phone numbers of the record that is changed.
    """

    def __init__(self, *, stored_phones: StoredPhones = tuple, **options: Any) -> None:
        super().__init__(**options)
        self.stored_phones = stored_phones

    id = fields.UUID(dump_only=True)
    mrn = fields.String(dump_only=True, metadata={"description": "medical record number"})
    given_name = Line()
    family_name = Line()
    birth_date = BirthDate()
    estimated_age = Count(
        least=0,
        most=LONGEST_LIFE - 1,
        what="an age in years",
        allow_none=True,
        metadata={"description": "age in years on `age_on`, if no birth date is known"},
    )
    age_on = AnswerDay(metadata={"description": "today unless given"})
    sex = Sex()
    phone = requires_permission(CONTACT, Phone())
    phone_use = requires_permission(CONTACT, Choice(*uses_of(PHONE, in_use=True), allow_none=True))
    email = requires_permission(CONTACT, Email())
    email_use = requires_permission(CONTACT, Choice(*uses_of(EMAIL, in_use=True), allow_none=True))
    language = Language()
    preferred_name = Line()
    former_names = Rows(FormerNameSchema, "former name")
    pronouns = Line(max_length=50)
    address = requires_permission(CONTACT, Paragraph(max_length=MAX_ADDRESS))
    address_use = requires_permission(CONTACT, Choice(*uses_of(ADDRESS, in_use=True), allow_none=True))
    other_phones = requires_permission(CONTACT, Phones(OtherPhoneSchema, "phone"))
    other_emails = requires_permission(CONTACT, Contacts(OtherEmailSchema, "email"))
    other_addresses = requires_permission(CONTACT, Contacts(OtherAddressSchema, "address"))
    identifiers = Identifiers(IdentifierSchema, "identifier")
    consent = Answers(
        load_only=True, metadata={"description": "what the patient answered when asked; only at the registration"}
    )
    guardian = fields.Nested(
        GuardianSchema,
        load_only=True,
        metadata={"description": "who gets the messages of a minor; only at the registration"},
    )
    state = fields.String(dump_only=True, metadata={"enum": list(RECORD_STATES)})
    deceased_on = fields.Date(dump_only=True, allow_none=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)

    @validates_schema(skip_on_field_errors=False)
    def check_named(self, data: dict[str, Any], **options: Any) -> None:
        """Require a name, even if other fields are invalid, so that all errors are returned at once."""
        if not options.get("partial") and not (data.get("family_name") or data.get("given_name")):
            raise ValidationError("Enter the family name or the given name", "family_name")

    @validates_schema(skip_on_field_errors=False)
    def check_age(self, data: dict[str, Any], **_options: Any) -> None:
        """Refuse both a birth date and an age."""
        if data.get("birth_date") and data.get("estimated_age") is not None:
            raise ValidationError(BIRTH_DATE_OR_AGE, "estimated_age")


class PatientForm(PatientSchema):
    """The fields of a patient in a form, with rows for the lists; a day without an age is left out."""

    @pre_load
    def gather(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Group the fields of rows."""
        found = gather_rows(typed)
        if "age_on" in found and not str(found.get("estimated_age") or "").strip():
            found["age_on"] = ""
        return found


class EditForm(PatientForm, OverruledForm):
    """The form that changes a patient."""

    class Meta:
        """Consent and related persons have pages of their own."""

        exclude = REGISTRATION_ONLY


class RegistrationTicks(ConsentTicks):
    """What was ticked of consent in a form that registers a patient.

    Without `consent_shown`, the form had no such boxes, and nothing is recorded.
    """

    consent_shown = Choice("1")
    not_asked = Choice("1")


class RegistrationForm(PatientForm, RegistrationTicks, OverruledForm):
    """The form of a new patient, with what was ticked of consent."""

    class Meta:
        """The form has boxes instead of answers."""

        exclude = ("consent",)

    guardian = fields.Nested(GuardianForm, load_only=True)

    @pre_load
    def gather_person(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Group the fields of the guardian."""
        return gather_guardian(typed)

    @post_load
    def answer(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Convert the ticks to answers."""
        return data | pop_answers(data, data)


def pop_answers(data: dict[str, Any], registration: Mapping[str, Any]) -> dict[str, Any]:
    """Take the ticks out of the data of a form, and return them as the answers of the patient who is registered."""
    ticks = {name: data.pop(name, ()) for name in PURPOSES}
    shown, not_asked = data.pop("consent_shown", None), data.pop("not_asked", None)
    if not shown:
        return {}
    return {"consent": registration_answers(ticks, _reachable(registration), asked=not not_asked)}


def _reachable(data: Mapping[str, Any]) -> Collection[str]:
    """Return the channels for which a new patient, or the guardian, has an address; all if those are not known here.

    They are not if the current actor may not enter any, or the guardian is a patient.
    """
    guardian = data.get("guardian") or {}
    if guardian.get("other_id") or not current_actor().has_permission(CONTACT):
        return CHANNELS
    needed = {"email": "email", "sms": "phone", "phone": "phone", "post": "address"}
    return {channel for channel, field in needed.items() if data.get(field) or guardian.get(field)}
