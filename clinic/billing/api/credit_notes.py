"""JSON endpoints of credit notes."""

from typing import Any
from uuid import UUID

from flask import url_for
from flask.typing import ResponseReturnValue

from clinic.billing.api.invoices import blueprint as invoices
from clinic.billing.schemas.corrections import CreditNoteListSchema, CreditNoteSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, optional_version
from clinic.web.openapi import REPLAY_HEADERS

blueprint = ApiBlueprint(
    "credit_notes", __name__, path="credit-notes", noun="credit_note", description="Credit notes of invoices"
)


@blueprint.get("/<uuid:credit_note_id>")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.response(200, CreditNoteSchema)
def show(credit_note_id: UUID) -> Any:
    """Return a credit note."""
    credit_note = billing_service.get_credit_note(credit_note_id)
    record_view("credit_notes", credit_note.id, credit_note.patient_id)
    return credit_note


@invoices.get("/<uuid:invoice_id>/credit-notes")
@requires("invoices:read")
@invoices.problems(404)
@invoices.response(200, CreditNoteListSchema)
def index_credit_notes(invoice_id: UUID) -> Any:
    """List the credit notes of an invoice, the first one first."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return {"data": billing_service.credit_notes_of(invoice_id), "next_cursor": None}


@invoices.post("/<uuid:invoice_id>/credit-notes")
@requires("credits:write")
@invoices.idempotent(required=True)
@invoices.problems(404, 409)
@invoices.versioned()
@invoices.body(CreditNoteSchema)
@invoices.response(201, CreditNoteSchema, headers=REPLAY_HEADERS)
def credit(fields: dict[str, Any], invoice_id: UUID) -> ResponseReturnValue:
    """Issue a credit note over lines of an invoice, or over all that is not credited yet.

    With `If-Match` only of the version of the invoice that it names.
    """
    version = optional_version(billing_service.get)
    credit_note = billing_service.credit_invoice(invoice_id, version=version, **fields)
    location = url_for("api_credit_notes.show", credit_note_id=credit_note.id)
    return credit_note, {"Location": location}  # type: ignore[return-value]
