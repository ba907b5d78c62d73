"""The schemas of notes about patients, for JSON, forms and commands."""

from typing import Any

from marshmallow import Schema, fields, post_load

from clinic.patients.note_rules import LONGEST_NOTE, NOTE, NOTE_KINDS
from clinic.web.fields import Choice, Paragraph, Timestamp
from clinic.web.json_api import ListQuery


class NoteSchema(Schema):
    """A note about a patient; an alert is shown on opening the record and on booking."""

    id = fields.UUID(dump_only=True)
    patient_id = fields.UUID(dump_only=True)
    kind = Choice(*NOTE_KINDS, what="a kind", load_default=NOTE, allow_none=False)
    text = Paragraph(max_length=LONGEST_NOTE, required=True, what="the note")
    author = fields.String(dump_only=True, metadata={"description": "the name, at that time, of who recorded it"})
    recorded_by = fields.String(dump_only=True)
    ended_at = Timestamp(dump_only=True, allow_none=True)
    ended_by = fields.String(dump_only=True, allow_none=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class NoteQuery(ListQuery):
    """Filters of the list of a patient's notes."""

    kind = Choice(*NOTE_KINDS, what="a kind")
    ended = Choice("yes", "no", what="yes or no", metadata={"description": "only former notes, or only present ones"})

    @post_load
    def convert(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Convert `yes` and `no` to a truth value."""
        given = data.pop("ended", None)
        return data if given is None else data | {"ended": given == "yes"}
