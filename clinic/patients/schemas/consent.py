"""The schemas of consent, for JSON, forms and commands."""

from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length

from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.patients.consent_rules import (
    ANSWERED,
    CHANNELS,
    GIVEN_SOURCES,
    PURPOSES,
    SOURCES,
    STATES,
    Topic,
)
from clinic.web.fields import Choice, Day, Line, Timestamp


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


class ConsentTicks(Schema):
    """The ticked channels of each purpose."""

    care = fields.List(Choice(*CHANNELS, required=True))
    reminders = fields.List(Choice(*CHANNELS, required=True))
    recalls = fields.List(Choice(*CHANNELS, required=True))
    news = fields.List(Choice(*CHANNELS, required=True))


class ChangeSchema(Schema):
    """When, and with what note, a change of consent was stated."""

    answered_on = AnswerDay(metadata={"description": "the day of the answer; today unless given"})
    note = Line()


class ConsentChangeSchema(ChangeSchema):
    """What a patient answered, and how."""

    answers = Answers(
        required=True,
        validate=Length(min=1, error="Enter at least one answer"),
        error_messages={"required": "Enter the answers", "null": "Enter the answers"},
    )
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
    by_guardian = fields.Boolean(
        dump_only=True, metadata={"description": "whether the guardian of a minor answered instead of the patient"}
    )
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


class WithdrawnConsentSchema(ConsentSchema):
    """What a patient agrees to after a withdrawal."""

    kept = fields.List(
        fields.Nested(ConsentStateSchema),
        dump_only=True,
        metadata={"description": "what the patient agreed to on a later day than that of the withdrawal"},
    )


class ConsentEntrySchema(ConsentStateSchema):
    """An answer in the history of a patient's consent."""

    class Meta:
        """What is allowed is a matter of the present."""

        exclude = ("allowed",)

    id = fields.UUID(dump_only=True)
    current = fields.Boolean(
        dump_only=True, attribute="is_current", metadata={"description": "whether no later answer replaces it"}
    )
