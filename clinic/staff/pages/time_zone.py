"""The page that changes the clinic's time zone, with a preview of what follows it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.places import time_zone_names
from clinic.identity.clinics import ClinicChanged, clinic_service
from clinic.identity.zone_change import ZoneChange, ZoneChangeRefused
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.schemas import ZoneForm
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent

CHANGED = "Somebody else changed the clinic’s settings meanwhile: look at them, then change the time zone"


@blueprint.get("/clinic/time-zone")
@requires("clinic:write")
def time_zone() -> ResponseReturnValue:
    """Show the form with the present time zone."""
    here = clinic_service.current()
    return _zone_page(initial_form({"zone": here.zone}, version=here.version))


@blueprint.post("/clinic/time-zone")
@requires("clinic:write")
@idempotent
def change_time_zone() -> ResponseReturnValue:
    """Change the time zone if the button says so, and what was shown is what happens; else show what would happen."""
    form = load_form(ZoneForm())
    if form.errors:
        return _zone_page(form), 422
    if "save" not in request.form:
        return _zone_page(form, clinic_service.preview_zone(form.data["zone"]))
    try:
        clinic = clinic_service.update(version=sent_version(), seen=request.form.get("seen", ""), **form.data)
    except ZoneChangeRefused as error:
        change = clinic_service.preview_zone(form.data["zone"])
        return refuse(_zone_page(form, change, refused=error.message), error)
    except ClinicChanged:
        form.version = clinic_service.current().version
        return _zone_page(form, clinic_service.preview_zone(form.data["zone"]), refused=CHANGED), 409
    flash(f"The time zone is {clinic.zone}")
    return redirect(url_for(".clinic"), 303)


def _zone_page(form: Form, change: ZoneChange | None = None, *, refused: str | None = None) -> str:
    here = clinic_service.current()
    return render_template(
        "staff/time_zone.html",
        form=form,
        zone=here.zone,
        zones=[(name, name) for name in sorted({here.zone, *time_zone_names()})],
        change=change,
        panels=change.panels if change else (),
        refused=refused,
    )
