"""The schemas of merging two records, for JSON, forms and commands."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from clinic.core.context import current_actor
from clinic.patients.merging.choices import SEVERAL, SIDES, SINGLE, Choices
from clinic.patients.schemas.patient_fields import CONTACT
from clinic.web.fields import Choice, Count, Line, Timestamp

NO_ID = "Enter the id of a patient"


def patient_id_field(**options: Any) -> fields.UUID:
    """Return a field with the id of a patient."""
    messages: dict[str, Any] = dict.fromkeys(("invalid", "invalid_uuid", "null", "required"), NO_ID)
    return fields.UUID(error_messages=messages, **options)


class OtherRecordQuery(Schema):
    """What finds the record with which another one is merged."""

    other = Line()


class FieldChoices(Schema):
    """Of which record each field is kept; by default of the one that remains, if it has a value."""

    family_name = Choice(*SIDES, allow_none=False)
    given_name = Choice(*SIDES, allow_none=False)
    preferred_name = Choice(*SIDES, allow_none=False)
    birth_date = Choice(*SIDES, allow_none=False)
    sex = Choice(*SIDES, allow_none=False)
    pronouns = Choice(*SIDES, allow_none=False)
    language = Choice(*SIDES, allow_none=False)
    deceased_on = Choice(*SIDES, allow_none=False)


class KeptContacts(Schema):
    """Of which records phone, email and address are kept, by default of both; the first one is used."""

    phone = fields.List(Choice(*SIDES, allow_none=False))
    email = fields.List(Choice(*SIDES, allow_none=False))
    address = fields.List(Choice(*SIDES, allow_none=False))


class MergeSchema(Schema):
    """What is merged, and what the record that remains says afterwards."""

    merged_patient_id = patient_id_field(required=True)
    merged_version = Count(
        least=1, most=10**9, metadata={"description": "the version of that record that was compared"}
    )
    fields_ = fields.Nested(FieldChoices, data_key="fields", attribute="fields")
    keep = fields.Nested(KeptContacts)

    @post_load
    def choose(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Join the choices."""
        return data | {"choices": Choices(data.pop("fields", {}), data.pop("keep", {}))}


class UnmergeSchema(Schema):
    """The record that comes back, the one that was merged last unless it is given."""

    merged_patient_id = patient_id_field(load_default=None)


class ComparedFieldSchema(Schema):
    """A field of both records."""

    name = fields.String(dump_only=True, metadata={"enum": [*SINGLE, *SEVERAL]})
    survivor = fields.Method("dump_survivor", dump_only=True, metadata={"type": ["string", "null"]})
    merged = fields.Method("dump_merged", dump_only=True, metadata={"type": ["string", "null"]})
    kept = fields.List(fields.String(metadata={"enum": list(SIDES)}), dump_only=True)
    differs = fields.Boolean(dump_only=True)

    def dump_survivor(self, compared: Any) -> str | None:
        """Return the value of the record that remains."""
        return _text(compared.survivor)

    def dump_merged(self, compared: Any) -> str | None:
        """Return the value of the record that is merged."""
        return _text(compared.merged)


class MovedRecordsSchema(Schema):
    """How many records of one kind move, and how many there are afterwards."""

    label = fields.String(dump_only=True)
    moved = fields.Integer(dump_only=True)
    after = fields.Integer(dump_only=True)


class MergePreviewSchema(Schema):
    """What merging would do, and what stands in its way."""

    patient_id = fields.UUID(dump_only=True, attribute="survivor.id")
    version = fields.Integer(dump_only=True, attribute="survivor.version")
    merged_patient_id = fields.UUID(dump_only=True, attribute="merged.id")
    merged_version = fields.Integer(dump_only=True, attribute="merged.version")
    fields_ = fields.Method(
        "dump_compared", data_key="fields", dump_only=True, metadata={"type": "array", "items": {"type": "object"}}
    )
    moves = fields.List(fields.Nested(MovedRecordsSchema), dump_only=True)
    obstacles = fields.Method("dump_obstacles", dump_only=True, metadata={"type": "array", "items": {"type": "string"}})
    warnings = fields.Method("dump_warnings", dump_only=True, metadata={"type": "array", "items": {"type": "string"}})

    def dump_obstacles(self, preview: Any) -> list[str]:
        """Return the texts of what stands in the way."""
        return [one.text for one in preview.obstacles]

    def dump_compared(self, preview: Any) -> list[dict[str, Any]]:
        """Return the fields; contact details only for those who may see these."""
        shown = [one for one in preview.fields if one.name not in SEVERAL or current_actor().has_permission(CONTACT)]
        return [ComparedFieldSchema().dump(one) for one in shown]

    def dump_warnings(self, preview: Any) -> list[str]:
        """Return the texts of the warnings."""
        return [one.text for one in preview.warnings]


class MergeRecordSchema(Schema):
    """A merge."""

    id = fields.UUID(dump_only=True)
    version = fields.Integer(dump_only=True)
    patient_id = fields.UUID(dump_only=True, attribute="survivor_id")
    merged_patient_id = fields.UUID(dump_only=True, attribute="merged_id")
    merged_at = Timestamp(dump_only=True)
    merged_by = fields.String(dump_only=True)
    moved = fields.Dict(keys=fields.String(), values=fields.Integer(), attribute="counts", dump_only=True)
    unmerged_at = Timestamp(dump_only=True, allow_none=True)
    unmerged_by = fields.String(dump_only=True, allow_none=True)


def choices_of_form(chosen: Any) -> Choices:
    """Return the choices of the form of a comparison; `chosen` returns what was sent for a name.

    :raises ValidationError: if a value is no side
    """
    sent = {name: chosen(name) for name in (*SINGLE, *SEVERAL)}
    if any(value not in SIDES for values in sent.values() for value in values):
        raise ValidationError("Choose one of the two records")
    single = {name: sent[name][0] for name in SINGLE if sent[name]}
    return Choices(single, {name: sent[name] for name in SEVERAL if sent[name]})


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
