"""The pages of the schedule."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.schemas import BookingSchema, CancellationSchema, DayQuery
from clinic.appointments.service import (
    AppointmentNotCancellable,
    PatientBusy,
    SlotTaken,
    appointment_service,
    practitioner_service,
)
from clinic.audit.service import audit_service
from clinic.core.audit import record_listing, record_view
from clinic.core.clock import today
from clinic.core.errors import ClinicError, InvalidInput, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientNotFound, patient_service
from clinic.web.authorization import requires
from clinic.web.form_summary import Record, Typed, form_summary, labelled_rows, record_at
from clinic.web.forms import Form, load_form, sent_version
from clinic.web.list_views import parse_query
from clinic.web.template_filters import day_typed, instant

blueprint = Blueprint("appointments", __name__, url_prefix="/appointments", template_folder="templates")

LENGTHS = (10, 15, 20, 30, 45, 60, 90)
LABELS = {
    "patient": "Patient",
    "practitioner_id": "With",
    "day": "Date",
    "time": "Time",
    "fold": "Which one",
    "minutes": "Length",
}
REASONS = {"patient": "The patient", "practitioner": "The practitioner", "clinic": "The clinic", "other": "Other"}
FOLDS = {"0": "The first, before the clocks go back", "1": "The second, after it"}


def _practitioner_name(practitioner_id: str) -> str:
    return practitioner_service.get(UUID(practitioner_id)).name


def _patient_named(typed: Typed) -> Record:
    patient = patient_service.identify(typed.get("patient", ""))
    return record_at(f"patient {patient.mrn}", "patients.show", patient_id=patient.id)


def _this_appointment(_typed: Typed, appointment_id: UUID) -> Record:
    starts_at = appointment_service.get(appointment_id).starts_at
    name = f"the appointment on {instant(starts_at, clinic_service.current().zone)}"
    return record_at(name, "appointments.show", appointment_id=appointment_id)


AS_BOOKED = labelled_rows(
    LABELS, practitioner_id=_practitioner_name, day=day_typed, fold=FOLDS.get, minutes=lambda typed: f"{typed} minutes"
)
AS_CANCELLED = labelled_rows({"reason": "Who can’t make it", "note": "Note"}, reason=REASONS.get)


@blueprint.get("")
@requires("appointments:read")
def index() -> ResponseReturnValue:
    """List a day's appointments by practitioner."""
    day: date = parse_query(DayQuery()).get("day") or today(clinic_service.current().zone)
    appointments = appointment_service.day(day)
    record_listing("appointments", (appointment.patient_id for appointment in appointments))
    return render_template(
        "appointments/index.html",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        practitioners=practitioner_service.active(),
        appointments=appointments,
        patients=patient_service.get_many(appointment.patient_id for appointment in appointments),
    )


@blueprint.get("/new")
@requires("appointments:write")
def new() -> ResponseReturnValue:
    """Show the form of a new appointment."""
    given = {
        "day": today(clinic_service.current().zone).isoformat(),
        "minutes": "30",
    } | request.args.to_dict()
    return _booking_form(Form(given))


@blueprint.post("")
@requires("appointments:write")
@form_summary("New appointment", AS_BOOKED, about=("for", _patient_named))
def create() -> ResponseReturnValue:
    """Book an appointment from the form."""
    form = load_form(BookingSchema())
    if form.errors:
        return _booking_form(form), 422
    patient = patient_service.identify(form.data.pop("patient"))
    appointment = appointment_service.create(patient_id=patient.id, **form.data)
    flash("Booked")
    return redirect(url_for(".show", appointment_id=appointment.id), 303)


@blueprint.errorhandler(SlotTaken)
@blueprint.errorhandler(PatientBusy)
def ask_for_another_time(error: ClinicError) -> ResponseReturnValue:
    """Show the booking again, with what was typed, to choose another time."""
    return _booking_form(Form(request.form.to_dict(), {"time": [error.message]})), 409


@blueprint.errorhandler(InvalidInput)
@blueprint.errorhandler(PatientNotFound)
def ask_again(error: InvalidInput | PatientNotFound) -> ResponseReturnValue:
    """Show the booking again, with what was typed, to mend it."""
    problems = error.problems if isinstance(error, InvalidInput) else {"patient": [error.message]}
    return _booking_form(Form(request.form.to_dict(), problems)), 422


@blueprint.get("/<uuid:appointment_id>")
@requires("appointments:read")
def show(appointment_id: UUID) -> ResponseReturnValue:
    """Show an appointment, with the form to cancel it."""
    return _appointment_page(appointment_id, Form({"reason": "patient"}))


@blueprint.post("/<uuid:appointment_id>/cancellation")
@requires("appointments:write")
@form_summary("Cancellation", AS_CANCELLED, about=("of", _this_appointment))
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Cancel an appointment."""
    form = load_form(CancellationSchema())
    if form.errors:
        return _appointment_page(appointment_id, form), 422
    appointment_service.cancel(appointment_id, version=sent_version(), **form.data)
    flash("Cancelled")
    return redirect(url_for(".show", appointment_id=appointment_id), 303)


@blueprint.errorhandler(StaleVersion)
@blueprint.errorhandler(AppointmentNotCancellable)
def show_as_it_is_now(_error: ClinicError) -> ResponseReturnValue:
    """Show an appointment that somebody else has changed meanwhile, as it is now, with what was typed."""
    appointment_id = (request.view_args or {})["appointment_id"]
    change = audit_service.last_change("appointments", appointment_id)
    return _appointment_page(appointment_id, load_form(CancellationSchema()), change=change, refused=True), 409


def _booking_form(form: Form) -> str:
    choices = [(str(one.id), one.name) for one in practitioner_service.active()]
    lengths = [(str(minutes), f"{minutes} minutes") for minutes in LENGTHS]
    return render_template(
        "appointments/new.html", form=form, practitioners=choices, lengths=lengths, folds=FOLDS.items()
    )


def _appointment_page(appointment_id: UUID, form: Form, **more: Any) -> str:
    appointment = appointment_service.get(appointment_id)
    record_view("appointments", appointment.id, appointment.patient_id)
    shown: dict[str, Any] = {
        "appointment": appointment,
        "patient": patient_service.get(appointment.patient_id),
        "practitioner": practitioner_service.get(appointment.practitioner_id),
        "reasons": REASONS,
    }
    return render_template("appointments/show.html", form=form, **shown, **more)
