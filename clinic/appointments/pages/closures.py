"""The pages of opening hours and closures."""

from datetime import timedelta
from uuid import UUID

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.hours.public_holidays import FIRST_YEAR, LAST_YEAR
from clinic.appointments.hours.weeks import WEEKDAYS
from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.holidays import holidays_context
from clinic.appointments.pages.outside import outside_context
from clinic.appointments.pages.planned_form import PlannedPage, Saving, planned_values, when_text
from clinic.appointments.pages.week_form import WeekPage, period_text, save_week, stored_week, week_page, week_text
from clinic.appointments.schemas.hours import DAYS, HoursQuery
from clinic.appointments.schemas.planned import ClosureForm
from clinic.appointments.service import Closure, closure_service, hours_service, room_service
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.forms import initial_form
from clinic.web.idempotency import idempotent
from clinic.web.list_views import parse_list_query

MOST_CLOSURES = 100


@blueprint.get("/opening-hours")
@requires("schedule:write")
def opening_hours() -> ResponseReturnValue:
    """Show opening hours, closures, and the public holidays of the year that the next ones are in."""
    filters, _ = parse_list_query(HoursQuery())
    soon = today(clinic_service.current().zone) + timedelta(days=60)
    return _opening_page(week_page(hours_service.get(None), filters.get("shown_day")), soon.year)


@blueprint.post("/opening-hours")
@requires("schedule:write")
@idempotent
def update_opening_hours() -> ResponseReturnValue:
    """Set the opening hours from the form, or check what would fall outside."""
    year = today(clinic_service.current().zone).year
    return save_week(None, lambda page: _opening_page(page, year), url_for(".opening_hours"))


@blueprint.get("/opening-hours/holidays/<int:year>")
@requires("schedule:write")
def public_holidays(year: int) -> ResponseReturnValue:
    """Show the public holidays of a year, with opening hours and closures."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        abort(404)
    return _opening_page(week_page(hours_service.get(None)), year)


@blueprint.get("/opening-hours/closures/new")
@requires("schedule:write")
def new_closure() -> ResponseReturnValue:
    """Show the form of a new closure."""
    return _closure_page(PlannedPage(initial_form()))


@blueprint.post("/opening-hours/closures/new")
@requires("schedule:write")
@idempotent
def create_closure() -> ResponseReturnValue:
    """Add a closure from the form, or check what is booked then."""
    return Saving(closure_service, _closure_page, url_for(".opening_hours")).carry_out(ClosureForm())


@blueprint.get("/opening-hours/closures/<uuid:closure_id>/edit")
@requires("schedule:write")
def edit_closure(closure_id: UUID) -> ResponseReturnValue:
    """Show the form of a closure."""
    row = closure_service.get(closure_id)
    return _closure_page(PlannedPage(initial_form(planned_values(row), version=row.version)), row)


@blueprint.post("/opening-hours/closures/<uuid:closure_id>/edit")
@requires("schedule:write")
@idempotent
def update_closure(closure_id: UUID) -> ResponseReturnValue:
    """Change or delete a closure as the form says, or check what is booked then."""
    closure_service.get(closure_id)

    def render(page: PlannedPage) -> str:
        return _closure_page(page, closure_service.get(closure_id))

    return Saving(closure_service, render, url_for(".opening_hours"), closure_id).carry_out(ClosureForm())


def _opening_page(page: WeekPage, year: int) -> str:
    clinic, stored = clinic_service.current(), hours_service.get(None)
    closures, holidays = closure_service.overview(today(clinic.zone), year, stored.weeks)
    return render_template(
        "appointments/opening_hours.html",
        page=page,
        form=page.form,
        hours=stored,
        stored=stored_week(stored, page.form),
        week_text=week_text,
        period_text=period_text,
        today=today(clinic.zone),
        days=list(zip(DAYS, WEEKDAYS, strict=True)),
        closures=closures[:MOST_CLOSURES],
        when_text=when_text,
        **holidays_context(year, holidays),
        **outside_context(page.preview),
    )


def _closure_page(page: PlannedPage, row: Closure | None = None) -> str:
    return render_template(
        "appointments/closure.html",
        page=page,
        form=page.form,
        row=row,
        when=when_text(row) if row else None,
        rooms=[(str(room.id), room.name) for room in room_service.active()],
        **outside_context(page.preview),
    )
