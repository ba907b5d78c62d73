"""JSON endpoints of services."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.api.resources import deactivated, list_filters
from clinic.appointments.schemas.resources import ResourceQuery
from clinic.appointments.schemas.services import RetiredServiceSchema, ServiceSchema
from clinic.appointments.service import Service, service_catalogue
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
    "services",
    __name__,
    path="services",
    noun="service",
    description="Services for which patients come",
)


def _get(service_id: UUID) -> Service:
    """Return a service by the argument of its address."""
    return service_catalogue.get(service_id)


handle_stale_version(blueprint, _get, ServiceSchema)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(ResourceQuery)
@blueprint.response(200, list_schema(ServiceSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List services by name."""
    filters, texts = list_filters(query)
    return listed(service_catalogue.list(**filters), *texts)


@blueprint.post("")
@requires("schedule:write")
@blueprint.idempotent()
@blueprint.problems(409)
@blueprint.body(ServiceSchema)
@blueprint.response(201, ServiceSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add a service; 409 if another one has that name."""
    service = service_catalogue.create(**fields)
    return created(service, ".show", service_id=service.id)


@blueprint.get("/<uuid:service_id>")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, ServiceSchema, headers=RECORD_HEADERS)
def show(service_id: UUID) -> ResponseReturnValue:
    """Return a service."""
    return single(service_catalogue.get(service_id))


@blueprint.patch("/<uuid:service_id>")
@requires("schedule:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(ServiceSchema)
@blueprint.response(200, ServiceSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], service_id: UUID) -> ResponseReturnValue:
    """Update a service; what is booked stays as it is."""
    version = expected_version(_get)
    return single(service_catalogue.update(service_id, version=version, **fields))


@blueprint.post("/<uuid:service_id>/deactivate")
@requires("schedule:write")
@blueprint.action(RetiredServiceSchema, body=NothingSchema)
def deactivate(_nothing: dict[str, Any], service_id: UUID) -> ResponseReturnValue:
    """Deactivate a service for new appointments; what is still booked stays, and is listed."""
    version = optional_version(_get)
    service = service_catalogue.deactivate(service_id, version=version)
    return deactivated(service, service_catalogue.upcoming(service_id), RetiredServiceSchema)


@blueprint.post("/<uuid:service_id>/reactivate")
@requires("schedule:write")
@blueprint.action(ServiceSchema, body=NothingSchema)
def reactivate(_nothing: dict[str, Any], service_id: UUID) -> ResponseReturnValue:
    """Make a service bookable again."""
    version = optional_version(_get)
    return single(service_catalogue.reactivate(service_id, version=version))
