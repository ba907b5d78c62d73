"""JSON endpoints of merging two records of one patient, and of undoing it."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.schemas.merging import (
    MergePreviewSchema,
    MergeRecordSchema,
    MergeSchema,
    UnmergeSchema,
)
from clinic.patients.schemas.patients import PatientSchema
from clinic.patients.service import merge_service, patient_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, handle_stale_version, optional_version

blueprint = ApiBlueprint(
    "merges",
    __name__,
    path="patients",
    noun="merge",
    description="Merging of two records of one patient, with a preview, and undoing it",
)

handle_stale_version(blueprint, patient_service.get, PatientSchema)


@blueprint.get("/<uuid:patient_id>/merge-preview/<uuid:other_id>")
@requires("patients:merge")
@blueprint.problems(404, 410)
@blueprint.response(200, MergePreviewSchema)
def preview(patient_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Return what merging another record into this one would do, and what stands in its way."""
    found = merge_service.preview(patient_id, other_id)
    record_listing("patients", (patient_id, other_id))
    return found  # type: ignore[return-value]


@blueprint.post("/<uuid:patient_id>/merge")
@requires("patients:merge")
@blueprint.idempotent()
@blueprint.versioned()
@blueprint.problems(404, 410)
@blueprint.body(MergeSchema)
@blueprint.response(200, MergeRecordSchema)
def merge_patient(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Merge another record into this one, with the records of every module; its id and number lead here from then on.

    Visits of the two at the same time refuse it with 409, which names them.
    """
    version = optional_version(patient_service.get)
    return merge_service.merge(patient_id, fields.pop("merged_patient_id"), version=version, **fields)  # type: ignore[return-value]


@blueprint.post("/<uuid:patient_id>/unmerge")
@requires("patients:merge")
@blueprint.idempotent()
@blueprint.problems(404, 410)
@blueprint.body(UnmergeSchema, required=False)
@blueprint.response(200, MergeRecordSchema)
def unmerge_patient(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Undo the merging of a record into this one; 409 names the records that have changed since."""
    with unit_of_work():
        found = merge_service.find(patient_id, fields["merged_patient_id"])
        return merge_service.unmerge(found.id)  # type: ignore[return-value]
