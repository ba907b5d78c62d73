"""The receipts of payments and refunds, which are printed as they are."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.letterhead import current_letterhead
from clinic.billing.particulars import person_particulars
from clinic.billing.rules import REFUND_REASONS
from clinic.billing.service import billing_service, default_payer, payer_choices
from clinic.core.audit import record_view
from clinic.core.clock import now
from clinic.web.authorization import requires


@blueprint.get("/payments/<uuid:payment_id>/receipt")
@requires("invoices:read")
def receipt(payment_id: UUID) -> ResponseReturnValue:
    """Show the receipt of a payment: what it is used for, what is still due of that, what is kept as credit."""
    found = billing_service.receipt(payment_id)
    record_view("payments", payment_id, found.patient.id)
    payer = found.payer
    if payer is None and (choice := default_payer(payer_choices(found.patient))):
        payer = person_particulars(choice)
    return render_template(
        "billing/receipt.html",
        receipt=found,
        payment=found.payment,
        patient=found.patient,
        payer=payer,
        letterhead=current_letterhead(),
        reasons=REFUND_REASONS,
        made_at=now(),
    )


@blueprint.get("/refunds/<uuid:refund_id>/receipt")
@requires("invoices:read")
def refund_receipt(refund_id: UUID) -> ResponseReturnValue:
    """Show the receipt of a refund: the amount, its payment, the method and the reason."""
    found = billing_service.receipt_of_refund(refund_id)
    record_view("refunds", refund_id, found.patient.id)
    choice = default_payer(payer_choices(found.patient))
    return render_template(
        "billing/refund_receipt.html",
        receipt=found,
        refund=found.refund,
        payment=found.refund.payment,
        patient=found.patient,
        payer=person_particulars(choice) if choice else None,
        letterhead=current_letterhead(),
        reasons=REFUND_REASONS,
    )
