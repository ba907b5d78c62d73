"""JSON endpoints of patients."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing, record_view
from clinic.core.db.pagination import Page
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.api.sent_fields import fields_as_sent
from clinic.patients.schemas.duplicates import RegisteredPatientSchema
from clinic.patients.schemas.patient_list import PatientQuery, list_options, sort_of
from clinic.patients.schemas.patient_lists import UseContactSchema
from clinic.patients.schemas.patients import REGISTRATION_ONLY, PatientSchema
from clinic.patients.service import Patient, PatientFields, Registered, duplicate_service, patient_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    after_cursor,
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


def _stored_phones() -> Collection[str]:
    return patient_service.get((request.view_args or {})["patient_id"]).phones


handle_stale_version(blueprint, _get_and_record_view, PatientSchema)


@blueprint.get("")
@requires("patients:read")
@blueprint.problems()
@blueprint.query(PatientQuery)
@blueprint.response(200, list_schema(PatientSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List patients, newest first, or those that match `q`; filters go with the list."""
    scope = [f"{name}={value}" for name, value in sorted(query.items()) if name not in {"limit", "cursor"} and value]
    after: Any = after_cursor(query, *scope)
    found = _search(query, after) if query.get("q") else _list(query, after)
    record_listing("patients", (patient.id for patient in found.rows))
    return listed(found, *scope)


def _search(query: dict[str, Any], after: Any) -> Page[Patient]:
    return patient_service.search(query["q"], limit=query["limit"], after=after)


def _list(query: dict[str, Any], after: Any) -> Page[Patient]:
    options = list_options(query)
    found = patient_service.list(**options, sort=sort_of(query), limit=query["limit"], after=after)
    patient_service.load_details(found.rows)
    return Page(found.rows, found.next_key)


@blueprint.post("")
@requires("patients:write")
@blueprint.idempotent()
@blueprint.problems()
@blueprint.body(PatientSchema)
@blueprint.response(201, RegisteredPatientSchema, headers=CREATED_HEADERS)
def create(fields: PatientFields) -> ResponseReturnValue:
    """Register a patient; `possible_duplicates` lists patients on file who may be the same person."""
    with unit_of_work(), fields_as_sent("guardian"):
        patient = patient_service.create(**fields)
        found = duplicate_service.candidates_of(patient)
        record_listing("patients", (one.patient.id for one in found))
    return created(Registered(patient, found), ".show", patient_id=patient.id)


@blueprint.get("/<uuid:patient_id>")
@requires("patients:read")
@blueprint.problems(404, 410)
@blueprint.conditional()
@blueprint.response(200, PatientSchema, headers=RECORD_HEADERS)
def show(patient_id: UUID) -> ResponseReturnValue:
    """Return a patient."""
    return single(_get_and_record_view(patient_id))


@blueprint.patch("/<uuid:patient_id>")
@requires("patients:write")
@blueprint.problems(404)
@blueprint.versioned(required=True)
@blueprint.merge_patch(PatientSchema, exclude=REGISTRATION_ONLY, stored_phones=_stored_phones)
@blueprint.response(200, PatientSchema, headers=RECORD_HEADERS)
def update(fields: PatientFields, patient_id: UUID) -> ResponseReturnValue:
    """Update a patient; `null` clears a field, and a list is replaced as a whole (RFC 7396).

    The updated patient is returned, which is recorded as a view.
    """
    version = expected_version(patient_service.get)
    with unit_of_work():
        patient = patient_service.update(patient_id, version=version, **fields)
        record_view("patients", patient.id, patient.id)
    return single(patient)


@blueprint.post("/<uuid:patient_id>/use-contact")
@requires("patients:write")
@blueprint.action(PatientSchema, body=UseContactSchema, required=True)
def use_contact(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Use one of a patient's other phones, emails or addresses; the one that was used becomes one of the others."""
    version = optional_version(patient_service.get)
    with unit_of_work():
        patient = patient_service.use_contact(patient_id, version=version, **fields)
        record_view("patients", patient.id, patient.id)
    return single(patient)
