"""JSON endpoints of invoices and payments."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.billing.schemas import InvoiceQuery, InvoiceSchema, PaymentSchema
from clinic.billing.service import Invoice, billing_service
from clinic.core.audit import record_listing, record_view
from clinic.web.authorization import requires
from clinic.web.idempotency import REPLAYED, sent_key
from clinic.web.json_api import (
    ApiBlueprint,
    ListQuery,
    NothingSchema,
    after_cursor,
    created,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS, REPLAY_HEADERS

blueprint = ApiBlueprint(
    "billing", __name__, path="invoices", noun="invoice", description="Invoices and their payments"
)


def _get_and_record_view(invoice_id: UUID) -> Invoice:
    """Return an invoice, and record the view in the audit trail."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return invoice


handle_stale_version(blueprint, _get_and_record_view, InvoiceSchema)


@blueprint.get("")
@requires("invoices:read")
@blueprint.problems()
@blueprint.query(InvoiceQuery)
@blueprint.response(200, list_schema(InvoiceSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List invoices, newest first."""
    wanted = {name: query.get(name) for name in ("status", "patient_id", "appointment_id")}
    filters = [str(value or "") for value in wanted.values()]
    after: Any = after_cursor(query, *filters)
    found = billing_service.list(**wanted, limit=query["limit"], after=after)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    return listed(found, *filters)


@blueprint.post("")
@requires("invoices:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(InvoiceSchema)
@blueprint.response(201, InvoiceSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Create a draft invoice."""
    invoice = billing_service.create(**fields)
    return created(invoice, ".show", invoice_id=invoice.id)


@blueprint.get("/<uuid:invoice_id>")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, InvoiceSchema, headers=RECORD_HEADERS)
def show(invoice_id: UUID) -> ResponseReturnValue:
    """Return an invoice."""
    return single(_get_and_record_view(invoice_id))


@blueprint.post("/<uuid:invoice_id>/issue")
@requires("invoices:write")
@blueprint.action(InvoiceSchema, 409, body=NothingSchema)
def issue(_nothing: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Issue a draft invoice: it gets its number and date. The body is empty."""
    version = optional_version(billing_service.get)
    return single(billing_service.issue(invoice_id, version=version))


@blueprint.get("/<uuid:invoice_id>/payments")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.query(ListQuery)
@blueprint.response(200, list_schema(PaymentSchema), headers=LIST_HEADERS)
def index_payments(query: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """List the payments of an invoice, newest first."""
    after: Any = after_cursor(query)
    found = billing_service.payments_of(_get_and_record_view(invoice_id).id, limit=query["limit"], after=after)
    return listed(found)


@blueprint.post("/<uuid:invoice_id>/payments")
@requires("payments:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409)
@blueprint.body(PaymentSchema)
@blueprint.response(201, PaymentSchema, headers=REPLAY_HEADERS)
def pay(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Record a payment."""
    payment = billing_service.record_payment(invoice_id, idempotency_key=sent_key(), **fields)
    return payment, {REPLAYED: "true"} if payment.replayed else {}  # type: ignore[return-value]
