"""The form of a new appointment."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.schemas.appointments import BookingSchema
from clinic.appointments.service import PatientBusy, SlotTaken, appointment_service, practitioner_service
from clinic.core.clock import today
from clinic.core.errors import InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientNotFound, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse
from clinic.web.idempotency import idempotent

LENGTHS = (10, 15, 20, 30, 45, 60, 90)
FOLDS = {"0": "The first, before the clocks go back", "1": "The second, after it"}


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


def _booking_page(form: Form) -> str:
    choices = [(str(one.id), one.name) for one in practitioner_service.active()]
    lengths = [(str(minutes), f"{minutes} minutes") for minutes in LENGTHS]
    return render_template(
        "appointments/new.html", form=form, practitioners=choices, lengths=lengths, folds=FOLDS.items()
    )
