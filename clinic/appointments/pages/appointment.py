"""An appointment's page, and its cancellation."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.schemas.appointments import CancellationSchema
from clinic.appointments.service import AppointmentNotCancellable, appointment_service, practitioner_service
from clinic.audit.service import LastChange, audit_service
from clinic.core.audit import record_view
from clinic.core.errors import StaleVersion
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, sent_version
from clinic.web.idempotency import idempotent

REASONS = {"patient": "The patient", "practitioner": "The practitioner", "clinic": "The clinic", "other": "Other"}


@blueprint.get("/<uuid:appointment_id>")
@requires("appointments:read")
def show(appointment_id: UUID) -> ResponseReturnValue:
    """Show an appointment, with the form to cancel it."""
    return _appointment_page(appointment_id, _cancellation_form())


@blueprint.get("/<uuid:appointment_id>/cancellation")
@requires("appointments:write")
def cancellation(appointment_id: UUID) -> ResponseReturnValue:
    """Show the form to cancel an appointment, on the appointment's page."""
    return _appointment_page(appointment_id, _cancellation_form())


@blueprint.post("/<uuid:appointment_id>/cancellation")
@requires("appointments:write")
@idempotent
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Cancel an appointment."""
    form = load_form(CancellationSchema())
    if form.errors:
        return _appointment_page(appointment_id, form), 422
    try:
        appointment_service.cancel(appointment_id, version=sent_version(), **form.data)
    except (StaleVersion, AppointmentNotCancellable):
        change = audit_service.last_change("appointments", appointment_id)
        return _appointment_page(appointment_id, form, change=change, refused=True), 409
    flash("Cancelled")
    return redirect(url_for(".show", appointment_id=appointment_id), 303)


def _cancellation_form() -> Form:
    return initial_form({"reason": "patient"})


def _appointment_page(
    appointment_id: UUID, form: Form, *, refused: bool = False, change: LastChange | None = None
) -> str:
    """Return an appointment's page; `refused` if it has changed since the form was made, `change` shows how."""
    appointment = appointment_service.get(appointment_id)
    record_view("appointments", appointment.id, appointment.patient_id)
    return render_template(
        "appointments/show.html",
        appointment=appointment,
        patient=patient_service.get(appointment.patient_id),
        practitioner=practitioner_service.get(appointment.practitioner_id),
        reasons=REASONS,
        form=form,
        refused=refused,
        change=change,
    )
