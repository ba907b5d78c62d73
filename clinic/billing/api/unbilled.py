"""JSON endpoints of visits that are not billed yet."""

from typing import Any

from flask.typing import ResponseReturnValue

from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.schemas.unbilled import UnbilledQuery, UnbilledVisitSchema, VisitsSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_listing
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, after_cursor, created, list_schema, listed
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS

FILTERS = ("patient_id", "practitioner_id", "service_id", "since", "until")

blueprint = ApiBlueprint(
    "unbilled_visits",
    __name__,
    path="unbilled-visits",
    noun="unbilled_visit",
    description="Visits that took place and are on no invoice or draft",
)


@blueprint.get("")
@requires("invoices:write")
@blueprint.problems()
@blueprint.query(UnbilledQuery)
@blueprint.response(200, list_schema(UnbilledVisitSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List the visits that are not billed yet, the latest first."""
    wanted: Any = {name: query.get(name) for name in FILTERS}
    filters = [str(value or "") for value in wanted.values()]
    after: Any = after_cursor(query, *filters)
    found = billing_service.unbilled(**wanted, limit=query["limit"], after=after)
    record_listing("appointments", (visit.patient_id for visit in found.rows))
    return listed(found, *filters)


@blueprint.post("/invoice")
@requires("invoices:write")
@blueprint.idempotent()
@blueprint.problems(409)
@blueprint.body(VisitsSchema)
@blueprint.response(201, InvoiceSchema, headers=CREATED_HEADERS)
def bill(fields: dict[str, Any]) -> ResponseReturnValue:
    """Create one draft for visits of one patient, at today's prices; 409 if one of them is billed already."""
    invoice = billing_service.create_for_visits(**fields)
    return created(invoice, "api_billing.show", invoice_id=invoice.id)
