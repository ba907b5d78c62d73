"""JSON endpoints of payments for several invoices, of deposits and of what payments are used for."""

from typing import Any
from uuid import UUID

from flask import url_for
from flask.typing import ResponseReturnValue

from clinic.billing.schemas.corrections import ReasonSchema, RefundListSchema, RefundSchema
from clinic.billing.schemas.payments import NewPaymentSchema, PaymentListSchema, PaymentSchema, PaymentsQuery
from clinic.billing.service import billing_service
from clinic.core.audit import record_listing, record_view
from clinic.web.authorization import requires
from clinic.web.idempotency import REPLAYED, sent_key
from clinic.web.json_api import ApiBlueprint, after_cursor, listed
from clinic.web.openapi import LIST_HEADERS, REPLAY_HEADERS

blueprint = ApiBlueprint(
    "payments", __name__, path="payments", noun="payment", description="Payments, and the invoices that they pay"
)


@blueprint.get("")
@requires("invoices:read")
@blueprint.problems()
@blueprint.query(PaymentsQuery)
@blueprint.response(200, PaymentListSchema, headers=LIST_HEADERS)
def index_all_payments(query: dict[str, Any]) -> ResponseReturnValue:
    """List payments, the newest first."""
    filters = [str(query.get(name) or "") for name in ("patient_id", "with_credit")]
    after: Any = after_cursor(query, *filters)
    found = billing_service.payments(
        patient_id=query.get("patient_id"), with_credit="with_credit" in query, limit=query["limit"], after=after
    )
    record_listing("payments", (payment.patient_id for payment in found.rows))
    return listed(found, *filters)


@blueprint.post("")
@requires("payments:write")
@blueprint.idempotent(required=True)
@blueprint.problems(409)
@blueprint.body(NewPaymentSchema)
@blueprint.response(201, PaymentSchema, headers=REPLAY_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Record a payment of a patient for several invoices; 409 if some is left, unless it is kept as credit."""
    payment = billing_service.take_payment(**fields, idempotency_key=sent_key())
    headers = {"Location": url_for(".show", payment_id=payment.id)} | ({REPLAYED: "true"} if payment.replayed else {})
    return payment, headers  # type: ignore[return-value]


@blueprint.get("/<uuid:payment_id>")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.response(200, PaymentSchema)
def show(payment_id: UUID) -> Any:
    """Return a payment with what it is used for."""
    payment = billing_service.get_payment(payment_id)
    record_view("payments", payment.id, payment.patient_id)
    return payment


@blueprint.post("/<uuid:payment_id>/reverse")
@requires("payments:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409)
@blueprint.body(ReasonSchema)
@blueprint.response(200, PaymentSchema, headers=REPLAY_HEADERS)
def reverse(fields: dict[str, Any], payment_id: UUID) -> Any:
    """Reverse a payment that was entered by mistake: the invoices that it paid are open again."""
    return billing_service.reverse_payment(payment_id, **fields)


@blueprint.get("/<uuid:payment_id>/refunds")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.response(200, RefundListSchema)
def index_refunds(payment_id: UUID) -> Any:
    """List the refunds of a payment, the first one first."""
    payment = billing_service.get_payment(payment_id)
    record_view("payments", payment.id, payment.patient_id)
    return {"data": billing_service.refunds_of(payment.id), "next_cursor": None}


@blueprint.post("/<uuid:payment_id>/refunds")
@requires("refunds:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409)
@blueprint.body(RefundSchema)
@blueprint.response(201, RefundSchema, headers=REPLAY_HEADERS)
def refund(fields: dict[str, Any], payment_id: UUID) -> Any:
    """Give money of a payment back: first its credit, then what invoices were paid with; 409 if less is left."""
    return billing_service.refund_payment(payment_id, **fields)
