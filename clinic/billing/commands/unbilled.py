"""The commands of visits that are not billed yet."""

from uuid import UUID

import click

from clinic.billing.commands.group import group
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.schemas.unbilled import UnbilledQuery, UnbilledVisitSchema, VisitsSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_listing
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["starts_at", "patient_id", "service_id", "price", "appointment_id"]
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@group.command("unbilled", needs="invoices:write")
@click.option("--patient", metavar="TEXT", help="Only of this patient: number, id or what finds only one.")
@click.option("--practitioner", metavar="ID", help="Only with this practitioner.")
@click.option("--service", metavar="ID", help="Only for this service.")
@click.option("--since", metavar="DATE", help="Only from this day on.")
@click.option("--until", metavar="DATE", help="Only up to this day.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def unbilled(patient: str | None, limit: int, as_json: bool, **options: str | None) -> None:
    """List the visits that took place and are on no invoice or draft, the latest first."""
    patient_id: UUID | None = patient_service.choose(patient).id if patient else None
    given = {"practitioner_id": options.pop("practitioner"), "service_id": options.pop("service"), **options}
    filters = load_options(UnbilledQuery(only=[*given]), given)
    found = billing_service.unbilled(patient_id=patient_id, limit=limit, **filters)
    record_listing("appointments", (visit.patient_id for visit in found.rows))
    show_rows(UnbilledVisitSchema(many=True).dump(found.rows), COLUMNS, as_json=as_json)


@group.command("bill", needs="invoices:write")
@click.argument("appointment_ids", nargs=-1, required=True, metavar="APPOINTMENT_ID...")
@as_json
def bill(appointment_ids: tuple[str, ...], as_json: bool) -> None:
    """Make one draft for visits of one patient, with the items of their services at today's prices."""
    fields = load_options(VisitsSchema(), {"appointment_ids": list(appointment_ids)})
    invoice = billing_service.create_for_visits(**fields)
    show_record(InvoiceSchema().dump(invoice), as_json=as_json)
    info(f"Drafted. Next: flask billing issue {invoice.id}")
