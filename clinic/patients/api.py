"""Patients as JSON."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing, record_view
from clinic.patients.schemas import PatientSchema
from clinic.patients.service import Patient, PatientFields, patient_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    SearchQuery,
    after_cursor,
    created,
    document,
    expected_version,
    list_schema,
    listed,
    single,
    tell_present,
)

blueprint = ApiBlueprint("patients", __name__, path="patients", description="Who the patients are")


def _looked_at(patient_id: UUID) -> Patient:
    """Return a patient who is about to be shown, which is noted."""
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return patient


tell_present(blueprint, _looked_at, PatientSchema)


@blueprint.get("")
@requires("patients:read")
@document(blueprint, 400, 422)
@blueprint.arguments(SearchQuery, location="query")
@blueprint.response(200, list_schema(PatientSchema))
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List patients, the latest registered first, or search them by `q`."""
    words = query.get("q")
    after: Any = after_cursor(query, words or "")
    if words:
        found = patient_service.search(words, limit=query["limit"], after=after)
    else:
        found = patient_service.list(limit=query["limit"], after=after)
    record_listing("patients", (patient.id for patient in found.rows))
    return listed(found, words or "")


@blueprint.post("")
@requires("patients:write")
@document(blueprint, 400, 415, 422)
@blueprint.arguments(PatientSchema)
@blueprint.response(201, PatientSchema)
def create(fields: PatientFields) -> ResponseReturnValue:
    """Register a patient."""
    patient = patient_service.create(**fields)
    return created(patient, ".show", patient_id=patient.id)


@blueprint.get("/<uuid:patient_id>")
@requires("patients:read")
@document(blueprint, 404)
@blueprint.response(200, PatientSchema)
def show(patient_id: UUID) -> ResponseReturnValue:
    """Return a patient."""
    return single(_looked_at(patient_id))


@blueprint.patch("/<uuid:patient_id>")
@requires("patients:write")
@document(blueprint, 400, 404, 412, 415, 422, 428)
@blueprint.arguments(PatientSchema(partial=True))
@blueprint.response(200, PatientSchema)
def update(fields: PatientFields, patient_id: UUID) -> ResponseReturnValue:
    """Change a patient; `null` clears a field (RFC 7396). The answer is the whole patient, which is noted as a look."""
    version = expected_version(patient_service.get)
    patient_service.update(patient_id, version=version, **fields)
    return single(_looked_at(patient_id))
