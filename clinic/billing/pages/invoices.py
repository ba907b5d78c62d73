"""Pages of invoices and payments."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.invoice_page import invoice_page
from clinic.billing.rules import STATUSES
from clinic.billing.schemas.invoices import InvoiceQuery
from clinic.billing.service import billing_service
from clinic.core.audit import record_listing
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.fields import quantity_text
from clinic.web.forms import initial_form
from clinic.web.list_views import next_url, parse_list_query

PAGE = 20

blueprint.add_app_template_filter(quantity_text, "quantity")


@blueprint.get("")
@requires("invoices:read")
def index() -> ResponseReturnValue:
    """List invoices, the newest first; optionally those of one status or one patient."""
    filters, after = parse_list_query(InvoiceQuery())
    found = billing_service.list(**filters, limit=PAGE, after=after)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    return render_template(
        "billing/index.html",
        found=found,
        filters=filters,
        statuses=STATUSES,
        patients=patient_service.get_many(invoice.patient_id for invoice in found.rows),
        next_url=next_url(found, filters),
    )


@blueprint.get("/<uuid:invoice_id>")
@requires("invoices:read")
def show(invoice_id: UUID) -> ResponseReturnValue:
    """Show an invoice, with the form to issue it or to take a payment."""
    return invoice_page(invoice_id, initial_form())
