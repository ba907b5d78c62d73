"""The editor of the texts of messages, under the clinic's settings."""

from difflib import ndiff

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.errors import StaleVersion
from clinic.identity.accounts import current_account
from clinic.identity.clinics import clinic_service
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.schemas.templates import PreviewQuery, SwitchForm, TemplateForm
from clinic.notifications.writing.html import as_html
from clinic.notifications.writing.languages import LANGUAGES, TemplateText, choose_language, default_text
from clinic.notifications.writing.message_text import MessageText
from clinic.notifications.writing.placeholders import placeholders_of
from clinic.notifications.writing.plain_text import as_plain_text
from clinic.notifications.writing.previews import UnknownReader, preview_service
from clinic.notifications.writing.template_service import (
    CHANNELS,
    NothingToRestore,
    Template,
    TemplateKey,
    template_service,
)
from clinic.notifications.writing.trial_mails import test_mail_queue
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent, replay_as
from clinic.web.list_views import parse_list_query
from clinic.web.security_headers import FRAMED_POLICY, FRAMING_POLICY
from clinic.web.toasts import flash_with_undo

FIELDS = {"subject": "Subject", "text": "Text"}
FIRST = "confirmation"
"""The kind of message that the editor shows first."""

_ADDRESS = "/templates/<kind>/<channel>/<language>"


@blueprint.get("/templates")
@requires("templates:write")
def templates() -> ResponseReturnValue:
    """Show the editor with the first kind of message, in the clinic's language."""
    return _shown(TemplateKey(FIRST, "email", choose_language(clinic_service.current().language)))


@blueprint.get(_ADDRESS)
@requires("templates:write")
def template(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Show the editor with a text."""
    return _shown(TemplateKey(kind, channel, language))


@blueprint.post(_ADDRESS)
@requires("templates:write")
@idempotent
def save_template(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Save a text of the clinic's own."""
    key, form = template_service.get(TemplateKey(kind, channel, language)).key, load_form(TemplateForm(kind))
    if form.errors:
        return _editor(key, form), 422
    try:
        template_service.save(key, version=sent_version(), subject=form.data["subject"], text=form.data["text"])
    except StaleVersion:
        return _conflict_page(key, form), 409
    flash("The text is saved: messages say it from now on")
    return redirect(_url(key), 303)


@blueprint.get(f"{_ADDRESS}/preview")
@requires("templates:write")
def preview(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Show a message with the text that is used, for a frame."""
    query, _ = parse_list_query(PreviewQuery())
    used = template_service.get(TemplateKey(kind, channel, language))
    return _framed(preview_service.write(used.key, used.written, query["reader"]), query["view"])


@blueprint.post(f"{_ADDRESS}/preview")
@requires("templates:write")
def preview_typed(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Show a message with the text as it is typed, for a frame; nothing is changed."""
    key, form = template_service.get(TemplateKey(kind, channel, language)).key, load_form(TemplateForm(kind))
    if form.errors:
        return _in_frame(render_template("notifications/mail/preview_errors.html", form=form))
    return _framed(preview_service.write(key, _typed(form), form.data["reader"]), form.data["view"])


@blueprint.route(f"{_ADDRESS}/test", methods=["GET", "POST"])
@requires("templates:write")
@posted_from(".template", "kind", "channel", "language")
@idempotent
def send_test(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Send what is typed to the address of the own account, and show the editor again."""
    key, form = template_service.get(TemplateKey(kind, channel, language)).key, load_form(TemplateForm(kind))
    if form.errors:
        return _editor(key, form), 422
    try:
        email = test_mail_queue.queue(preview_service.write(key, _typed(form), form.data["reader"]))
    except UnknownReader as error:
        return refuse(_page(key, form.reject(error, "reader")), error)
    message = f"A test is on its way to {email}"
    replay_as(make_response(redirect(_url(key), 303)), message)
    return _in_editor(_page(key, Form(form.values, version=form.version), sent=message))


@blueprint.route(f"{_ADDRESS}/default", methods=["GET", "POST"])
@requires("templates:write")
@posted_from(".template", "kind", "channel", "language")
@idempotent
def reset_template(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Use the default text again; this can be undone."""
    key = TemplateKey(kind, channel, language)
    try:
        used = template_service.reset(key, version=sent_version())
    except StaleVersion as error:
        return refuse(_page(key, _form(template_service.get(key)).reject(error)), error)
    flash_with_undo("The default text is used again", _url(key, ".restore_template"), version=used.version)
    return redirect(_url(key), 303)


@blueprint.route(f"{_ADDRESS}/restore", methods=["GET", "POST"])
@requires("templates:write")
@posted_from(".template", "kind", "channel", "language")
@idempotent
def restore_template(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Use the clinic's last own text again."""
    key = TemplateKey(kind, channel, language)
    try:
        template_service.restore(key, version=sent_version())
    except (StaleVersion, NothingToRestore) as error:
        return refuse(_page(key, _form(template_service.get(key)).reject(error)), error)
    flash("Your own text is used again")
    return redirect(_url(key), 303)


@blueprint.route(f"{_ADDRESS}/switch", methods=["GET", "POST"])
@requires("templates:write")
@posted_from(".template", "kind", "channel", "language")
@idempotent
def switch_kind(kind: str, channel: str, language: str) -> ResponseReturnValue:
    """Send a kind of message from now on, or not any more."""
    key, form = template_service.get(TemplateKey(kind, channel, language)).key, load_form(SwitchForm())
    if form.errors:
        return _page(key, Form(_form(template_service.get(key)).values, errors=form.errors)), 422
    try:
        found = template_service.switch(kind, enabled=form.data["enabled"] == "yes", version=sent_version())
    except StaleVersion as error:
        return refuse(_page(key, _form(template_service.get(key)).reject(error)), error)
    flash("This message is sent again" if found.enabled else "This message is not sent any more")
    return redirect(_url(key), 303)


def _shown(key: TemplateKey) -> Response:
    used = template_service.get(key)
    return _editor(key, initial_form(_form(used).values, version=used.version))


def _form(used: Template) -> Form:
    return Form({"subject": used.subject, "text": used.text}, version=used.version)


def _typed(form: Form) -> TemplateText:
    return TemplateText(form.data["subject"], form.data["text"])


def _url(key: TemplateKey, endpoint: str = ".template") -> str:
    return url_for(endpoint, kind=key.kind, channel=key.channel, language=key.language)


def _editor(key: TemplateKey, form: Form) -> Response:
    return _in_editor(_page(key, form))


def _in_editor(page: str) -> Response:
    response = make_response(page)
    response.headers["Content-Security-Policy"] = FRAMING_POLICY
    return response


def _page(key: TemplateKey, form: Form, *, sent: str | None = None) -> str:
    used, account = template_service.get(key), current_account()
    settings = {one.kind: one for one in template_service.kinds()}
    texts = template_service.list()
    return render_template(
        "notifications/templates.html",
        key=key,
        used=used,
        form=form,
        sent=sent,
        kinds=settings,
        own={one.key for one in texts if one.is_own},
        key_of=TemplateKey,
        channels=CHANNELS,
        languages=LANGUAGES,
        placeholders=placeholders_of(key.kind),
        values=preview_service.values(key),
        readers=preview_service.readers(key.kind),
        differences=_differences(used),
        change=audit_service.last_change("message_templates", used.id) if used.is_own else None,
        email=account.email if account else None,
    )


def _differences(used: Template) -> list[tuple[str, str]]:
    """Return the lines by which a text differs from the default: each with `+`, `-` or a space."""
    if not used.is_own:
        return []
    default = default_text(used.key.kind, used.key.language)
    before, after = (f"{one.subject}\n\n{one.text}".split("\n") for one in (default, used))
    return [(line[0], line[2:]) for line in ndiff(before, after) if line[0] != "?"]


def _conflict_page(key: TemplateKey, form: Form) -> str:
    used = template_service.get(key)
    stored = {"subject": used.subject, "text": used.text}
    return render_template(
        "notifications/template_conflict.html",
        fields=field_differences(FIELDS, {name: form.value(name) for name in FIELDS}, stored, {}),
        version=used.version,
        saved_at=used.updated_at,
        change=audit_service.last_change("message_templates", used.id),
        url=_url(key),
    )


def _framed(message: MessageText, view: str) -> Response:
    if view == "text":
        return _in_frame(render_template("notifications/mail/preview_text.html", text=as_plain_text(message)))
    return _in_frame(as_html(message))


def _in_frame(page: str) -> Response:
    response = make_response(page)
    response.headers["Content-Security-Policy"] = FRAMED_POLICY
    return response
