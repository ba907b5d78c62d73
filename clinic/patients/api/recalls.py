"""JSON endpoints of recalls."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing, record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.api.changed_records import changed
from clinic.patients.schemas.recalls import RecallQuery, RecallSchema
from clinic.patients.service import Recall, recall_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    NothingSchema,
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
    "recalls",
    __name__,
    path="",
    noun="recall",
    description="When patients are to be seen again, and what for",
)


def _get_and_record_view(recall_id: UUID) -> Recall:
    """Return a recall, and record the view in the audit trail."""
    recall = recall_service.get(recall_id)
    record_view("recalls", recall.id, recall.patient_id)
    return recall


handle_stale_version(blueprint, _get_and_record_view, RecallSchema)


@blueprint.get("/recalls")
@requires("patients:read")
@blueprint.problems()
@blueprint.query(RecallQuery)
@blueprint.response(200, list_schema(RecallSchema), headers=LIST_HEADERS)
def index_recalls(query: dict[str, Any]) -> ResponseReturnValue:
    """List recalls by their day: of one patient, or of one part of the worklist."""
    filters = {name: query[name] for name in ("show", "patient_id") if query.get(name)}
    texts = sorted(f"{name}={value}" for name, value in filters.items())
    after: Any = after_cursor(query, *texts)
    found = recall_service.list(**filters, limit=query["limit"], after=after)
    record_listing("recalls", (recall.patient_id for recall in found.rows))
    return listed(found, *texts)


@blueprint.post("/patients/<uuid:patient_id>/recalls")
@requires("patients:write")
@blueprint.idempotent()
@blueprint.problems(404)
@blueprint.body(RecallSchema)
@blueprint.response(201, RecallSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Record when a patient is to be seen again."""
    recall = recall_service.create(patient_id, **fields)
    return created(recall, ".show", recall_id=recall.id)


@blueprint.get("/recalls/<uuid:recall_id>")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, RecallSchema, headers=RECORD_HEADERS)
def show(recall_id: UUID) -> ResponseReturnValue:
    """Return a recall."""
    return single(_get_and_record_view(recall_id))


@blueprint.patch("/recalls/<uuid:recall_id>")
@requires("patients:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(RecallSchema)
@blueprint.response(200, RecallSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], recall_id: UUID) -> ResponseReturnValue:
    """Update a recall; 409 if it is not open."""
    version = expected_version(recall_service.get)
    with unit_of_work():
        recall = recall_service.update(recall_id, version=version, **fields)
        record_view("recalls", recall.id, recall.patient_id)
    return single(recall)


@blueprint.post("/recalls/<uuid:recall_id>/complete")
@requires("patients:write")
@blueprint.action(RecallSchema, body=NothingSchema)
def complete(_nothing: dict[str, Any], recall_id: UUID) -> ResponseReturnValue:
    """Record that a recall is done."""
    return changed(recall_service.get, recall_service.complete, recall_id)


@blueprint.post("/recalls/<uuid:recall_id>/drop")
@requires("patients:write")
@blueprint.action(RecallSchema, body=NothingSchema)
def drop(_nothing: dict[str, Any], recall_id: UUID) -> ResponseReturnValue:
    """Record that the patient is not to be seen again."""
    return changed(recall_service.get, recall_service.drop, recall_id)


@blueprint.post("/recalls/<uuid:recall_id>/reopen")
@requires("patients:write")
@blueprint.action(RecallSchema, body=NothingSchema)
def reopen(_nothing: dict[str, Any], recall_id: UUID) -> ResponseReturnValue:
    """Open a recall again."""
    return changed(recall_service.get, recall_service.reopen, recall_id)
