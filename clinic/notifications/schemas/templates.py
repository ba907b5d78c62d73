"""Schemas of the texts of messages, for JSON, forms and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from clinic.notifications.kinds import KINDS
from clinic.notifications.writing.languages import LANGUAGES
from clinic.notifications.writing.placeholders import MAX_SUBJECT, MAX_TEXT, template_problems
from clinic.notifications.writing.template_service import CHANNELS
from clinic.web.fields import Choice, Line, Paragraph, Switch, Timestamp

VIEWS = ("html", "text")


class TemplateSchema(Schema):
    """The text of a kind of message by a channel in a language; `is_own` if the clinic has changed it."""

    kind = fields.String(dump_only=True, attribute="key.kind", metadata={"enum": list(KINDS)})
    channel = fields.String(dump_only=True, attribute="key.channel", metadata={"enum": list(CHANNELS)})
    language = fields.String(dump_only=True, attribute="key.language", metadata={"enum": list(LANGUAGES)})
    subject = Line(max_length=MAX_SUBJECT, required=True, what="a subject")
    text = Paragraph(max_length=MAX_TEXT, required=True, what="a text")
    is_own = fields.Boolean(dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 0})
    updated_at = Timestamp(dump_only=True, allow_none=True)


class MessagePreviewRequestSchema(Schema):
    """A text to preview, by default the one that is used, and as whom: a made-up patient, or a message's id."""

    subject = Line(max_length=MAX_SUBJECT)
    text = Paragraph(max_length=MAX_TEXT)
    reader = Line(
        max_length=40, load_default="usual", metadata={"description": "`usual`, `long`, `guardian` or a message's id"}
    )


class MessagePreviewSchema(Schema):
    """A message as it would be sent."""

    subject = fields.String(dump_only=True)
    text = fields.String(dump_only=True)
    html = fields.String(dump_only=True)


class KindSettingSchema(Schema):
    """Whether the clinic sends a kind of message."""

    kind = fields.String(dump_only=True, metadata={"enum": list(KINDS)})
    label = fields.String(dump_only=True)
    enabled = Switch(required=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 0})


class TemplateForm(Schema):
    """The form of a text, and as whom it is previewed, in what form."""

    kind = ""
    subject = Line(max_length=MAX_SUBJECT, required=True, what="a subject")
    text = Paragraph(max_length=MAX_TEXT, required=True, what="a text")
    reader = Line(max_length=40, load_default="usual")
    view = Choice(*VIEWS, what="HTML or text", load_default="html")

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_placeholders(self, _data: Any, typed: Any, **_options: Any) -> None:
        """Check the placeholders with everything else, so that all errors are reported at once.

        :raises ValidationError: if some are unknown or stand where they may not
        """
        validate_placeholders(self.kind, typed)


class PreviewQuery(Schema):
    """As whom the text that is used is previewed, and in what form."""

    reader = Line(max_length=40, load_default="usual")
    view = Choice(*VIEWS, what="HTML or text", load_default="html")


class SwitchForm(Schema):
    """Whether a kind of message is sent."""

    enabled = Choice("yes", "no", required=True, what="yes or no")


def validate_placeholders(kind: str, typed: Any) -> None:
    """Check the placeholders of what was typed, also of a text that is too long.

    :raises ValidationError: if some are unknown or stand where they may not
    """
    given = typed if isinstance(typed, Mapping) else {}
    subject, text = (value if isinstance(value := given.get(name), str) else "" for name in ("subject", "text"))
    found = template_problems(kind, subject, text)
    if found:
        raise ValidationError(found)
