"""The page that says why a button on a patient's page changed nothing."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.errors import ClinicError
from clinic.patients.service import patient_service
from clinic.web.forms import refuse


def refused_page(patient_id: UUID, error: ClinicError) -> ResponseReturnValue:
    """Return a page that says why nothing was saved, and leads back to the record."""
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return refuse(render_template("patients/refused.html", patient=patient, message=error.message), error)
