"""The page that moves an appointment: what it is, the first free times, and any other time."""

from collections.abc import Sequence
from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.booking import FOLDS, back_to_day, patient_names, texts_of
from clinic.appointments.pages.finding import search, search_values
from clinic.appointments.pages.patient_alerts import alerts_of
from clinic.appointments.pages.time_errors import reject_time
from clinic.appointments.rules import possible_actions
from clinic.appointments.schemas.booking import RescheduleForm
from clinic.appointments.service import (
    Appointment,
    IllegalTransition,
    Room,
    Service,
    Unavailable,
    appointment_service,
    practitioner_service,
)
from clinic.audit.service import audit_service
from clinic.core.clock import today
from clinic.core.errors import ClinicError, InvalidInput, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.patients.service import InactivePatient
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent


@blueprint.get("/<uuid:appointment_id>/move")
@requires("appointments:write")
def move(appointment_id: UUID) -> ResponseReturnValue:
    """Show the first free times to which an appointment can be moved."""
    appointment = appointment_service.get(appointment_id)
    return _move_page(appointment, initial_form(version=appointment.version))


@blueprint.post("/<uuid:appointment_id>/move")
@requires("appointments:write")
@idempotent
def reschedule(appointment_id: UUID) -> ResponseReturnValue:
    """Move an appointment as the form says."""
    appointment, form = appointment_service.get(appointment_id), load_form(RescheduleForm())
    if form.errors:
        return _move_page(appointment, form), 422
    try:
        moved = appointment_service.reschedule(appointment_id, version=sent_version(), **form.data)
    except (InvalidInput, Unavailable) as error:
        return refuse(_move_page(appointment, reject_time(form, error, clinic_service.current().zone)), error)
    except (InactivePatient, StaleVersion, IllegalTransition) as error:
        return _move_page(appointment_service.get(appointment_id), form, refused=error), 409
    return back_to_day(moved, "moved")


def _move_page(appointment: Appointment, form: Form, *, refused: ClinicError | None = None) -> str:
    """Return the page; `refused` is why the appointment could not be moved as it is now."""
    values = search_values(form, _values_of(appointment))
    found = search(values, patient_id=appointment.patient_id, moved=appointment)
    patient, names = patient_names(found, appointment.patient_id)
    form.values = _typed_defaults(appointment, found.wish.minutes, str(found.wish.first_day)) | dict(form.values)
    return render_template(
        "appointments/move.html",
        service_name=_name(found.services, appointment.service_id),
        room_name=_name(found.rooms, appointment.room_id),
        practitioner_name=practitioner_service.get(appointment.practitioner_id).name,
        today=today(found.zone),
        appointment=appointment,
        movable="reschedule" in possible_actions(appointment.status),
        form=form,
        search=found,
        patient=patient,
        texts=texts_of(found, names),
        folds=FOLDS.items(),
        alerts=alerts_of(patient),
        refused=refused,
        change=audit_service.last_change("appointments", appointment.id) if refused else None,
    )


def _name(resources: Sequence[Room] | Sequence[Service], wanted: UUID | None) -> str | None:
    return next((one.name for one in resources if one.id == wanted), None)


def _values_of(appointment: Appointment) -> dict[str, str]:
    return {"service_id": str(appointment.service_id or ""), "minutes": str(appointment.minutes)}


def _typed_defaults(appointment: Appointment, minutes: int, day: str) -> dict[str, str]:
    return {"day": day, "minutes": str(minutes), "practitioner_id": str(appointment.practitioner_id)}
