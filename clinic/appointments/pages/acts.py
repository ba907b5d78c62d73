"""The buttons that move an appointment between its states, and the undoing of a move."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.appointment import appointment_page
from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.progress import ACTS
from clinic.appointments.pages.undo_offers import offer_undo
from clinic.appointments.schemas.schedule import ActSchema
from clinic.appointments.service import Appointment, IllegalTransition, SlotTaken, appointment_service
from clinic.core.clock import at_wall_time, now, today, wall_day, wall_time
from clinic.core.context import current_actor
from clinic.core.errors import ClinicError, InvalidInput, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent

_BUTTON = {"methods": ["GET", "POST"]}


@blueprint.route("/<uuid:appointment_id>/arrive", **_BUTTON)
@requires("appointments:write")
@posted_from("appointments.show", "appointment_id")
@idempotent
def arrive(appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient has arrived."""
    return _act(appointment_id, "arrive", appointment_service.arrive)


@blueprint.route("/<uuid:appointment_id>/check-in", **_BUTTON)
@requires("appointments:write")
@posted_from("appointments.show", "appointment_id")
@idempotent
def check_in(appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient was called in."""
    return _act(appointment_id, "check-in", appointment_service.check_in)


@blueprint.route("/<uuid:appointment_id>/fulfil", **_BUTTON)
@requires("appointments:write")
@posted_from("appointments.show", "appointment_id")
@idempotent
def fulfil(appointment_id: UUID) -> ResponseReturnValue:
    """Record that the visit has taken place."""
    return _act(appointment_id, "fulfil", appointment_service.fulfil)


@blueprint.route("/<uuid:appointment_id>/no-show", **_BUTTON)
@requires("appointments:write")
@posted_from("appointments.show", "appointment_id")
@idempotent
def no_show(appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient did not come."""
    return _act(appointment_id, "no-show", appointment_service.mark_no_show)


@blueprint.route("/<uuid:appointment_id>/undo", **_BUTTON)
@requires("appointments:write")
@posted_from("appointments.show", "appointment_id")
@idempotent
def undo(appointment_id: UUID) -> ResponseReturnValue:
    """Take back the last move of an appointment."""
    form, zone = load_form(ActSchema()), clinic_service.current().zone
    try:
        appointment = appointment_service.undo(appointment_id, version=sent_version())
    except (StaleVersion, IllegalTransition, SlotTaken) as error:
        return refuse(appointment_page(appointment_id, refusal=error), error)
    return _back(appointment, form, zone)


@blueprint.route("/<uuid:appointment_id>/confirmation", **_BUTTON)
@requires("appointments:write")
@posted_from("appointments.show", "appointment_id")
@idempotent
def confirm(appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient said that they come."""
    return _note(appointment_id, appointment_service.confirm)


@blueprint.route("/<uuid:appointment_id>/confirmation/withdrawal", **_BUTTON)
@requires("appointments:write")
@posted_from("appointments.show", "appointment_id")
@idempotent
def withdraw_confirmation(appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient has not said whether they come."""
    return _note(appointment_id, appointment_service.withdraw_confirmation)


def _note(appointment_id: UUID, record: Callable[..., Appointment]) -> ResponseReturnValue:
    """Record what the patient said, and return to the page."""
    form, zone = load_form(ActSchema()), clinic_service.current().zone
    try:
        appointment = record(appointment_id, version=sent_version())
    except (StaleVersion, IllegalTransition) as error:
        return refuse(appointment_page(appointment_id, refusal=error), error)
    return _back(appointment, form, zone)


def _act(appointment_id: UUID, action: str, move: Callable[..., Appointment]) -> ResponseReturnValue:
    """Move an appointment, at the time that was sent if any, and offer to undo it."""
    form, zone = load_form(ActSchema()), clinic_service.current().zone
    try:
        happened_at = _happened_at(appointment_id, form, zone)
        appointment = move(appointment_id, version=sent_version(), happened_at=happened_at)
    except InvalidInput as error:
        return refuse(appointment_page(appointment_id, time_form=form.reject(_at_time(error))), error)
    except (StaleVersion, IllegalTransition, SlotTaken) as error:
        return refuse(appointment_page(appointment_id, refusal=error), error)
    shown_at = wall_time(happened_at or now(), zone)
    offer_undo(appointment, f"{{name}} {ACTS[action].done} at {shown_at:%H:%M}.", str(form.data["origin"]))
    return _back(appointment, form, zone)


def _happened_at(appointment_id: UUID, form: Form, zone: str) -> datetime | None:
    """Return the instant of the time that was typed, on the day of the appointment or on the current day before it.

    :raises InvalidInput: if no time was understood, or the clocks skip it
    """
    if form.errors:
        raise InvalidInput(next(iter(form.errors.values()))[0], field="at")
    if form.data["at"] is None:
        return None
    day: date = min(wall_day(appointment_service.get(appointment_id).starts_at, zone), today(zone))
    return at_wall_time(datetime.combine(day, form.data["at"]), zone)


def _at_time(error: InvalidInput) -> ClinicError:
    """Return the same error at the field of the time."""
    return InvalidInput(error.message, field="at")


def _back(appointment: Appointment, form: Form, zone: str) -> ResponseReturnValue:
    """Return to the page from which an act was sent."""
    if form.data.get("origin") == "day":
        day = wall_day(appointment.starts_at, zone)
        return redirect(url_for("appointments.index", day=day, appointment=appointment.id), 303)
    if form.data.get("origin") == "patient" and current_actor().has_permission("patients:read"):
        return redirect(url_for("patients.show", patient_id=appointment.patient_id), 303)
    return redirect(url_for("appointments.show", appointment_id=appointment.id), 303)
