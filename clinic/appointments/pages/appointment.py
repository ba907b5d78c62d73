"""An appointment's page, and its cancellation."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.progress import progress_of
from clinic.appointments.pages.undo_offers import offer_undo
from clinic.appointments.resources.names import service_and_room_names
from clinic.appointments.schemas.appointments import CancellationSchema
from clinic.appointments.service import (
    Appointment,
    IllegalTransition,
    appointment_service,
    practitioner_service,
)
from clinic.audit.service import audit_service
from clinic.core.audit import record_view
from clinic.core.clock import now, today
from clinic.core.context import current_actor
from clinic.core.errors import ClinicError, StaleVersion
from clinic.core.modules import Panel, registered_modules
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent

REASONS = {"patient": "The patient", "practitioner": "The practitioner", "clinic": "The clinic", "other": "Other"}


@blueprint.get("/<uuid:appointment_id>")
@requires("appointments:read")
def show(appointment_id: UUID) -> ResponseReturnValue:
    """Show an appointment, with what can be done and the form to cancel it."""
    return appointment_page(appointment_id)


@blueprint.get("/<uuid:appointment_id>/cancellation")
@requires("appointments:write")
def cancellation(appointment_id: UUID) -> ResponseReturnValue:
    """Show the form to cancel an appointment, on the appointment's page."""
    return appointment_page(appointment_id, cancels=True)


@blueprint.post("/<uuid:appointment_id>/cancellation")
@requires("appointments:write")
@idempotent
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Cancel an appointment."""
    form = load_form(CancellationSchema())
    if form.errors:
        return appointment_page(appointment_id, form=form), 422
    try:
        appointment = appointment_service.cancel(appointment_id, version=sent_version(), **form.data)
    except (StaleVersion, IllegalTransition) as error:
        return refuse(appointment_page(appointment_id, form=form, refusal=error), error)
    offer_undo(appointment, "The appointment of {name} is cancelled.", "appointment")
    return redirect(url_for(".show", appointment_id=appointment_id), 303)


def appointment_page(
    appointment_id: UUID,
    *,
    form: Form | None = None,
    time_form: Form | None = None,
    refusal: ClinicError | None = None,
    cancels: bool = False,
) -> str:
    """Return an appointment's page, with the forms as they were sent, and why nothing was saved if it was refused.

    With `cancels` the focus is on the form to cancel it.
    """
    appointment = appointment_service.get(appointment_id)
    record_view("appointments", appointment.id, appointment.patient_id)
    clinic = clinic_service.current()
    patient = patient_service.get(appointment.patient_id)
    others = _other_visits(appointment)
    practitioners = practitioner_service.of([appointment, *others])
    names = service_and_room_names((appointment.service_id, appointment.room_id))
    return render_template(
        "appointments/show.html",
        appointment=appointment,
        patient=patient,
        toast_name=patient.calling_name if current_actor().has_permission("patients:read") else patient.mrn,
        practitioner=practitioners[appointment.practitioner_id],
        service=names.get(appointment.service_id),
        room=names.get(appointment.room_id),
        progress=progress_of(appointment),
        others=others,
        practitioners=practitioners,
        panels=_panels(appointment_id),
        today=today(clinic.zone),
        now=now(),
        is_late=appointment.starts_at - now() < timedelta(hours=clinic.late_cancel_hours),
        reasons=REASONS,
        form=form or initial_form({"reason": "patient"}),
        time_form=time_form or Form(),
        refusal=refusal,
        change=audit_service.last_change("appointments", appointment_id) if refusal else None,
        cancels=cancels,
    )


def _other_visits(appointment: Appointment) -> Sequence[Appointment]:
    """Return the patient's other upcoming appointments."""
    upcoming = appointment_service.upcoming_of(appointment.patient_id)
    return [other for other in upcoming if other.id != appointment.id]


def _panels(appointment_id: UUID) -> Sequence[Panel]:
    """Return what other modules show of an appointment."""
    page = "appointments.show"
    return [panel for module in registered_modules() for panel in module.get_panels(page, appointment_id)]
