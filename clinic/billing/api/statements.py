"""JSON endpoints of the accounts of patients."""

from typing import Any
from uuid import UUID

from clinic.billing.schemas.statements import StatementQuery, StatementSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint

blueprint = ApiBlueprint(
    "accounts", __name__, path="patients", noun="account", description="What patients were charged, and what they paid"
)


@blueprint.get("/<uuid:patient_id>/statement")
@requires("invoices:read")
@blueprint.problems(404, 410)
@blueprint.query(StatementQuery)
@blueprint.response(200, StatementSchema)
def show_statement(query: dict[str, Any], patient_id: UUID) -> Any:
    """Return the statement of a patient's account: entries with the balance after each, and what is due today."""
    statement = billing_service.statement(patient_id, **query)
    record_view("patients", patient_id, patient_id)
    return statement
