"""The page of an invoice."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.invoice_page import invoice_page
from clinic.web.authorization import requires
from clinic.web.fields import quantity_text
from clinic.web.forms import initial_form

blueprint.add_app_template_filter(quantity_text, "quantity")


@blueprint.get("/<uuid:invoice_id>")
@requires("invoices:read")
def show(invoice_id: UUID) -> ResponseReturnValue:
    """Show an invoice, with the form to issue it or to take a payment."""
    return invoice_page(invoice_id, initial_form())
