"""JSON endpoints that archive a patient's record, restore it, and record that a patient has died."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.patients.api.changed_records import changed
from clinic.patients.api.patients import blueprint
from clinic.patients.schemas.patients import PatientSchema
from clinic.patients.schemas.record_states import DeathSchema
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.json_api import NothingSchema


@blueprint.post("/<uuid:patient_id>/archive")
@requires("patients:write")
@blueprint.action(PatientSchema, body=NothingSchema)
def archive(_nothing: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Archive a record: it is in no list and no search, and is neither booked nor billed anew."""
    return changed(patient_service.get, patient_service.archive, patient_id)


@blueprint.post("/<uuid:patient_id>/restore")
@requires("patients:write")
@blueprint.action(PatientSchema, body=NothingSchema)
def restore(_nothing: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Restore an archived record."""
    return changed(patient_service.get, patient_service.restore, patient_id)


@blueprint.post("/<uuid:patient_id>/death")
@requires("patients:write")
@blueprint.action(PatientSchema, body=DeathSchema, required=True)
def record_death(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Record the day on which a patient died: nothing is booked and no message is sent any more."""
    return changed(patient_service.get, patient_service.record_death, patient_id, **fields)


@blueprint.post("/<uuid:patient_id>/death/undo")
@requires("patients:write")
@blueprint.action(PatientSchema, body=NothingSchema)
def undo_death(_nothing: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Take back that a patient has died."""
    return changed(patient_service.get, patient_service.undo_death, patient_id)
