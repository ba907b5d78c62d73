"""The page of a practitioner's working hours, with their exceptions."""

from datetime import date
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.hours.weeks import WEEKDAYS
from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.month import month_of
from clinic.appointments.pages.outside import outside_context
from clinic.appointments.pages.planned_form import when_text
from clinic.appointments.pages.week_form import WeekPage, period_text, save_week, stored_week, week_page, week_text
from clinic.appointments.schemas.hours import DAYS, HoursQuery, PractitionerQuery
from clinic.appointments.service import (
    hours_exception_service,
    hours_service,
    practitioner_service,
    room_service,
)
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.idempotency import idempotent
from clinic.web.list_views import parse_list_query

MOST_EXCEPTIONS = 200
MOST_LISTED = 20


@blueprint.get("/hours")
@requires("schedule:write")
def hours() -> ResponseReturnValue:
    """Show the working hours of the chosen practitioner, else of the first one."""
    filters, _ = parse_list_query(PractitionerQuery())
    chosen = filters.get("practitioner_id") or next((one.id for one in practitioner_service.active()), None)
    if chosen is None:
        return render_template("appointments/hours_empty.html")
    return redirect(url_for(".practitioner_hours", practitioner_id=chosen))


@blueprint.get("/hours/<uuid:practitioner_id>")
@requires("schedule:write")
def practitioner_hours(practitioner_id: UUID) -> ResponseReturnValue:
    """Show a practitioner's weekly hours and exceptions."""
    filters, _ = parse_list_query(HoursQuery())
    page = week_page(hours_service.get(practitioner_id), filters.get("shown_day"))
    return _hours_page(practitioner_id, page, filters.get("month"))


@blueprint.post("/hours/<uuid:practitioner_id>")
@requires("schedule:write")
@idempotent
def update_practitioner_hours(practitioner_id: UUID) -> ResponseReturnValue:
    """Set a practitioner's week from the form, or check what would fall outside."""
    saved_url = url_for(
        ".practitioner_hours", practitioner_id=practitioner_id, on=request.form.get("valid_from") or None
    )
    return save_week(practitioner_id, lambda page: _hours_page(practitioner_id, page), saved_url)


def _hours_page(practitioner_id: UUID, page: WeekPage, month: date | None = None) -> str:
    practitioners, zone = practitioner_service.active_with(practitioner_id), clinic_service.current().zone
    rooms, day = room_service.all(), today(zone)
    calendar = month_of(month or day)
    stored, off = hours_service.get_with_days_off(practitioner_id, calendar.first_day, calendar.last_day)
    planned = hours_exception_service.list(
        practitioner_id=practitioner_id, first_day=min(day, calendar.first_day), limit=MOST_EXCEPTIONS
    ).rows
    return render_template(
        "appointments/hours.html",
        practitioner=practitioner_service.get(practitioner_id),
        practitioners=practitioners,
        page=page,
        form=page.form,
        hours=stored,
        stored=stored_week(stored, page.form),
        week_text=week_text,
        period_text=period_text,
        when_text=when_text,
        days=list(zip(DAYS, WEEKDAYS, strict=True)),
        rooms={str(room.id): room.name for room in rooms},
        active_rooms=[(str(room.id), room.name) for room in rooms if room.active],
        today=day,
        calendar=calendar.with_marks(planned, off),
        exceptions=[one for one in planned if one.last_day >= day][:MOST_LISTED],
        **outside_context(page.preview),
    )
