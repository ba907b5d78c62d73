"""The schemas of a patient's timeline."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from clinic.core.timeline import all_timeline_kinds
from clinic.web.fields import Line, Timestamp
from clinic.web.json_api import ListQuery


class Kind(Line):
    """The name of a kind of timeline entries."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        name = super()._deserialize(value, attr, data, **kwargs)
        names = [kind.name for kind in all_timeline_kinds()]
        if name is not None and name not in names:
            raise ValidationError(f"Choose one of: {', '.join(names)}")
        return name


class TimelinePageQuery(ListQuery):
    """The part of the timeline that the page of a patient shows."""

    show = Kind()


class TimelineQuery(ListQuery):
    """Filters of a timeline."""

    kind = Kind(metadata={"description": "only entries of one kind: visits, money, messages or changes"})


class ValueChangeSchema(Schema):
    """A changed value of a record, before and after."""

    field = fields.String(dump_only=True)
    label = fields.String(dump_only=True)
    before = fields.Raw(dump_only=True, allow_none=True)
    after = fields.Raw(dump_only=True, allow_none=True)


class TimelineEntrySchema(Schema):
    """Something that happened to a patient by the records of one module."""

    id = fields.UUID(dump_only=True, attribute="row.id")
    at = Timestamp(dump_only=True, attribute="row.at")
    kind = fields.String(dump_only=True, attribute="kind.name", metadata={"description": "such as visits or money"})
    action = fields.String(dump_only=True, attribute="row.action")
    record = fields.String(
        dump_only=True, attribute="row.record", metadata={"description": "the type of record that it is about"}
    )
    record_id = fields.UUID(dump_only=True, attribute="row.record_id", allow_none=True)
    actor = fields.String(
        dump_only=True, attribute="row.actor", allow_none=True, metadata={"description": "who did it, null if unknown"}
    )
    actor_name = fields.String(dump_only=True, allow_none=True)
    title = fields.String(dump_only=True, attribute="text.title", metadata={"description": "what happened, in words"})
    text = fields.String(dump_only=True, attribute="text.text")
    note = fields.String(dump_only=True, attribute="text.note")
    changes = fields.List(fields.Nested(ValueChangeSchema), dump_only=True, attribute="text.changes")
