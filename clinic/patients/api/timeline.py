"""The JSON endpoint of a patient's timeline."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.db.pagination import Page
from clinic.patients.schemas.timeline import TimelineEntrySchema, TimelineQuery
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, after_cursor, list_schema, listed
from clinic.web.openapi import LIST_HEADERS

blueprint = ApiBlueprint(
    "timeline",
    __name__,
    path="patients",
    noun="timeline entry",
    description="What happened to patients: visits, money, messages and changes",
)


@blueprint.get("/<uuid:patient_id>/timeline")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.query(TimelineQuery)
@blueprint.response(200, list_schema(TimelineEntrySchema), headers=LIST_HEADERS)
def index_timeline(query: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """List what happened to a patient, latest first, as far as the permissions of the key allow.

    Actions, records and changes have the names under which they are stored.
    """
    kind = query.get("kind")
    after: Any = after_cursor(query, kind or "")
    patient = patient_service.get(patient_id)
    found = patient_service.timeline(patient, kind=kind, limit=query["limit"], after=after)
    record_view("patients", patient.id, patient.id)  # last, as it ends the transaction with what was read in it
    return listed(Page(found.entries, found.next_key), kind or "")
