"""Pages of the schedule: a day, booking, an appointment and its cancellation."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.schemas import BookingSchema, CancellationSchema, DayQuery
from clinic.appointments.service import (
    Appointment,
    AppointmentNotCancellable,
    PatientBusy,
    SlotTaken,
    appointment_service,
    practitioner_service,
)
from clinic.audit.service import LastChange, audit_service
from clinic.core.audit import record_listing, record_view
from clinic.core.clock import today
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientNotFound, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.list_views import parse_list_query

blueprint = Blueprint("appointments", __name__, url_prefix="/appointments", template_folder="templates")

LENGTHS = (10, 15, 20, 30, 45, 60, 90)
REASONS = {"patient": "The patient", "practitioner": "The practitioner", "clinic": "The clinic", "other": "Other"}
FOLDS = {"0": "The first, before the clocks go back", "1": "The second, after it"}


@blueprint.get("")
@requires("appointments:read")
def index() -> ResponseReturnValue:
    """List a day's appointments by practitioner."""
    filters, _ = parse_list_query(DayQuery())
    day: date = filters.get("day") or today(clinic_service.current().zone)
    appointments = appointment_service.day(day)
    record_listing("appointments", (appointment.patient_id for appointment in appointments))
    return render_template(
        "appointments/index.html",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        practitioners=practitioner_service.active(),
        appointments=_by_practitioner(appointments),
        patients=patient_service.get_many(appointment.patient_id for appointment in appointments),
    )


@blueprint.get("/new")
@requires("appointments:write")
def new() -> ResponseReturnValue:
    """Show the form of a new appointment."""
    defaults = {"day": today(clinic_service.current().zone).isoformat(), "minutes": "30"}
    return _booking_page(initial_form(defaults | request.args.to_dict()))


@blueprint.post("/new")
@requires("appointments:write")
@idempotent
def create() -> ResponseReturnValue:
    """Book an appointment from the form."""
    form = load_form(BookingSchema())
    if form.errors:
        return _booking_page(form), 422
    try:
        patient = patient_service.identify(form.data.pop("patient"))
        appointment = appointment_service.create(patient_id=patient.id, **form.data)
    except (InvalidInput, PatientNotFound) as error:
        return refuse(_booking_page(form.reject(error, "patient")), error)
    except (SlotTaken, PatientBusy) as error:
        return refuse(_booking_page(form.reject(error, "time")), error)
    flash("Booked")
    return redirect(url_for(".show", appointment_id=appointment.id), 303)


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


def _by_practitioner(appointments: Iterable[Appointment]) -> dict[UUID, list[Appointment]]:
    """Return appointments by the id of their practitioner, each list in the given order."""
    found: dict[UUID, list[Appointment]] = {}
    for appointment in appointments:
        found.setdefault(appointment.practitioner_id, []).append(appointment)
    return found


def _cancellation_form() -> Form:
    return initial_form({"reason": "patient"})


def _booking_page(form: Form) -> str:
    choices = [(str(one.id), one.name) for one in practitioner_service.active()]
    lengths = [(str(minutes), f"{minutes} minutes") for minutes in LENGTHS]
    return render_template(
        "appointments/new.html", form=form, practitioners=choices, lengths=lengths, folds=FOLDS.items()
    )


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
