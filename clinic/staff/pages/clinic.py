"""The settings of the clinic, and the clinics one works in."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.identity.clinics import ClinicChanged, ClinicExists, clinic_service
from clinic.identity.models import Clinic
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.schemas import ClinicForm
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.form_summary import Record, Typed, form_summary, labelled_rows, record_at
from clinic.web.forms import Form, load_form, sent_version

LABELS = {
    "name": "Name",
    "locale": "Language and country",
    "idle_minutes": "Minutes without use",
    "absolute_hours": "Hours since the sign-in",
}


def _this_clinic(_typed: Typed) -> Record:
    return record_at("the clinic’s settings", "staff.clinic")


@blueprint.get("/clinic")
@requires("clinic:read")
def clinic() -> ResponseReturnValue:
    """Show the settings of the clinic."""
    here = clinic_service.current()
    return _settings(here, _filled(here))


@blueprint.post("/clinic")
@requires("clinic:write")
@form_summary("Change", labelled_rows(LABELS), about=("of", _this_clinic))
def update_clinic() -> ResponseReturnValue:
    """Change the settings as the form says."""
    form = load_form(ClinicForm())
    if form.errors:
        return _settings(clinic_service.current(), form), 422
    clinic_service.update(version=sent_version(), **form.data)
    flash("The clinic’s settings are saved")
    return redirect(url_for(".clinic"), 303)


@blueprint.errorhandler(ClinicExists)
def ask_for_another_name(error: ClinicExists) -> ResponseReturnValue:
    """Show the settings again, as typed, to choose another name."""
    form = load_form(ClinicForm())
    form.errors = {"name": [error.message]}
    return _settings(clinic_service.current(), form), 409


@blueprint.errorhandler(ClinicChanged)
def compare_clinics(_error: ClinicChanged) -> ResponseReturnValue:
    """Show both versions of the settings that somebody else has changed, to choose from field by field."""
    here = clinic_service.current()
    mine = {name: str(value) for name, value in load_form(ClinicForm()).data.items()}
    shown = {
        "fields": field_differences(LABELS, mine, _filled(here).values),
        "version": here.version,
        "saved_at": here.updated_at,
        "change": audit_service.last_change("clinics", here.id),
    }
    return render_template("staff/clinic_conflict.html", **shown), 409


def _settings(here: Clinic, form: Form) -> str:
    version = sent_version() if request.method == "POST" else here.version
    return render_template("staff/clinic.html", here=here, form=form, version=version, labels=LABELS)


def _filled(here: Clinic) -> Form:
    return Form({name: str(getattr(here, name)) for name in LABELS})
