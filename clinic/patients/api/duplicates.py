"""JSON endpoints of possible duplicates."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.schemas.duplicates import (
    CandidateListSchema,
    CandidatesQuery,
    DuplicateSchema,
    DuplicatesQuery,
)
from clinic.patients.service import PatientFields, PossibleDuplicate, duplicate_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, NothingSchema, after_cursor, list_schema, listed
from clinic.web.openapi import LIST_HEADERS

blueprint = ApiBlueprint(
    "duplicates",
    __name__,
    path="patients",
    noun="duplicate",
    description="Patients who may be one person, with a score and reasons, and what was decided about them",
)


@blueprint.get("/candidates")
@requires("patients:write")
@blueprint.problems()
@blueprint.query(CandidatesQuery)
@blueprint.response(200, CandidateListSchema)
def index_candidates(query: PatientFields) -> ResponseReturnValue:
    """List the people on file who may be a person, the most likely first; ask before registering somebody."""
    found = duplicate_service.candidates(**query)
    record_listing("patients", (one.patient.id for one in found))
    return {"data": found}


@blueprint.get("/duplicates")
@requires("patients:write")
@blueprint.problems()
@blueprint.query(DuplicatesQuery)
@blueprint.response(200, list_schema(DuplicateSchema), headers=LIST_HEADERS)
def index_duplicates(query: dict[str, Any]) -> ResponseReturnValue:
    """List the pairs of patients who may be one person, the most likely first."""
    filters = {"state": query["state"], "min_score": query["score"], "patient_id": query.get("patient_id")}
    texts = [str(value) for value in filters.values()]
    after: Any = after_cursor(query, *texts)
    found = duplicate_service.list(limit=query["limit"], after=after, **filters)
    _record_shown(*found.rows)
    return listed(found, *texts)


@blueprint.post("/duplicates/<uuid:pair_id>/dismiss")
@requires("patients:write")
@blueprint.idempotent()
@blueprint.problems(404)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(200, DuplicateSchema)
def dismiss(_nothing: dict[str, Any], pair_id: UUID) -> ResponseReturnValue:
    """Record that two patients are two people; nobody is asked about them again."""
    with unit_of_work():
        return _shown(duplicate_service.dismiss(pair_id))


@blueprint.post("/duplicates/<uuid:pair_id>/reopen")
@requires("patients:write")
@blueprint.idempotent()
@blueprint.problems(404)
@blueprint.body(NothingSchema, required=False)
@blueprint.response(200, DuplicateSchema)
def reopen(_nothing: dict[str, Any], pair_id: UUID) -> ResponseReturnValue:
    """Take back that two patients are two people."""
    with unit_of_work():
        return _shown(duplicate_service.reopen(pair_id))


def _shown(found: PossibleDuplicate) -> ResponseReturnValue:
    _record_shown(found)
    return found  # type: ignore[return-value]


def _record_shown(*found: PossibleDuplicate) -> None:
    record_listing("patients", (patient.id for pair in found for patient in pair.patients))
