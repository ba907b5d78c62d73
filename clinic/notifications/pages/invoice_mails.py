"""Sending an invoice by mail, from its page."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.notifications.invoice_messages import send_invoice
from clinic.notifications.models import SUPPRESSED
from clinic.notifications.pages.blueprint import blueprint
from clinic.web.authorization import requires
from clinic.web.forms import posted_from
from clinic.web.idempotency import idempotent


@blueprint.route("/invoices/<uuid:invoice_id>", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from("billing.show", "invoice_id")
@idempotent
def mail_invoice(invoice_id: UUID) -> ResponseReturnValue:
    """Send an invoice to who pays it, and say so on its page; or why it was not sent."""
    message = send_invoice(invoice_id)
    flash(f"Not sent: {message.reason}" if message.state == SUPPRESSED else "The invoice will be sent by email")
    return redirect(url_for("billing.show", invoice_id=invoice_id), 303)
