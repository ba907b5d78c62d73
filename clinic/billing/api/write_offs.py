"""JSON endpoints of write-offs."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.billing.api.invoices import blueprint as invoices
from clinic.billing.schemas.corrections import ReasonSchema, WriteOffListSchema, WriteOffSchema
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, optional_version, single
from clinic.web.openapi import ACTION_HEADERS, REPLAY_HEADERS

blueprint = ApiBlueprint(
    "write_offs", __name__, path="write-offs", noun="write_off", description="What is written off of invoices"
)


@invoices.post("/<uuid:invoice_id>/write-off")
@requires("credits:write")
@invoices.idempotent(required=True)
@invoices.problems(404, 409)
@invoices.versioned()
@invoices.body(ReasonSchema)
@invoices.response(200, InvoiceSchema, headers=ACTION_HEADERS)
def write_off(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Write off what is due of an invoice, with `If-Match` only of the version that it names."""
    version = optional_version(billing_service.get)
    return single(billing_service.write_off(invoice_id, version=version, **fields))


@invoices.get("/<uuid:invoice_id>/write-offs")
@requires("invoices:read")
@invoices.problems(404)
@invoices.response(200, WriteOffListSchema)
def index_write_offs(invoice_id: UUID) -> Any:
    """List what was written off of an invoice, and what undoes that, the first one first."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return {"data": billing_service.write_offs_of(invoice_id), "next_cursor": None}


@blueprint.post("/<uuid:write_off_id>/undo")
@requires("credits:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409)
@blueprint.body(ReasonSchema)
@blueprint.response(201, WriteOffSchema, headers=REPLAY_HEADERS)
def undo(fields: dict[str, Any], write_off_id: UUID) -> Any:
    """Undo a write-off that was a mistake: both rows stay, and what it wrote off is due again."""
    return billing_service.undo_write_off(write_off_id, **fields)
