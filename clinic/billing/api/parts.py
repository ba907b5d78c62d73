"""JSON endpoints of parts of invoices that are billed to somebody else."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.billing.api.invoices import blueprint
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.schemas.parts import PartListSchema, SplitSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.web.authorization import requires
from clinic.web.json_api import created, optional_version
from clinic.web.openapi import CREATED_HEADERS


@blueprint.get("/<uuid:invoice_id>/parts")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.response(200, PartListSchema)
def index_parts(invoice_id: UUID) -> Any:
    """List the parts of an invoice that are billed to somebody else, the first one first."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return {"data": billing_service.part_links(invoice).parts, "next_cursor": None}


@blueprint.post("/<uuid:invoice_id>/parts")
@requires("invoices:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.versioned()
@blueprint.body(SplitSchema)
@blueprint.response(201, InvoiceSchema, headers=CREATED_HEADERS)
def split(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Split a part off a draft, as a draft for another payer; the lines of the first are lowered by it.

    With `If-Match` only of the version of the draft that it names.
    """
    part = billing_service.split(invoice_id, version=optional_version(billing_service.get), **fields)
    return created(part, ".show", invoice_id=part.id)
