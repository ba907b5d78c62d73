"""JSON endpoints of invoices and payments."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from clinic.billing.schemas.invoice_list import (
    InvoiceFilterSchema,
    InvoiceQuery,
    InvoiceSummarySchema,
    StandingFilterSchema,
)
from clinic.billing.schemas.invoices import DraftSchema, InvoiceSchema
from clinic.billing.schemas.issue import IssueSchema
from clinic.billing.schemas.payments import PaymentListSchema, PaymentSchema, UseCreditSchema
from clinic.billing.service import Invoice, InvoiceSummary, billing_service
from clinic.core.audit import record_listing, record_view
from clinic.web.authorization import requires
from clinic.web.csv_export import csv_lines, csv_response
from clinic.web.idempotency import REPLAYED, sent_key
from clinic.web.json_api import (
    ApiBlueprint,
    ListQuery,
    NothingSchema,
    after_cursor,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import ACTION_HEADERS, CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS, REPLAY_HEADERS

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
    """List invoices, newest first unless sorted otherwise."""
    wanted = {name: value for name, value in query.items() if name not in {"limit", "cursor"} and value is not None}
    scope = [f"{name}={value}" for name, value in sorted(wanted.items())]
    after: Any = after_cursor(query, *scope)
    found = billing_service.list(**wanted, limit=query["limit"], after=after)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    return listed(found, *scope)


@blueprint.get("/summary")
@requires("invoices:read")
@blueprint.problems()
@blueprint.query(InvoiceFilterSchema)
@blueprint.response(200, InvoiceSummarySchema)
def summarize_invoices(query: dict[str, Any]) -> InvoiceSummary:
    """Return how many invoices of a filter there are by standing and by age, and what they come to."""
    return billing_service.summary(**query)


@blueprint.get("/export")
@requires("invoices:read")
@blueprint.problems()
@blueprint.query(StandingFilterSchema)
@blueprint.response(200, content_type="text/csv", description="a header, and a row for each invoice")
def export_invoices(query: dict[str, Any]) -> Response:
    """Export the invoices of a filter as CSV, with their totals."""
    wanted = {name: value for name, value in query.items() if value is not None}
    return csv_response("invoices", csv_lines(billing_service.export_columns(), billing_service.export(**wanted)))


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


@blueprint.patch("/<uuid:invoice_id>")
@requires("invoices:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(DraftSchema)
@blueprint.response(200, InvoiceSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Update a draft, its lines as a whole; 409 if it has been issued."""
    version = expected_version(billing_service.get)
    return single(billing_service.update(invoice_id, version=version, **fields))


@blueprint.delete("/<uuid:invoice_id>")
@requires("invoices:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.response(204)
def delete(invoice_id: UUID) -> None:
    """Delete a draft; 409 if it has been issued."""
    billing_service.delete(invoice_id, version=expected_version(billing_service.get))


@blueprint.post("/<uuid:invoice_id>/duplicate")
@requires("invoices:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(201, InvoiceSchema, headers=CREATED_HEADERS)
def duplicate(_nothing: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Create a draft with the lines of another invoice; the body is empty."""
    invoice = billing_service.duplicate(invoice_id)
    return created(invoice, ".show", invoice_id=invoice.id)


@blueprint.post("/<uuid:invoice_id>/issue")
@requires("invoices:write")
@blueprint.action(InvoiceSchema, 409, body=IssueSchema)
def issue(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Issue a draft invoice: it gets its number, its dates and its particulars.

    409 `invoice-incomplete` has all `reasons` why it can't be issued; 409 `date-not-confirmed` if the date is more than
    a day after that of the newest invoice.
    """
    version = optional_version(billing_service.get)
    return single(billing_service.issue(invoice_id, version=version, **fields))


@blueprint.get("/<uuid:invoice_id>/payments")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.query(ListQuery)
@blueprint.response(200, PaymentListSchema, headers=LIST_HEADERS)
def index_payments(query: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """List the payments of an invoice, newest first."""
    after: Any = after_cursor(query)
    invoice = _get_and_record_view(invoice_id)
    found = billing_service.payments_of(invoice.id, limit=query["limit"], after=after)
    return listed(found)


@blueprint.post("/<uuid:invoice_id>/payments")
@requires("payments:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409)
@blueprint.body(PaymentSchema)
@blueprint.response(201, PaymentSchema, headers=REPLAY_HEADERS)
def pay(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Record a payment; 409 if it is more than is due, unless the rest is kept as credit of the patient."""
    payment = billing_service.record_payment(invoice_id, idempotency_key=sent_key(), **fields)
    return payment, {REPLAYED: "true"} if payment.replayed else {}  # type: ignore[return-value]


@blueprint.post("/<uuid:invoice_id>/use-credit")
@requires("payments:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409)
@blueprint.body(UseCreditSchema, required=False)
@blueprint.response(200, InvoiceSchema, headers=ACTION_HEADERS)
def use_credit(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Pay an invoice with credit of its patient."""
    return single(billing_service.use_credit(invoice_id, **fields))
