"""JSON endpoints of exceptions from the weekly hours."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.api.hours import previewed
from clinic.appointments.schemas.hours import PreviewSchema
from clinic.appointments.schemas.planned import (
    ExceptionChange,
    HoursExceptionQuery,
    HoursExceptionSchema,
    NewException,
)
from clinic.appointments.service import HoursException, hours_exception_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    after_cursor,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "hours_exceptions",
    __name__,
    path="hours-exceptions",
    noun="hours_exception",
    description="Leave, extra hours and other hours of practitioners",
)


def _get(exception_id: UUID) -> HoursException:
    return hours_exception_service.get(exception_id)


handle_stale_version(blueprint, _get, HoursExceptionSchema)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(HoursExceptionQuery)
@blueprint.response(200, list_schema(HoursExceptionSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List exceptions by their first day."""
    filters = {name: value for name, value in query.items() if name not in {"limit", "cursor"} and value is not None}
    texts = sorted(f"{name}={value}" for name, value in filters.items())
    after: Any = after_cursor(query, *texts)
    return listed(hours_exception_service.list(**filters, limit=query["limit"], after=after), *texts)


@blueprint.post("")
@requires("schedule:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(NewException)
@blueprint.response(201, HoursExceptionSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add an exception; appointments stay as booked, except those that `appointments` moves or cancels."""
    exception = hours_exception_service.create(**fields)
    return created(exception, ".show", exception_id=exception.id)


@blueprint.post("/preview")
@requires("schedule:write")
@blueprint.problems()
@blueprint.body(HoursExceptionSchema)
@blueprint.response(200, PreviewSchema)
def preview(fields: dict[str, Any]) -> ResponseReturnValue:
    """Return the booked appointments that such an exception would leave outside; nothing is changed."""
    return previewed(hours_exception_service.preview(None, fields))


@blueprint.get("/<uuid:exception_id>")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, HoursExceptionSchema, headers=RECORD_HEADERS)
def show(exception_id: UUID) -> ResponseReturnValue:
    """Return an exception."""
    return single(_get(exception_id))


@blueprint.patch("/<uuid:exception_id>")
@requires("schedule:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(ExceptionChange)
@blueprint.response(200, HoursExceptionSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], exception_id: UUID) -> ResponseReturnValue:
    """Change an exception; `null` for both times is the whole day."""
    version = expected_version(_get)
    return single(hours_exception_service.update(exception_id, version=version, **fields))


@blueprint.delete("/<uuid:exception_id>")
@requires("schedule:write")
@blueprint.problems(404)
@blueprint.versioned(required=True)
@blueprint.response(204)
def delete(exception_id: UUID) -> None:
    """Delete an exception."""
    hours_exception_service.delete(exception_id, version=expected_version(_get))
