"""`flask notifications settings`."""

from typing import Any
from uuid import UUID

import click

from clinic.appointments.service import service_catalogue
from clinic.notifications.commands.group import as_json, group
from clinic.notifications.schemas.settings import SettingsPatch, SettingsSchema
from clinic.notifications.settings import settings_service
from clinic.web.cli import load_options, show_record

_YES_NO = click.Choice(["yes", "no"])


@group.command("settings", needs="clinic:write")
@click.option(
    "--reminders", "reminder_offsets", metavar="TIMES", help='Before a visit, e.g. "2 days, 3 hours"; or none.'
)
@click.option(
    "--service", "services", type=(str, str), multiple=True, metavar="NAME TIMES", help="Its own; empty as the clinic."
)
@click.option(
    "--payment-reminders", "payment_reminder_days", metavar="DAYS", help='After the due date, e.g. "7, 21"; or none.'
)
@click.option("--quiet", type=_YES_NO, help="Whether reminders wait for the end of quiet hours.")
@click.option("--quiet-from", metavar="TIME", help="Clinic time, e.g. 21:00.")
@click.option("--quiet-until", metavar="TIME", help="Clinic time, e.g. 08:00.")
@click.option("--grace-seconds", metavar="SECONDS", help="How long messages wait for an undo; empty for the default.")
@as_json
def settings(as_json: bool, services: tuple[tuple[str, str], ...], **options: str | None) -> None:
    """Show when a clinic reminds its patients and is quiet, after changing what is given.

    For example: flask notifications settings --reminders "2 days, 3 hours"
    """
    ticked = {"quiet": "1" if options["quiet"] == "yes" else ""} if options["quiet"] else {}
    own: dict[str, Any] = {str(_service_id(name)): times for name, times in services}
    given = options | ticked | ({"service_reminders": own} if own else {})
    fields = load_options(SettingsPatch(), given)
    found = settings_service.update(version=None, **fields) if fields else settings_service.get()
    show_record(SettingsSchema().dump(found), as_json=as_json)


def _service_id(name: str) -> UUID:
    return service_catalogue.identify(name).id
