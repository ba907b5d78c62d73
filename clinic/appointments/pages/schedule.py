"""The page of a day, which days it shows to whom, and whether it has changed."""

from calendar import Calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.progress import progress_of
from clinic.appointments.resources.names import service_and_room_names
from clinic.appointments.rules import FULFILLED, possible_actions
from clinic.appointments.schedule.day import DayQuestion, assemble_day
from clinic.appointments.schedule.day_items import Day
from clinic.appointments.schedule.views import schedule_view_service
from clinic.appointments.schemas.appointments import DayQuery
from clinic.appointments.schemas.schedule import SchedulePageQuery, ShownPractitionersSchema
from clinic.appointments.service import (
    Appointment,
    Practitioner,
    appointment_service,
    hours_service,
    practitioner_service,
)
from clinic.core.audit import record_listing
from clinic.core.clock import now, today
from clinic.core.context import current_actor
from clinic.core.modules import list_badges
from clinic.core.subject_lists import Flag
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, patient_service
from clinic.web.authentication import current_session
from clinic.web.authorization import requires
from clinic.web.forms import load_form, posted_from
from clinic.web.idempotency import idempotent
from clinic.web.list_views import parse_list_query

_REFRESH = timedelta(minutes=5)
"""How often a day is another one although nothing was changed: the current time moves on."""


@dataclass(frozen=True)
class DayAddress:
    """The address of a day, with the state to which it is limited, if any."""

    day: date
    state: str | None = None

    def with_state(self, state: str | None) -> str:
        """Return the address of the day limited to a state, or of the whole day."""
        return url_for("appointments.index", day=self.day, state=state)

    def choose(self, appointment: Appointment) -> str:
        """Return the address, relative to that of the page, on which an appointment is chosen."""
        state = {"state": self.state} if self.state else {}
        return f"?{urlencode({'day': self.day} | state | {'appointment': appointment.id})}"


@dataclass(frozen=True)
class Month:
    """A month as a calendar shows it: its weeks, from Monday, and a day of the months before and after it."""

    weeks: Sequence[Sequence[date]]
    before: date
    after: date


@blueprint.get("")
@requires("appointments:read")
def index() -> ResponseReturnValue:
    """Show the day of each practitioner, and an appointment beside it if one is chosen."""
    filters, _ = parse_list_query(SchedulePageQuery())
    zone = clinic_service.current().zone
    day: date = filters.get("day") or today(zone)
    appointments = appointment_service.day(day)
    view = schedule_view_service.get(current_session().member.id)
    practitioners = _with_departed(view.active, appointments)
    selected = view.among(practitioners)
    clinic, hours = hours_service.load([one.id for one in selected], day, day)
    asked = DayQuestion(day, now(), selected, appointments, clinic, hours, filters.get("state"))
    shown = assemble_day(asked)
    chosen = _chosen(filters.get("appointment"), appointments)
    patients = _patients(appointments, {one.id for one in selected}, chosen)
    return render_template(
        "appointments/index.html",
        day=day,
        today=today(zone),
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        month=_month(day),
        now=asked.now,
        shown=shown,
        practitioners=practitioners,
        selected=selected,
        patients=patients,
        flags=_flags(appointments, chosen),
        names=service_and_room_names(_named_resources(shown, appointments, chosen)),
        address=DayAddress(day, filters.get("state")),
        etag=_etag(day, appointments),
        movable=next((one.id for one in appointments if "reschedule" in possible_actions(one.status)), None),
        chosen=chosen,
        toast_name=_toast_name(patients, chosen),
        chosen_practitioner=practitioner_service.get(chosen.practitioner_id) if chosen else None,
        progress=progress_of(chosen) if chosen else None,
    )


@blueprint.route("/shown", methods=["GET", "POST"])
@requires("appointments:read")
@posted_from("appointments.index")
@idempotent
def show_practitioners() -> ResponseReturnValue:
    """Choose whose days the schedule shows to this person."""
    active = {one.id for one in practitioner_service.active()}
    form = load_form(ShownPractitionersSchema())
    chosen = active.intersection(form.data.get("practitioner_ids", ()))
    everybody = not chosen or chosen == active
    schedule_view_service.choose(current_session().member.id, None if everybody else chosen)
    return redirect(url_for(".index", day=form.data.get("day")), 303)


@blueprint.get("/changes")
@requires("appointments:read", renews=False)
def changes() -> ResponseReturnValue:
    """Return whether a day has changed, by its entity tag: 304 if it has not, else 204."""
    filters, _ = parse_list_query(DayQuery())
    day = filters.get("day") or today(clinic_service.current().zone)
    response = Response(status=204)
    response.set_etag(_etag(day, appointment_service.day(day)))
    return response.make_conditional(request)


def _with_departed(active: Sequence[Practitioner], appointments: Sequence[Appointment]) -> Sequence[Practitioner]:
    """Return the active practitioners, and others who have appointments that day, ordered by name."""
    known = {one.id for one in active}
    if others := [one for one in appointments if one.practitioner_id not in known]:
        return sorted([*active, *practitioner_service.of(others).values()], key=lambda one: (one.name, one.id))
    return active


def _flags(appointments: Sequence[Appointment], chosen: Appointment | None) -> Mapping[UUID, Sequence[Flag]]:
    """Return what other modules know about the visits that took place, and about the chosen one."""
    over = {one.id for one in (*appointments, *([chosen] if chosen else ())) if one.status == FULFILLED}
    flags: dict[UUID, list[Flag]] = {}
    for badges in list_badges("appointments.index", sorted(over)):
        for appointment_id, some in badges.flags.items():
            flags.setdefault(appointment_id, []).extend(some)
    return flags


def _chosen(appointment_id: UUID | None, appointments: Sequence[Appointment]) -> Appointment | None:
    """Return the appointment for the panel, which may be of another day."""
    if appointment_id is None:
        return None
    of_day = next((one for one in appointments if one.id == appointment_id), None)
    return of_day or appointment_service.get(appointment_id)


def _patients(
    appointments: Sequence[Appointment], practitioner_ids: set[UUID], chosen: Appointment | None
) -> Mapping[UUID, Patient]:
    """Return the patients of the shown practitioners' appointments, and record who is listed and who is viewed."""
    listed = [one.patient_id for one in appointments if one.practitioner_id in practitioner_ids]
    record_listing("appointments", listed, viewed=(chosen.id, chosen.patient_id) if chosen else None)
    return patient_service.get_many([*listed, chosen.patient_id] if chosen else listed)


def _toast_name(patients: Mapping[UUID, Patient], chosen: Appointment | None) -> str | None:
    """Return how a message about the chosen appointment names the patient."""
    if chosen is None:
        return None
    patient = patients[chosen.patient_id]
    return patient.calling_name if current_actor().has_permission("patients:read") else patient.mrn


def _named_resources(
    shown: Day, appointments: Sequence[Appointment], chosen: Appointment | None
) -> Iterator[UUID | None]:
    """Return the services of a day, the rooms of its practitioners, and both of the chosen appointment."""
    yield from (one.service_id for one in appointments)
    yield from (column.room_id for column in shown.columns)
    yield from (chosen.service_id, chosen.room_id) if chosen else ()


def _month(day: date) -> Month:
    weeks = Calendar().monthdatescalendar(day.year, day.month)
    first = day.replace(day=1)
    return Month(weeks, first - timedelta(days=1), (first + timedelta(days=31)).replace(day=1))


def _etag(day: date, appointments: Sequence[Appointment]) -> str:
    """Return a tag of the versions of a day's appointments and, today, of the time in steps."""
    at = now()
    is_today = day == today(clinic_service.current().zone)
    step = at.timestamp() // _REFRESH.total_seconds() if is_today else 0
    versions = [(str(one.id), one.version) for one in appointments]
    return sha256(repr((str(day), step, versions)).encode()).hexdigest()[:16]
