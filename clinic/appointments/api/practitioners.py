"""JSON endpoints of practitioners."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.api.resources import deactivated, list_filters
from clinic.appointments.schemas.resources import DeactivatedPractitionerSchema, PractitionerSchema, ResourceQuery
from clinic.appointments.service import Practitioner, practitioner_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    NothingSchema,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "practitioners",
    __name__,
    path="practitioners",
    noun="practitioner",
    description="Practitioners with whom appointments are booked",
)


def _get(practitioner_id: UUID) -> Practitioner:
    """Return a practitioner by the argument of its address."""
    return practitioner_service.get(practitioner_id)


handle_stale_version(blueprint, _get, PractitionerSchema)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(ResourceQuery)
@blueprint.response(200, list_schema(PractitionerSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List practitioners by name."""
    filters, texts = list_filters(query)
    return listed(practitioner_service.list(**filters), *texts)


@blueprint.post("")
@requires("schedule:write")
@blueprint.idempotent()
@blueprint.problems(409)
@blueprint.body(PractitionerSchema)
@blueprint.response(201, PractitionerSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add a practitioner; 409 if the staff member is linked to another one."""
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


@blueprint.patch("/<uuid:practitioner_id>")
@requires("schedule:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(PractitionerSchema)
@blueprint.response(200, PractitionerSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], practitioner_id: UUID) -> ResponseReturnValue:
    """Update a practitioner; what is booked stays as it is."""
    version = expected_version(_get)
    return single(practitioner_service.update(practitioner_id, version=version, **fields))


@blueprint.post("/<uuid:practitioner_id>/deactivate")
@requires("schedule:write")
@blueprint.action(DeactivatedPractitionerSchema, body=NothingSchema)
def deactivate(_nothing: dict[str, Any], practitioner_id: UUID) -> ResponseReturnValue:
    """Deactivate a practitioner for new appointments; what is still booked stays, and is listed."""
    version = optional_version(_get)
    practitioner = practitioner_service.deactivate(practitioner_id, version=version)
    return deactivated(practitioner, practitioner_service.upcoming(practitioner_id), DeactivatedPractitionerSchema)


@blueprint.post("/<uuid:practitioner_id>/reactivate")
@requires("schedule:write")
@blueprint.action(PractitionerSchema, body=NothingSchema)
def reactivate(_nothing: dict[str, Any], practitioner_id: UUID) -> ResponseReturnValue:
    """Make a practitioner bookable again."""
    version = optional_version(_get)
    return single(practitioner_service.reactivate(practitioner_id, version=version))
