"""The commands `flask appointments …` that move an appointment to another time or state, or change its notes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import click

from clinic.appointments.commands.appointments import group
from clinic.appointments.commands.booking_options import (
    as_json,
    dumped,
    load_start,
    overbook_option,
    room_option,
    service_option,
    with_ids,
)
from clinic.appointments.schemas.appointments import HappenedSchema, MoveForm, NotesSchema
from clinic.appointments.service import Appointment, appointment_service
from clinic.web.cli import load_options, show_record
from clinic.web.cli_output import info

appointment = click.argument("appointment_id", type=click.UUID)
happened_option = click.option(
    "--happened-at", metavar="TIME", help="When it happened, e.g. 2026-11-23T09:30:00+01:00; now unless given."
)


@group.command("move", needs="appointments:write")
@appointment
@click.option("--starts", required=True, metavar="WHEN", help="Clinic time, e.g. '2026-11-23 09:30'.")
@click.option("--minutes", metavar="NUMBER", help="New length; by default that of a given service, else as before.")
@click.option("--practitioner", metavar="NAME", help="Name or id.")
@service_option
@room_option
@overbook_option
@click.option("--fold", type=click.Choice(["0", "1"]), default="0", help="1: the second time the clocks show it.")
@as_json
def move(appointment_id: UUID, as_json: bool, **options: str | None) -> None:
    """Move an appointment; what is not given stays as it is."""
    fields = load_start(MoveForm(), with_ids(options))
    if minutes := fields.pop("minutes", None):
        fields["ends_at"] = fields["starts_at"] + timedelta(minutes=minutes)
    _show(appointment_service.reschedule(appointment_id, **fields), as_json)


@group.command("edit", needs="appointments:write")
@appointment
@click.option("--reason", metavar="TEXT", help="Reason of the visit; an empty text for none.")
@click.option("--note", metavar="TEXT", help="An empty text for none.")
@as_json
def edit(appointment_id: UUID, as_json: bool, **options: str | None) -> None:
    """Change the reason of the visit or the note."""
    changed = appointment_service.update(appointment_id, **load_options(NotesSchema(), options))
    show_record(dumped(changed), as_json=as_json)


@group.command("arrive", needs="appointments:write")
@appointment
@happened_option
@as_json
def arrive(appointment_id: UUID, as_json: bool, **options: str | None) -> None:
    """Record that the patient has arrived."""
    _show(appointment_service.arrive(appointment_id, **_happened(options)), as_json)


@group.command("check-in", needs="appointments:write")
@appointment
@happened_option
@as_json
def check_in(appointment_id: UUID, as_json: bool, **options: str | None) -> None:
    """Record that the visit has begun."""
    _show(appointment_service.check_in(appointment_id, **_happened(options)), as_json)


@group.command("fulfil", needs="appointments:write")
@appointment
@happened_option
@as_json
def fulfil(appointment_id: UUID, as_json: bool, **options: str | None) -> None:
    """Record that the visit has taken place."""
    _show(appointment_service.fulfil(appointment_id, **_happened(options)), as_json)


@group.command("no-show", needs="appointments:write")
@appointment
@happened_option
@as_json
def no_show(appointment_id: UUID, as_json: bool, **options: str | None) -> None:
    """Record that the patient did not come; only after the start."""
    _show(appointment_service.mark_no_show(appointment_id, **_happened(options)), as_json)


@group.command("confirm", needs="appointments:write")
@appointment
@click.option("--withdraw", is_flag=True, help="The patient has not said so.")
@as_json
def confirm(appointment_id: UUID, withdraw: bool, as_json: bool) -> None:
    """Record that the patient said that they come."""
    record = appointment_service.withdraw_confirmation if withdraw else appointment_service.confirm
    show_record(dumped(record(appointment_id)), as_json=as_json)


@group.command("undo", needs="appointments:write")
@appointment
@as_json
def undo(appointment_id: UUID, as_json: bool) -> None:
    """Take back the last change of an appointment."""
    _show(appointment_service.undo(appointment_id), as_json)


def _happened(options: dict[str, str | None]) -> dict[str, Any]:
    return load_options(HappenedSchema(), options)


def _show(changed: Appointment, as_json: bool) -> None:
    show_record(dumped(changed), as_json=as_json)
    info(f"To take it back: flask appointments undo {changed.id}")
