"""JSON endpoints of patients."""

from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing, record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.schemas import PatientSchema
from clinic.patients.service import Patient, PatientFields, patient_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    SearchQuery,
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
    "patients",
    __name__,
    path="patients",
    noun="patient",
    description="Patients: names, birth dates and contact details",
)


def _get_and_record_view(patient_id: UUID) -> Patient:
    """Return a patient, and record the view in the audit trail."""
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return patient


def _stored_phone() -> str | None:
    return patient_service.get((request.view_args or {})["patient_id"]).phone


handle_stale_version(blueprint, _get_and_record_view, PatientSchema)


@blueprint.get("")
@requires("patients:read")
@blueprint.problems()
@blueprint.query(SearchQuery)
@blueprint.response(200, list_schema(PatientSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List patients, newest first, or those that match `q`."""
    text = query.get("q")
    after: Any = after_cursor(query, text or "")
    if text:
        found = patient_service.search(text, limit=query["limit"], after=after)
    else:
        found = patient_service.list(limit=query["limit"], after=after)
    record_listing("patients", (patient.id for patient in found.rows))
    return listed(found, text or "")


@blueprint.post("")
@requires("patients:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(PatientSchema)
@blueprint.response(201, PatientSchema, headers=CREATED_HEADERS)
def create(fields: PatientFields) -> ResponseReturnValue:
    """Register a patient."""
    patient = patient_service.create(**fields)
    return created(patient, ".show", patient_id=patient.id)


@blueprint.get("/<uuid:patient_id>")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, PatientSchema, headers=RECORD_HEADERS)
def show(patient_id: UUID) -> ResponseReturnValue:
    """Return a patient."""
    return single(_get_and_record_view(patient_id))


@blueprint.patch("/<uuid:patient_id>")
@requires("patients:write")
@blueprint.problems(404)
@blueprint.versioned(required=True)
@blueprint.merge_patch(PatientSchema, exclude=("consent",), stored_phone=_stored_phone)
@blueprint.response(200, PatientSchema, headers=RECORD_HEADERS)
def update(fields: PatientFields, patient_id: UUID) -> ResponseReturnValue:
    """Update a patient; `null` clears a field (RFC 7396).

    The updated patient is returned, which is recorded as a view.
    """
    version = expected_version(patient_service.get)
    with unit_of_work():
        patient = patient_service.update(patient_id, version=version, **fields)
        record_view("patients", patient.id, patient.id)
    return single(patient)
