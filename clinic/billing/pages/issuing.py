"""Pages of issuing a draft and of printing an invoice."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.invoice_page import invoice_page, print_page
from clinic.billing.schemas.issue import IssueForm
from clinic.billing.service import DateNotConfirmed, billing_service
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.web.authorization import requires
from clinic.web.forms import load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent


@blueprint.route("/<uuid:invoice_id>/issue", methods=["GET", "POST"])
@requires("invoices:write")
@posted_from(".show", "invoice_id")
@idempotent
def issue(invoice_id: UUID) -> ResponseReturnValue:
    """Give a draft its number and date."""
    form = load_form(IssueForm())
    if form.errors:
        return invoice_page(invoice_id, form), 422
    try:
        invoice = billing_service.issue(invoice_id, version=sent_version(), **form.data)
    except DateNotConfirmed as error:
        return refuse(invoice_page(invoice_id, form.reject(error, "confirm_date")), error)
    except (InvalidInput, Conflict, StaleVersion) as error:
        return refuse(invoice_page(invoice_id, form.reject(error)), error)
    flash(f"Issued as {invoice.number}")
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.get("/<uuid:invoice_id>/print")
@requires("invoices:read")
def print_invoice(invoice_id: UUID) -> ResponseReturnValue:
    """Show an invoice as it is printed, and nothing else."""
    return print_page(invoice_id)
