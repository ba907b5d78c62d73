"""JSON endpoints of practitioners."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.schemas.resources import PractitionerSchema
from clinic.appointments.service import practitioner_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, ListQuery, after_cursor, created, list_schema, listed, single
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "practitioners",
    __name__,
    path="practitioners",
    noun="practitioner",
    description="Practitioners with whom appointments are booked",
)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(ListQuery)
@blueprint.response(200, list_schema(PractitionerSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List practitioners by name."""
    after: Any = after_cursor(query)
    return listed(practitioner_service.list(limit=query["limit"], after=after))


@blueprint.post("")
@requires("schedule:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(PractitionerSchema)
@blueprint.response(201, PractitionerSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add a practitioner."""
    practitioner = practitioner_service.create(**fields)
    return created(practitioner, ".show", practitioner_id=practitioner.id)


@blueprint.get("/<uuid:practitioner_id>")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, PractitionerSchema, headers=RECORD_HEADERS)
def show(practitioner_id: UUID) -> ResponseReturnValue:
    """Return a practitioner."""
    return single(practitioner_service.get(practitioner_id))
