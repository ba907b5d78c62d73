"""The page on which the other record is found with which a patient's record is merged."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.core.errors import ClinicError
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.schemas.merging import OtherRecordQuery
from clinic.patients.schemas.patient_text import NOBODY_MATCHES
from clinic.patients.service import PatientNotFound, SeveralPatients, duplicate_service, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form
from clinic.web.list_views import parse_list_query

THE_SAME = "This is the same record: enter another one"


@blueprint.get("/<uuid:patient_id>/merge")
@requires("patients:merge")
def merge_with(patient_id: UUID) -> ResponseReturnValue:
    """Ask for the record with which a patient's is merged, and go on to the comparison once it is found."""
    patient_service.get(patient_id)
    query, _ = parse_list_query(OtherRecordQuery())
    if not (text := query.get("other")):
        return _page(patient_id, Form())
    try:
        other = patient_service.choose(text)
    except (PatientNotFound, SeveralPatients) as error:
        return _page(patient_id, Form({"other": text}), error), 422
    if other.id == patient_id:
        return _page(patient_id, Form({"other": text}, {"other": [THE_SAME]})), 422
    return redirect(url_for(".merge", patient_id=patient_id, other_id=other.id))


def _page(patient_id: UUID, form: Form, error: ClinicError | None = None) -> str:
    """Return the page, with the records that a text finds, or else those that may be of the same person."""
    patient = patient_service.get(patient_id)
    several = error.candidates if isinstance(error, SeveralPatients) else ()
    found = [one for one in several if one.id != patient_id]
    if error:
        form.errors["other"] = ["Several records match: choose one of them" if found else NOBODY_MATCHES]
    alike = [] if found else [one.patient for one in duplicate_service.candidates_of(patient)]
    record_listing("patients", [patient.id, *(one.id for one in (*found, *alike))])
    return render_template("patients/merge_with.html", patient=patient, form=form, found=found, alike=alike)
