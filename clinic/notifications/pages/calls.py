"""The page of patients to call, and the results of calls."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.service import appointment_service
from clinic.core.audit import record_listing
from clinic.core.errors import Conflict
from clinic.identity.actor_names import actor_names
from clinic.notifications.calls import call_service
from clinic.notifications.channels import CHANNELS
from clinic.notifications.kinds import KINDS
from clinic.notifications.models import CANT_COME, RESULT_LABELS
from clinic.notifications.pages.blueprint import blueprint
from clinic.notifications.schemas.calls import RecordedCallSchema
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, load_form, posted_from, refuse
from clinic.web.idempotency import idempotent


@blueprint.get("/to-call")
@requires("notifications:read")
def to_call() -> ResponseReturnValue:
    """List the patients to call, the earliest visit first."""
    return _calls_page(Form())


@blueprint.route("/to-call/<uuid:appointment_id>", methods=["GET", "POST"])
@requires("notifications:write")
@posted_from(".to_call")
@idempotent
def record_call(appointment_id: UUID) -> ResponseReturnValue:
    """Record how a call went; of a patient who can't come the page of the appointment comes next."""
    form = load_form(RecordedCallSchema())
    if form.errors:
        return _calls_page(form), 422
    try:
        call_service.record(appointment_id, **form.data)
    except Conflict as error:
        return refuse(_calls_page(form.reject(error)), error)
    flash(f"Recorded: {RESULT_LABELS[form.data['result']]}")
    if form.data["result"] == CANT_COME:
        return redirect(url_for("appointments.show", appointment_id=appointment_id, _anchor="cancel"), 303)
    return redirect(url_for(".to_call"), 303)


def _calls_page(form: Form) -> str:
    found, made = call_service.list(), call_service.made_today()
    patients = patient_service.get_many(call.patient_id for call in made)
    record_listing("notifications", [*(one.patient.id for one in found), *patients])
    return render_template(
        "notifications/to_call.html",
        found=found,
        form=form,
        made=made,
        patients=patients,
        visits=appointment_service.get_many([call.appointment_id for call in made]) if made else {},
        names=actor_names(call.made_by for call in made),
        results=RESULT_LABELS,
        channels=CHANNELS,
        kinds=KINDS,
    )
