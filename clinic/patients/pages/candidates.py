"""The people who may be on file already, beside the forms that register and change a patient."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError

from clinic.patients.pages.blueprint import blueprint
from clinic.patients.schemas.patients import REGISTRATION_ONLY, RegistrationForm
from clinic.patients.service import Candidate, Patient, duplicate_service, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import posted_from, with_dates


def candidates_to_show(data: Mapping[str, Any], patient: Patient | None = None) -> list[Candidate]:
    """Return who may be the person of a sent form, if somebody is among them whom the form does not overrule.

    The person may be a patient who is edited.
    """
    fields = {name: value for name, value in data.items() if name not in REGISTRATION_ONLY}
    return duplicate_service.candidates_to_show(patient.id if patient else None, **fields)


@blueprint.route("/candidates", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".new")
def candidates() -> ResponseReturnValue:
    """Return the part of the page of a patient that shows who may be on file, while the form is filled in."""
    patient = patient_service.get(edited) if (edited := _edited_id()) else None
    found = candidates_to_show(_typed(RegistrationForm(exclude=("guardian",))), patient)
    act = "save the changes" if patient else None
    return render_template("patients/_candidates.html", candidates=found, act=act)


def _edited_id() -> UUID | None:
    """Return the id of the patient whose form is filled in, None if it is a new one's."""
    try:
        return UUID(request.args.get("patient_id", ""))
    except ValueError:
        return None


def _typed(schema: Schema) -> dict[str, Any]:
    """Return what was typed into a form, as far as it is valid."""
    try:
        data: dict[str, Any] = schema.load(with_dates(request.form.to_dict()))
    except ValidationError as error:
        data = dict(error.valid_data) if isinstance(error.valid_data, dict) else {}
    return data
