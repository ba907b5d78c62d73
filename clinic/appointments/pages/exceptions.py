"""The forms of exceptions: leave, extra hours and other hours of a practitioner."""

from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.outside import outside_context
from clinic.appointments.pages.planned_form import PlannedPage, Saving, planned_values, when_text
from clinic.appointments.schemas.planned import HoursExceptionForm, NewExceptionQuery
from clinic.appointments.service import (
    HoursException,
    hours_exception_service,
    practitioner_service,
    room_service,
)
from clinic.web.authorization import requires
from clinic.web.forms import initial_form
from clinic.web.idempotency import idempotent
from clinic.web.list_views import parse_list_query

KINDS = (
    ("leave", "Leave: does not work"),
    ("extra", "Extra hours, also when the clinic is closed as usual"),
    ("hours", "Other hours instead of the usual ones"),
)


@blueprint.get("/hours/<uuid:practitioner_id>/exceptions/new")
@requires("schedule:write")
def new_exception(practitioner_id: UUID) -> ResponseReturnValue:
    """Show the form of a new exception, and those planned for its day."""
    filters, _ = parse_list_query(NewExceptionQuery())
    form = initial_form({"kind": "leave", "first_day": str(filters.get("day") or "")})
    return _exception_page(practitioner_id, PlannedPage(form))


@blueprint.post("/hours/<uuid:practitioner_id>/exceptions/new")
@requires("schedule:write")
@idempotent
def create_exception(practitioner_id: UUID) -> ResponseReturnValue:
    """Add an exception from the form, or check what would fall outside."""
    practitioner_service.get(practitioner_id)
    saved_url = url_for(".practitioner_hours", practitioner_id=practitioner_id)
    saving = Saving(hours_exception_service, lambda page: _exception_page(practitioner_id, page), saved_url)
    return saving.carry_out(HoursExceptionForm(), practitioner_id=str(practitioner_id))


@blueprint.get("/hours/exceptions/<uuid:exception_id>/edit")
@requires("schedule:write")
def edit_exception(exception_id: UUID) -> ResponseReturnValue:
    """Show the form of an exception."""
    row = hours_exception_service.get(exception_id)
    form = initial_form(planned_values(row), version=row.version)
    return _exception_page(row.practitioner_id, PlannedPage(form), row)


@blueprint.post("/hours/exceptions/<uuid:exception_id>/edit")
@requires("schedule:write")
@idempotent
def update_exception(exception_id: UUID) -> ResponseReturnValue:
    """Change or delete an exception as the form says, or check what would fall outside."""
    practitioner_id = hours_exception_service.get(exception_id).practitioner_id

    def render(page: PlannedPage) -> str:
        return _exception_page(practitioner_id, page, hours_exception_service.get(exception_id))

    saved_url = url_for(".practitioner_hours", practitioner_id=practitioner_id)
    saving = Saving(hours_exception_service, render, saved_url, exception_id)
    return saving.carry_out(HoursExceptionForm(), practitioner_id=str(practitioner_id))


def _exception_page(practitioner_id: UUID, page: PlannedPage, row: HoursException | None = None) -> str:
    return render_template(
        "appointments/exception.html",
        practitioner=practitioner_service.get(practitioner_id),
        page=page,
        form=page.form,
        row=row,
        kinds=KINDS,
        rooms=[(str(room.id), room.name) for room in room_service.active()],
        when=when_text(row) if row else None,
        **outside_context(page.preview),
    )
