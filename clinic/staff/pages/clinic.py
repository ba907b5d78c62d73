"""The page of the clinic's settings."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.errors import InvalidInput
from clinic.core.phone_numbers import written_phone
from clinic.core.places import country_names
from clinic.identity.clinics import ClinicChanged, ClinicExists, clinic_service
from clinic.identity.models import Clinic
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.schemas import ClinicForm
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent

LABELS = {
    "name": "Name",
    "country": "Country",
    "subdivision": "Region",
    "locale": "Language and country",
    "address": "Postal address",
    "phone": "Phone",
    "email": "Email",
    "idle_minutes": "Idle timeout (minutes)",
    "absolute_hours": "Maximum session length (hours)",
    "late_cancel_hours": "A cancellation is late (hours before)",
    "desk_overbooks": "Receptionists can overbook",
}


def country_name(code: str) -> str:
    """Return the name of a country."""
    return country_names().get(code, code)


def yes_no(value: object) -> str:
    """Return whether a setting is on."""
    return "Yes" if value and value != "False" else "No"


FORMATTERS = {"country": country_name, "phone": written_phone, "desk_overbooks": yes_no}


@blueprint.get("/clinic")
@requires("clinic:read")
def clinic() -> ResponseReturnValue:
    """Show the settings of the clinic."""
    here = clinic_service.current()
    return _settings_page(initial_form(_form_values(here), version=here.version))


@blueprint.post("/clinic")
@requires("clinic:write")
@idempotent
def update_clinic() -> ResponseReturnValue:
    """Change the settings with the values of the form."""
    form = load_form(ClinicForm())
    if form.errors:
        return _settings_page(form), 422
    try:
        clinic_service.update(version=sent_version(), **form.data)
    except (ClinicExists, InvalidInput) as error:
        return refuse(_settings_page(form.reject(error, "name")), error)
    except ClinicChanged:
        return _conflict_page(form), 409
    flash("The clinic’s settings are saved")
    return redirect(url_for(".clinic"), 303)


def _settings_page(form: Form) -> str:
    return render_template(
        "staff/clinic.html",
        here=clinic_service.current(),
        form=form,
        labels=LABELS,
        formatters=FORMATTERS,
        countries=country_names(),
    )


def _conflict_page(form: Form) -> str:
    """Return both versions of the settings that somebody else has changed, to choose from field by field."""
    here = clinic_service.current()
    mine = _texts({**_form_values(here), **form.data})
    return render_template(
        "staff/clinic_conflict.html",
        fields=field_differences(LABELS, mine, _form_values(here), FORMATTERS),
        version=here.version,
        saved_at=here.updated_at,
        change=audit_service.last_change("clinics", here.id),
    )


def _form_values(here: Clinic) -> dict[str, str]:
    return _texts({name: getattr(here, name) for name in LABELS})


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings as a form sends them."""
    texts = {name: "" if data[name] is None else str(data[name]) for name in LABELS}
    return texts | {"desk_overbooks": "1" if data["desk_overbooks"] in {True, "1"} else ""}
