"""JSON endpoints of calls to patients whom no message reached."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.notifications.calls import call_service
from clinic.notifications.schemas.calls import CallSchema, CallsSchema, RecordedCallSchema
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint

blueprint = ApiBlueprint(
    "calls",
    __name__,
    path="calls",
    noun="call",
    description="Calls to patients whom no message reached",
)


@blueprint.get("")
@requires("notifications:read")
@blueprint.problems()
@blueprint.response(200, CallsSchema)
def index() -> ResponseReturnValue:
    """List the calls to be made, the earliest visit first."""
    found = call_service.list()
    record_listing("notifications", (one.patient.id for one in found))
    return {"data": found}


@blueprint.post("/<uuid:appointment_id>/results")
@requires("notifications:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.body(RecordedCallSchema)
@blueprint.response(201, CallSchema)
def record_result(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Record how a call about an appointment went."""
    return call_service.record(appointment_id, **fields)  # type: ignore[return-value]
