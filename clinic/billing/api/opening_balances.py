"""JSON endpoints of opening balances."""

from typing import Any
from uuid import UUID

from flask import url_for
from flask.typing import ResponseReturnValue

from clinic.billing.schemas.corrections import ReasonSchema
from clinic.billing.schemas.opening_balances import OpeningBalanceListSchema, OpeningBalanceSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint
from clinic.web.openapi import REPLAY_HEADERS

blueprint = ApiBlueprint(
    "opening_balances",
    __name__,
    path="",
    noun="opening_balance",
    description="What patients owed, or had as credit, before the clinic worked with the program",
)


@blueprint.get("/patients/<uuid:patient_id>/opening-balances")
@requires("invoices:read")
@blueprint.problems(404, 410)
@blueprint.response(200, OpeningBalanceListSchema)
def index_opening_balances(patient_id: UUID) -> Any:
    """List the opening balances of a patient, the latest first: one, and those that were reversed."""
    found = billing_service.opening_balances(patient_id)
    record_view("patients", patient_id, patient_id)
    return {"data": found, "next_cursor": None}


@blueprint.post("/patients/<uuid:patient_id>/opening-balances")
@requires("credits:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409, 410)
@blueprint.body(OpeningBalanceSchema)
@blueprint.response(201, OpeningBalanceSchema, headers=REPLAY_HEADERS)
def create(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Enter what a patient owed, or had as credit; 409 if there is one already that was not reversed."""
    entered = billing_service.enter_opening_balance(patient_id, **fields)
    headers = {"Location": url_for(".show", opening_id=entered.id)}
    return entered, headers  # type: ignore[return-value]


@blueprint.get("/opening-balances/<uuid:opening_id>")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.response(200, OpeningBalanceSchema)
def show(opening_id: UUID) -> Any:
    """Return an opening balance."""
    found = billing_service.get_opening_balance(opening_id)
    record_view("patients", found.patient_id, found.patient_id)
    return found


@blueprint.post("/opening-balances/<uuid:opening_id>/reverse")
@requires("credits:write")
@blueprint.idempotent(required=True)
@blueprint.problems(404, 409)
@blueprint.body(ReasonSchema)
@blueprint.response(200, OpeningBalanceSchema, headers=REPLAY_HEADERS)
def reverse(fields: dict[str, Any], opening_id: UUID) -> Any:
    """Reverse an opening balance that is wrong: what paid it is credit again, what it paid is owed again."""
    return billing_service.reverse_opening_balance(opening_id, **fields)
