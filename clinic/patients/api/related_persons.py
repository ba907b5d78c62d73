"""JSON endpoints of persons related to patients."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.db.pagination import Page
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.api.changed_records import changed
from clinic.patients.api.sent_fields import fields_as_sent
from clinic.patients.schemas.related_persons import RelatedPersonSchema
from clinic.patients.service import RelatedPerson, related_person_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    NothingSchema,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "related_persons",
    __name__,
    path="",
    noun="related-person",
    description="Contact persons, guardians and payers of patients",
)


def _get_and_record_view(person_id: UUID) -> RelatedPerson:
    """Return a related person, and record the view in the audit trail."""
    person = related_person_service.get(person_id)
    record_view("related_persons", person.id, person.patient_id)
    return person


handle_stale_version(blueprint, _get_and_record_view, RelatedPersonSchema)


@blueprint.get("/patients/<uuid:patient_id>/related-persons")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.response(200, list_schema(RelatedPersonSchema))
def index_related_persons(patient_id: UUID) -> ResponseReturnValue:
    """List the related persons of a patient, the first recorded first, former ones too; all are on one page."""
    found = related_person_service.list(patient_id, ended=True)
    record_view("related_persons", None, patient_id)
    return listed(Page(found, None))


@blueprint.post("/patients/<uuid:patient_id>/related-persons")
@requires("patients:write")
@blueprint.idempotent()
@blueprint.problems(404)
@blueprint.body(RelatedPersonSchema)
@blueprint.response(201, RelatedPersonSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Add a related person of a patient."""
    with fields_as_sent():
        person = related_person_service.create(patient_id, **fields)
    return created(person, ".show", person_id=person.id)


@blueprint.get("/related-persons/<uuid:person_id>")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, RelatedPersonSchema, headers=RECORD_HEADERS)
def show(person_id: UUID) -> ResponseReturnValue:
    """Return a related person."""
    return single(_get_and_record_view(person_id))


@blueprint.patch("/related-persons/<uuid:person_id>")
@requires("patients:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(RelatedPersonSchema)
@blueprint.response(200, RelatedPersonSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], person_id: UUID) -> ResponseReturnValue:
    """Update a related person; 409 if the person was ended."""
    version = expected_version(related_person_service.get)
    with fields_as_sent(), unit_of_work():
        person = related_person_service.update(person_id, version=version, **fields)
        record_view("related_persons", person.id, person.patient_id)
    return single(person)


@blueprint.post("/related-persons/<uuid:person_id>/end")
@requires("patients:write")
@blueprint.action(RelatedPersonSchema, body=NothingSchema)
def end(_nothing: dict[str, Any], person_id: UUID) -> ResponseReturnValue:
    """End that a person is related to a patient."""
    return changed(related_person_service.get, related_person_service.end, person_id)


@blueprint.post("/related-persons/<uuid:person_id>/restore")
@requires("patients:write")
@blueprint.action(RelatedPersonSchema, body=NothingSchema)
def restore(_nothing: dict[str, Any], person_id: UUID) -> ResponseReturnValue:
    """Take back that a related person was ended."""
    return changed(related_person_service.get, related_person_service.restore, person_id)
