"""The schemas of a patient and of consent, for JSON, forms and commands."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.patients.consent_rules import (
    ANSWERED,
    CHANNELS,
    GIVEN_SOURCES,
    PURPOSES,
    SOURCES,
    STATES,
    Topic,
    registration_answers,
)
from clinic.patients.phone_numbers import phone_number, phone_number_message
from clinic.patients.rules import SEXES, birth_date_problem
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Day, Email, Line, Paragraph, Timestamp, described

CONTACT = "patients:contact"
MAX_PHONE = 50
_STORED_PHONE = re.compile(r"\+[0-9]+(;ext=[0-9]+)?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", re.ASCII)


class Phone(Line):
    """A phone number as RFC 3966 writes it, without `tel:`; one without a country code is of the clinic's country.

    The number that the record already has stays, even if it is none.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PHONE, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        country = clinic_service.current().country
        number = phone_number(text, country)
        if number != text and self._is_stored(text):
            return text
        if number is None:
            raise ValidationError(phone_number_message(country))
        return number

    def _is_stored(self, text: str) -> bool:
        """Return whether the record has this number; those who may not see it can't find out."""
        if not isinstance(self.parent, PatientSchema) or not current_actor().has_permission(CONTACT):
            return False
        return bool(_STORED_PHONE.fullmatch(text)) and text == self.parent.stored_phone()


class BirthDate(Line):
    """`YYYY-MM-DD`, or `YYYY-MM` or `YYYY` where the rest is unknown."""

    def __init__(self, **options: Any) -> None:
        pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
        super().__init__(max_length=20, **described(options, pattern=pattern))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and (problem := birth_date_problem(text, today(clinic_service.current().zone))):
            raise ValidationError(problem)
        return text


class Sex(Choice):
    """Sex recorded for care; without a value it is `unknown`."""

    def __init__(self) -> None:
        super().__init__(*SEXES, allow_none=True)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Return the value, `unknown` for none."""
        found = super().deserialize(value, attr, data, **kwargs)
        return "unknown" if found is None else found


class Language(Line):
    """A language tag of BCP 47 such as `pt` or `pt-BR`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=16, **described(options, pattern=f"^{_LANGUAGE.pattern}$"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and not _LANGUAGE.fullmatch(text):
            raise ValidationError("Enter a language code like pt or pt-BR")
        return text


class AnswerSchema(Schema):
    """What a patient answered about one purpose and channel."""

    purpose = Choice(*PURPOSES, required=True, what="a purpose")
    channel = Choice(*CHANNELS, required=True, what="a channel")
    answer = Choice("yes", "no", required=True, what="yes or no")


class Answers(fields.List[Any]):
    """Answers about different purposes and channels; loaded as a mapping of these to whether the patient agrees."""

    default_error_messages = dict.fromkeys(
        ("invalid", "null"), "Enter a list of answers, each with purpose, channel and answer"
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.Nested(AnswerSchema), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        given: Any = super()._deserialize(value, attr, data, **kwargs)
        answers: dict[Topic, bool] = {}
        for number, one in enumerate(given):
            topic = (one["purpose"], one["channel"])
            if topic in answers:
                raise ValidationError({number: {"purpose": ["Give one answer for each purpose and channel"]}})
            answers[topic] = one["answer"] == "yes"
        return answers


class AnswerDay(Day):
    """The day of an answer; not in the future."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        day = super()._deserialize(value, attr, data, **kwargs)
        if day is not None and day > today(clinic_service.current().zone):
            raise ValidationError("Enter a day that is not in the future")
        return day


class PatientSchema(FieldPermissionSchema):
    """A patient with contact details; a given or a family name is required.

    `stored_phone` returns the phone number of the record that is changed.
    """

    def __init__(self, *, stored_phone: Callable[[], str | None] = lambda: None, **options: Any) -> None:
        super().__init__(**options)
        self.stored_phone = stored_phone

    id = fields.UUID(dump_only=True)
    mrn = fields.String(dump_only=True, metadata={"description": "medical record number"})
    given_name = Line()
    family_name = Line()
    preferred_name = Line()
    birth_date = BirthDate()
    sex = Sex()
    pronouns = Line(max_length=50)
    phone = requires_permission(CONTACT, Phone())
    email = requires_permission(CONTACT, Email())
    language = Language()
    address = requires_permission(CONTACT, Paragraph(max_length=500))
    consent = Answers(
        load_only=True, metadata={"description": "what the patient answered when asked; only at the registration"}
    )
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)

    @validates_schema(skip_on_field_errors=False)
    def check_named(self, data: dict[str, Any], **options: Any) -> None:
        """Require a name, even if other fields are invalid, so that all errors are returned at once."""
        if not options.get("partial") and not (data.get("family_name") or data.get("given_name")):
            raise ValidationError("Enter the family name or the given name", "family_name")


class ConsentTicks(Schema):
    """The ticked channels of each purpose."""

    care = fields.List(Choice(*CHANNELS, required=True))
    reminders = fields.List(Choice(*CHANNELS, required=True))
    recalls = fields.List(Choice(*CHANNELS, required=True))
    news = fields.List(Choice(*CHANNELS, required=True))


class RegistrationForm(PatientSchema, ConsentTicks):
    """The form of a new patient, with what was ticked of consent.

    Without `consent_shown`, the form had no such boxes, and nothing is recorded.
    """

    class Meta:
        """The form has boxes instead of answers."""

        exclude = ("consent",)

    consent_shown = Choice("1")
    not_asked = Choice("1")

    @post_load
    def answer(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Convert the ticks to answers."""
        ticks = {name: data.pop(name, ()) for name in PURPOSES}
        shown, not_asked = data.pop("consent_shown", None), data.pop("not_asked", None)
        if not shown:
            return data
        return data | {"consent": registration_answers(ticks, _reachable(data), asked=not not_asked)}


class ChangeSchema(Schema):
    """When, and with what note, a change of consent was stated."""

    answered_on = AnswerDay(metadata={"description": "the day of the answer; today unless given"})
    note = Line()


class ConsentChangeSchema(ChangeSchema):
    """What a patient answered, and how."""

    answers = Answers(required=True, error_messages={"required": "Enter the answers", "null": "Enter the answers"})
    source = Choice(*GIVEN_SOURCES, required=True, what="how the patient answered")


class WithdrawalSchema(ChangeSchema):
    """How a patient withdrew all consent, if that is known."""

    source = Choice(*GIVEN_SOURCES)


class ConsentForm(ChangeSchema, ConsentTicks):
    """The form of a patient's consent; `refused` are the purposes to which the patient was asked and said no."""

    refused = fields.List(Choice(*ANSWERED, required=True))
    source = Choice(*GIVEN_SOURCES, required=True, what="how the patient said so")


class ConsentStateSchema(Schema):
    """What is on record about one purpose and channel."""

    purpose = fields.String(dump_only=True, metadata={"enum": list(PURPOSES)})
    channel = fields.String(dump_only=True, metadata={"enum": list(CHANNELS)})
    state = fields.String(dump_only=True, metadata={"enum": list(STATES)})
    allowed = fields.Boolean(dump_only=True, metadata={"description": "whether the clinic may write to the patient"})
    source = fields.String(dump_only=True, allow_none=True, metadata={"enum": [*SOURCES, None]})
    answered_on = fields.Date(dump_only=True, allow_none=True)
    note = fields.String(dump_only=True, allow_none=True)
    recorded_at = Timestamp(dump_only=True, allow_none=True)
    recorded_by = fields.String(
        dump_only=True, allow_none=True, metadata={"description": "null if it only follows from the registration"}
    )


class ConsentSchema(Schema):
    """What a patient agrees to, for each purpose and channel."""

    patient_id = fields.UUID(dump_only=True, attribute="id")
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    answers = fields.List(fields.Nested(ConsentStateSchema), dump_only=True)


class ConsentEntrySchema(ConsentStateSchema):
    """An answer in the history of a patient's consent."""

    class Meta:
        """What is allowed is a matter of the present."""

        exclude = ("allowed",)

    id = fields.UUID(dump_only=True)
    current = fields.Boolean(
        dump_only=True, attribute="is_current", metadata={"description": "whether no later answer replaces it"}
    )


def _reachable(data: Mapping[str, Any]) -> Collection[str]:
    """Return the channels for which a new patient has an address; all if the current actor may not enter any."""
    if not current_actor().has_permission(CONTACT):
        return CHANNELS
    needed = {"email": "email", "sms": "phone", "phone": "phone", "post": "address"}
    return {channel for channel, field in needed.items() if data.get(field)}
