"""`flask notifications templates`, `save-template`, `reset-template`, `preview`, `send-test` and `switch`."""

from collections.abc import Callable
from typing import Any

import click

from clinic.notifications.commands.group import as_json, group
from clinic.notifications.kinds import KINDS
from clinic.notifications.schemas.templates import KindSettingSchema, TemplateForm, TemplateSchema
from clinic.notifications.writing.html import as_html
from clinic.notifications.writing.languages import LANGUAGES
from clinic.notifications.writing.message_text import MessageText
from clinic.notifications.writing.plain_text import as_plain_text
from clinic.notifications.writing.previews import preview_service
from clinic.notifications.writing.samples import SAMPLES
from clinic.notifications.writing.template_service import CHANNELS, TemplateKey, template_service
from clinic.notifications.writing.trial_mails import test_mail_queue
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info, output

COLUMNS = ["kind", "channel", "language", "is_own", "version", "subject"]


def of_template(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments that name a text."""
    for decorate in (
        click.option("--channel", type=click.Choice(list(CHANNELS)), default="email", show_default=True),
        click.argument("language", type=click.Choice(list(LANGUAGES))),
        click.argument("kind", type=click.Choice(list(KINDS))),
    ):
        command = decorate(command)
    return command


as_reader = click.option(
    "--reader", default="usual", show_default=True, help=f"As whom: {', '.join(SAMPLES)} or the ID of a message."
)


@group.command("templates", needs="templates:write")
@as_json
@with_header
def list_templates(as_json: bool) -> None:
    """List the texts of messages: of each kind, by each channel, in each language."""
    show_rows(TemplateSchema(many=True).dump(template_service.list()), COLUMNS, as_json=as_json)


@group.command("save-template", needs="templates:write")
@of_template
@click.option("--subject", help="The subject; by default as it is.")
@click.option("--file", type=click.File(encoding="utf-8"), help="A file with the text, - for stdin; default: as it is.")
@as_json
def save_template(kind: str, language: str, channel: str, *, as_json: bool, **given: Any) -> None:
    """Save a text of the clinic's own for a KIND of message in a LANGUAGE.

    For example: flask notifications save-template reminder en --file reminder.txt
    """
    used, file = template_service.get(TemplateKey(kind, channel, language)), given["file"]
    subject = used.subject if given["subject"] is None else given["subject"]
    typed = {"subject": subject, "text": file.read() if file else used.text}
    fields = load_options(TemplateForm(kind, only=("subject", "text")), typed)
    saved = template_service.save(used.key, version=None, **fields)
    show_record(TemplateSchema().dump(saved), as_json=as_json)


@group.command("reset-template", needs="templates:write")
@of_template
@as_json
def reset_template(kind: str, language: str, channel: str, as_json: bool) -> None:
    """Use the default text again for a KIND of message in a LANGUAGE."""
    used = template_service.reset(TemplateKey(kind, channel, language), version=None)
    show_record(TemplateSchema().dump(used), as_json=as_json)


@group.command("preview", needs="templates:write")
@of_template
@as_reader
@click.option("--html", is_flag=True, help="Print the HTML instead of the text.")
def preview(kind: str, language: str, channel: str, reader: str, html: bool) -> None:
    """Print a KIND of message in a LANGUAGE as it would be sent."""
    message = _written(TemplateKey(kind, channel, language), reader)
    output(as_html(message) if html else f"Subject: {message.subject}\n\n{as_plain_text(message)}")


@group.command("send-test", needs="templates:write")
@of_template
@as_reader
def send_test(kind: str, language: str, channel: str, reader: str) -> None:
    """Send a KIND of message in a LANGUAGE, marked as a test, to the staff member of --as."""
    email = test_mail_queue.queue(_written(TemplateKey(kind, channel, language), reader))
    info(f"A test is on its way to {email}. A worker sends it: flask worker")


@group.command("switch", needs="templates:write")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("state", type=click.Choice(["on", "off"]))
@as_json
def switch(kind: str, state: str, as_json: bool) -> None:
    """Send a KIND of message, or not any more."""
    found = template_service.switch(kind, enabled=state == "on", version=None)
    show_record(KindSettingSchema().dump(found), as_json=as_json)


def _written(key: TemplateKey, reader: str) -> MessageText:
    return preview_service.write(key, template_service.get(key).written, reader)
