"""JSON endpoints of the texts of messages."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from marshmallow import validates_schema

from clinic.core.db.pagination import Page
from clinic.notifications.kinds import KINDS
from clinic.notifications.schemas.templates import (
    KindSettingSchema,
    MessagePreviewRequestSchema,
    MessagePreviewSchema,
    TemplateSchema,
    validate_placeholders,
)
from clinic.notifications.writing.html import as_html
from clinic.notifications.writing.languages import TemplateText
from clinic.notifications.writing.plain_text import as_plain_text
from clinic.notifications.writing.previews import preview_service
from clinic.notifications.writing.template_service import KindSetting, Template, TemplateKey, template_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, expected_version, handle_stale_version, list_schema, listed, single
from clinic.web.openapi import RECORD_HEADERS

blueprint = ApiBlueprint(
    "message_templates",
    __name__,
    path="message-templates",
    noun="message-template",
    description="What messages to patients say, and which are sent",
)
kinds_blueprint = ApiBlueprint(
    "message_kinds",
    __name__,
    path="message-kinds",
    noun="message-kind",
    description="Which kinds of messages the clinic sends",
)


class TemplateUpdateSchema(TemplateSchema):
    """The text of the kind of message in the address of the request, whose placeholders are checked with the rest."""

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_placeholders(self, _data: Any, typed: Any, **_options: Any) -> None:
        """Check the placeholders, unless there is no such kind.

        :raises ValidationError: if some are unknown or stand where they may not
        """
        kind: str = (request.view_args or {}).get("kind", "")
        if kind in KINDS:
            validate_placeholders(kind, typed)


def _get(kind: str, channel: str, language: str) -> Template:
    return template_service.get(TemplateKey(kind, channel, language))


def _get_kind(kind: str) -> KindSetting:
    return template_service.get_kind(kind)


handle_stale_version(blueprint, _get, TemplateSchema)
handle_stale_version(kinds_blueprint, _get_kind, KindSettingSchema)


@blueprint.get("")
@requires("templates:write")
@blueprint.problems()
@blueprint.response(200, list_schema(TemplateSchema))
def index() -> ResponseReturnValue:
    """List the text of every kind of message by every channel in every language; there is one page only."""
    return listed(Page(template_service.list(), None))


@blueprint.get("/<kind>/<channel>/<language>")
@requires("templates:write")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, TemplateSchema, headers=RECORD_HEADERS)
def show(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Return the text that is used; the version of one that was never changed is 0."""
    return single(_get(kind, channel, language))


@blueprint.put("/<kind>/<channel>/<language>")
@requires("templates:write")
@blueprint.problems(404)
@blueprint.versioned(required=True)
@blueprint.body(TemplateUpdateSchema)
@blueprint.response(200, TemplateSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Replace the text with one of the clinic's own, whose placeholders are those of its kind."""
    key = TemplateKey(kind, channel, language)
    return single(template_service.save(key, version=expected_version(_get), **fields))


@blueprint.delete("/<kind>/<channel>/<language>")
@requires("templates:write")
@blueprint.problems(404)
@blueprint.versioned(required=True)
@blueprint.response(200, TemplateSchema, headers=RECORD_HEADERS)
def delete(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Use the default text again, and return it."""
    return single(template_service.reset(TemplateKey(kind, channel, language), version=expected_version(_get)))


@blueprint.post("/<kind>/<channel>/<language>/preview")
@requires("templates:write")
@blueprint.problems(404)
@blueprint.body(MessagePreviewRequestSchema)
@blueprint.response(200, MessagePreviewSchema)
def preview(fields: dict[str, Any], kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Return the message as it would be sent, with this text or the one that is used; nothing is changed."""
    used = _get(kind, channel, language)
    text = TemplateText(fields.get("subject") or used.subject, fields.get("text") or used.text)
    message = preview_service.write(used.key, text, fields["reader"])
    return {"subject": message.subject, "text": as_plain_text(message), "html": as_html(message)}


@kinds_blueprint.get("")
@requires("templates:write")
@kinds_blueprint.problems()
@kinds_blueprint.response(200, list_schema(KindSettingSchema))
def index_kinds() -> ResponseReturnValue:
    """List the kinds of messages, and whether the clinic sends them; there is one page only."""
    return listed(Page(template_service.kinds(), None))


@kinds_blueprint.get("/<kind>")
@requires("templates:write")
@kinds_blueprint.problems(404)
@kinds_blueprint.conditional()
@kinds_blueprint.response(200, KindSettingSchema, headers=RECORD_HEADERS)
def show_kind(kind: str) -> ResponseReturnValue:
    """Return whether the clinic sends a kind of message."""
    return single(_get_kind(kind))


@kinds_blueprint.patch("/<kind>")
@requires("templates:write")
@kinds_blueprint.problems(404)
@kinds_blueprint.versioned(required=True)
@kinds_blueprint.merge_patch(KindSettingSchema)
@kinds_blueprint.response(200, KindSettingSchema, headers=RECORD_HEADERS)
def update_kind(fields: dict[str, Any], kind: str) -> ResponseReturnValue:
    """Send a kind of message, or not any more; those that wait are not sent either while it is off."""
    version = expected_version(_get_kind)
    return single(template_service.switch(kind, version=version, **fields) if fields else _get_kind(kind))
