"""`flask notifications calls` and `record-call`."""

from uuid import UUID

import click

from clinic.core.audit import record_listing
from clinic.notifications.calls import call_service
from clinic.notifications.commands.group import as_json, group
from clinic.notifications.models import RESULTS
from clinic.notifications.schemas.calls import CallSchema, ToCallSchema
from clinic.web.cli import show_record, show_rows, with_header

COLUMNS = ["starts_at", "phone", "reason", "tries", "patient_id", "appointment_id"]


@group.command("calls", needs="notifications:read")
@as_json
@with_header
def calls(as_json: bool) -> None:
    """List the calls to patients whom no message reached, the earliest visit first."""
    found = call_service.list()
    record_listing("notifications", (one.patient.id for one in found))
    show_rows(ToCallSchema(many=True).dump(found), COLUMNS, as_json=as_json)


@group.command("record-call", needs="notifications:write")
@click.argument("appointment_id", metavar="APPOINTMENT", type=click.UUID)
@click.argument("result", type=click.Choice(RESULTS))
@click.option("--note", help="What was said.")
@as_json
def record_call(appointment_id: UUID, result: str, note: str | None, as_json: bool) -> None:
    """Record how a call about an appointment went; who will come has confirmed it."""
    show_record(CallSchema().dump(call_service.record(appointment_id, result=result, note=note)), as_json=as_json)
