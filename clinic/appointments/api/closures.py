"""JSON endpoints of closures."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.api.hours import previewed
from clinic.appointments.schemas.hours import PreviewSchema
from clinic.appointments.schemas.planned import ClosureChange, ClosureSchema, PlannedQuery
from clinic.appointments.service import Closure, closure_service
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
    "closures",
    __name__,
    path="closures",
    noun="closure",
    description="Days when the clinic or one of its rooms is closed",
)


def _get(closure_id: UUID) -> Closure:
    return closure_service.get(closure_id)


handle_stale_version(blueprint, _get, ClosureSchema)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(PlannedQuery)
@blueprint.response(200, list_schema(ClosureSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List closures by their first day."""
    filters = {name: value for name, value in query.items() if name not in {"limit", "cursor"} and value is not None}
    texts = sorted(f"{name}={value}" for name, value in filters.items())
    after: Any = after_cursor(query, *texts)
    return listed(closure_service.list(**filters, limit=query["limit"], after=after), *texts)


@blueprint.post("")
@requires("schedule:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(ClosureChange)
@blueprint.response(201, ClosureSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add a closure; appointments stay as booked, except those that `appointments` moves or cancels."""
    closure = closure_service.create(**fields)
    return created(closure, ".show", closure_id=closure.id)


@blueprint.post("/preview")
@requires("schedule:write")
@blueprint.problems()
@blueprint.body(ClosureSchema)
@blueprint.response(200, PreviewSchema)
def preview(fields: dict[str, Any]) -> ResponseReturnValue:
    """Return the booked appointments that such a closure would leave outside; nothing is changed."""
    return previewed(closure_service.preview(None, fields))


@blueprint.get("/<uuid:closure_id>")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, ClosureSchema, headers=RECORD_HEADERS)
def show(closure_id: UUID) -> ResponseReturnValue:
    """Return a closure."""
    return single(_get(closure_id))


@blueprint.patch("/<uuid:closure_id>")
@requires("schedule:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(ClosureChange)
@blueprint.response(200, ClosureSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], closure_id: UUID) -> ResponseReturnValue:
    """Change a closure; `null` for both times is the whole day."""
    version = expected_version(_get)
    return single(closure_service.update(closure_id, version=version, **fields))


@blueprint.delete("/<uuid:closure_id>")
@requires("schedule:write")
@blueprint.problems(404)
@blueprint.versioned(required=True)
@blueprint.response(204)
def delete(closure_id: UUID) -> None:
    """Delete a closure."""
    closure_service.delete(closure_id, version=expected_version(_get))
