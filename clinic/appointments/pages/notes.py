"""The form of what is written about an appointment: the reason of the visit, and a note."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.resources import conflict_page, texts
from clinic.appointments.schemas.appointments import NOTES, NotesSchema
from clinic.appointments.service import Appointment, appointment_service
from clinic.core.audit import record_view
from clinic.core.context import current_actor
from clinic.core.errors import PermissionDenied, StaleVersion
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, sent_version
from clinic.web.idempotency import idempotent

LABELS = {"reason": "Reason for the visit", "note": "Note"}


@blueprint.get("/<uuid:appointment_id>/edit")
@requires("appointments:write")
def edit(appointment_id: UUID) -> ResponseReturnValue:
    """Show the form of what is written about an appointment."""
    appointment = _shown(appointment_id)
    return _notes_page(appointment, initial_form(_form_values(appointment), version=appointment.version))


@blueprint.post("/<uuid:appointment_id>/edit")
@requires("appointments:write")
@idempotent
def update(appointment_id: UUID) -> ResponseReturnValue:
    """Change what is written about an appointment."""
    appointment, form = _shown(appointment_id), load_form(NotesSchema())
    if form.errors:
        return _notes_page(appointment, form), 422
    try:
        appointment_service.update(appointment_id, version=sent_version(), **form.data)
    except StaleVersion:
        return _conflict_page(appointment_service.get(appointment_id), form), 409
    flash("Saved")
    return redirect(url_for(".show", appointment_id=appointment_id), 303)


def _shown(appointment_id: UUID) -> Appointment:
    """Return an appointment whose notes are about to be shown, and record that.

    :raises PermissionDenied: if the current actor may not see notes
    """
    if not current_actor().has_permission(NOTES):
        raise PermissionDenied(NOTES)
    appointment = appointment_service.get(appointment_id)
    record_view("appointments", appointment.id, appointment.patient_id)
    return appointment


def _notes_page(appointment: Appointment, form: Form) -> str:
    return render_template("appointments/notes.html", form=form, appointment=appointment, labels=LABELS)


def _conflict_page(appointment: Appointment, form: Form) -> str:
    """Return both versions of what somebody else has changed."""
    differences = field_differences(LABELS, texts(form.data, LABELS), _form_values(appointment))
    return conflict_page("appointments/notes_conflict.html", appointment, differences, "appointments")


def _form_values(appointment: Appointment) -> dict[str, str]:
    return {name: getattr(appointment, name) or "" for name in LABELS}
