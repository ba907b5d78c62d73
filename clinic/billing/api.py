"""Invoices and payments as JSON."""

from typing import Any
from uuid import UUID

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from clinic.billing.rules import BAD_KEY, is_idempotency_key
from clinic.billing.schemas import InvoiceQuery, InvoiceSchema, PaymentSchema
from clinic.billing.service import IdempotencyKeyReused, Invoice, billing_service
from clinic.core.audit import record_listing, record_view
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    ListQuery,
    NothingSchema,
    after_cursor,
    created,
    document,
    expected_version,
    list_schema,
    listed,
    single,
    tell_present,
)
from clinic.web.json_parser import raise_invalid
from clinic.web.problem_details import problem

KEY = "Idempotency-Key"
KEY_PARAMETER = {
    "in": "header",
    "name": KEY,
    "required": True,
    "description": "Stands for this payment: sent again, it is taken once",
    "schema": {"type": "string", "minLength": 16, "maxLength": 255},
}

blueprint = ApiBlueprint("billing", __name__, path="invoices", description="What patients are to pay, and have paid")


def _looked_at(invoice_id: UUID) -> Invoice:
    """Return an invoice that is about to be shown, which is noted."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return invoice


tell_present(blueprint, _looked_at, InvoiceSchema)


@blueprint.get("")
@requires("invoices:read")
@document(blueprint, 400, 422)
@blueprint.arguments(InvoiceQuery, location="query")
@blueprint.response(200, list_schema(InvoiceSchema))
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List invoices, the latest made first."""
    status, patient_id = query.get("status"), query.get("patient_id")
    about = (status or "", str(patient_id or ""))
    after: Any = after_cursor(query, *about)
    found = billing_service.list(status=status, patient_id=patient_id, limit=query["limit"], after=after)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    return listed(found, *about)


@blueprint.post("")
@requires("invoices:write")
@document(blueprint, 400, 415, 422)
@blueprint.arguments(InvoiceSchema)
@blueprint.response(201, InvoiceSchema)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Draft an invoice."""
    invoice = billing_service.create(**fields)
    return created(invoice, ".show", invoice_id=invoice.id)


@blueprint.get("/<uuid:invoice_id>")
@requires("invoices:read")
@document(blueprint, 404)
@blueprint.response(200, InvoiceSchema)
def show(invoice_id: UUID) -> ResponseReturnValue:
    """Return an invoice."""
    return single(_looked_at(invoice_id))


@blueprint.post("/<uuid:invoice_id>/issue")
@requires("invoices:write")
@document(blueprint, 400, 404, 409, 412, 415, 422)
@blueprint.arguments(NothingSchema)
@blueprint.response(200, InvoiceSchema)
def issue(_nothing: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Give a draft its number and date; the body is empty, `If-Match` is honoured, but not required."""
    version = expected_version(billing_service.get) if "If-Match" in request.headers else None
    return single(billing_service.issue(invoice_id, version=version))


@blueprint.get("/<uuid:invoice_id>/payments")
@requires("invoices:read")
@document(blueprint, 400, 404, 422)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, list_schema(PaymentSchema))
def payments(query: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """List the payments of an invoice, the latest first."""
    after: Any = after_cursor(query)
    found = billing_service.payments_of(_looked_at(invoice_id).id, limit=query["limit"], after=after)
    return listed(found)


@blueprint.post("/<uuid:invoice_id>/payments")
@requires("payments:write")
@document(blueprint, 400, 404, 409, 415, 422)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(PaymentSchema)
@blueprint.response(201, PaymentSchema)
def pay(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Take a payment; sent again with the same key, it answers the same and takes nothing."""
    payment = billing_service.record_payment(invoice_id, idempotency_key=_sent_key(), **fields)
    return payment, {"Idempotency-Replayed": "true"} if payment.replayed else {}  # type: ignore[return-value]


@blueprint.errorhandler(IdempotencyKeyReused)
def refuse_another_body(error: IdempotencyKeyReused) -> Response:
    """Answer a key that came with another body before: here that is wrong input, as the client chose the key."""
    return problem(422, error.code, error.message)


def _sent_key() -> str:
    """Return the key that stands for this payment.

    :raises HTTPException: 400 without the header, 422 if it is none that could be
    """
    key = request.headers.get(KEY)
    if key is None:
        abort(400, f"Send {KEY} with 16 to 255 characters that stand for this payment, so that it is taken once")
    if not is_idempotency_key(key):
        raise_invalid({KEY: [BAD_KEY]})
    return key
