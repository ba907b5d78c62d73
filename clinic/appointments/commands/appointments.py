"""The commands `flask appointments …`."""

from collections.abc import Sequence
from typing import Any

import click

from clinic.appointments.commands.booking_options import (
    as_json,
    dumped,
    load_start,
    overbook_option,
    room_option,
    service_option,
    with_ids,
)
from clinic.appointments.rules import BOOKED, CANCEL_REASONS, NEW_STATES
from clinic.appointments.schemas.appointments import (
    BookingSchema,
    CancellationSchema,
    DayQuery,
)
from clinic.appointments.schemas.resources import PractitionerSchema
from clinic.appointments.service import Appointment, appointment_service, practitioner_service
from clinic.core.audit import record_listing
from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info
from clinic.web.template_filters import time as wall_time

COLUMNS = ["starts_at", "ends_at", "status", "patient_id", "practitioner_id", "id"]

group = CommandGroup("appointments", clinic=True, help="Appointments and practitioners.")


@group.command("book", needs="appointments:write")
@click.option("--patient", required=True, metavar="TEXT", help="Number, id or what finds only one.")
@click.option("--practitioner", required=True, metavar="NAME", help="Name or id.")
@click.option("--starts", required=True, metavar="WHEN", help="Clinic time, e.g. '2026-11-23 09:30'.")
@click.option("--minutes", metavar="NUMBER", help="By default the service's first length, or 30.")
@service_option
@room_option
@click.option("--reason", help="Reason of the visit.")
@click.option("--note")
@overbook_option
@click.option("--fold", type=click.Choice(["0", "1"]), default="0", help="1: the second time the clocks show it.")
@click.option(
    "--status",
    type=click.Choice(NEW_STATES),
    default=BOOKED,
    show_default=True,
    help="arrived: the patient is here; fulfilled: the visit is over.",
)
@as_json
def book(status: str, as_json: bool, **options: str | None) -> None:
    """Book an appointment."""
    fields = load_start(BookingSchema(), with_ids(options))
    booked_for = patient_service.choose(fields.pop("patient"))
    appointment = appointment_service.add(status=status, patient_id=booked_for.id, **fields)
    show_record(dumped(appointment), as_json=as_json)
    info(f"Booked for {booked_for.mrn}. To cancel it: flask appointments cancel {appointment.id}")


@group.command("list", needs="appointments:read")
@click.option("--day", metavar="DAY", help="Of this day, YYYY-MM-DD; today unless given.")
@as_json
@with_header
def list_appointments(day: str | None, as_json: bool) -> None:
    """List a day's appointments."""
    chosen = load_options(DayQuery(), {"day": day}).get("day") or today(clinic_service.current().zone)
    found = appointment_service.day(chosen)
    record_listing("appointments", (appointment.patient_id for appointment in found))
    rows = [dumped(appointment) for appointment in found]
    show_rows(rows, COLUMNS, as_json=as_json, table=lambda: _local_rows(found))


@group.command("cancel", needs="appointments:write")
@click.argument("appointment_id", type=click.UUID)
@click.option("--reason", default="other", show_default=True, help=f"One of {', '.join(CANCEL_REASONS)}.")
@click.option("--note")
@as_json
def cancel(appointment_id: Any, as_json: bool, **options: str | None) -> None:
    """Cancel an appointment."""
    appointment = appointment_service.cancel(appointment_id, **load_options(CancellationSchema(), options))
    show_record(dumped(appointment), as_json=as_json)


@group.command("add-practitioner", needs="schedule:write")
@click.option("--name", required=True)
@click.option("--speciality")
@as_json
def add_practitioner(as_json: bool, **options: str | None) -> None:
    """Add a practitioner."""
    practitioner = practitioner_service.create(**load_options(PractitionerSchema(), options))
    show_record(PractitionerSchema().dump(practitioner), as_json=as_json)


@group.command("practitioners", needs="appointments:read")
@as_json
@with_header
def practitioners(as_json: bool) -> None:
    """List the practitioners."""
    rows = PractitionerSchema(many=True).dump(practitioner_service.active())
    show_rows(rows, ["name", "speciality", "id"], as_json=as_json)


def _local_rows(appointments: Sequence[Appointment]) -> list[dict[str, Any]]:
    """Return what a table on a terminal shows: times of the clinic, and names if the actor may see them."""
    zone = clinic_service.current().zone
    named = current_actor().has_permission("patients:read")
    patients = patient_service.get_many(appointment.patient_id for appointment in appointments)
    practitioners = practitioner_service.of(appointments)
    return [
        {
            "time": f"{wall_time(one.starts_at, zone)}–{wall_time(one.ends_at, zone)}",
            "status": one.status,
            "patient": patients[one.patient_id].full_name if named else patients[one.patient_id].mrn,
            "with": practitioners[one.practitioner_id].name,
            "id": str(one.id),
        }
        for one in appointments
    ]
