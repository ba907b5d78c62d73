"""The public holidays on which the clinic is closed: ticked, checked against what is booked, and saved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.hours.public_holidays import FIRST_YEAR, LAST_YEAR
from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.outside import (
    CHECKING,
    load_choices,
    outside_context,
    reject_choice,
    with_outcome,
)
from clinic.appointments.service import AppointmentsOutside, Choices, Holiday, Preview, closure_service
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.places import country_names
from clinic.core.regions import region_names
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, refuse, repeat_form
from clinic.web.idempotency import idempotent


@dataclass
class _HolidaysPage:
    """What a page shows of the public holidays that were sent."""

    form: Form
    ticked: Collection[date]
    preview: Preview | None = None
    stale: bool = False


@blueprint.post("/opening-hours/holidays/<int:year>")
@requires("schedule:write")
@idempotent
def save_public_holidays(year: int) -> ResponseReturnValue:
    """Close the clinic on the ticked public holidays of a year, or check what is booked then."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        abort(404)
    form = repeat_form(*request.form.keys())
    page, choices = _HolidaysPage(form, _sent_days("holiday")), load_choices(form)
    if form.errors:
        return _checked_page(page, year), 422
    if CHECKING & request.form.keys():
        page.preview = closure_service.preview_holidays(year, page.ticked)
        return _checked_page(page, year)
    return _save(page, year, choices) or redirect(url_for(".public_holidays", year=year), 303)


def _save(page: _HolidaysPage, year: int, choices: Choices) -> ResponseReturnValue | None:
    """Save the ticked days; return the page again if that is refused."""
    shown, seen = _sent_days("shown"), request.form.get("seen", "")
    try:
        count = closure_service.save_holidays(year, page.ticked, shown=shown, seen=seen, choices=choices)
    except AppointmentsOutside as error:
        page.preview = error.preview
        reject_choice(page.form, error)
        return refuse(_checked_page(page, year), error)
    except StaleVersion:
        page.stale = True
        return _checked_page(page, year), 409
    except InvalidInput as error:
        page.form.reject(error)
        return refuse(_checked_page(page, year), error)
    flash(with_outcome(f"Public holidays of {year}: {f'{count} changed' if count else 'nothing changed'}", choices))
    return None


def _checked_page(page: _HolidaysPage, year: int) -> str:
    return render_template(
        "appointments/holidays.html",
        page=page,
        form=page.form,
        ticked=page.ticked,
        **holidays_context(year, closure_service.holidays(year)),
        **outside_context(page.preview),
    )


def holidays_context(year: int, holidays: Sequence[Holiday]) -> dict[str, Any]:
    """Return what the template `appointments/_holidays.html` shows."""
    clinic = clinic_service.current()
    return {"year": year, "holidays": holidays, "place": _place(clinic.country, clinic.subdivision)}


def _place(country: str | None, subdivision: str | None) -> str | None:
    """Return the name of the country, and of its part, whose public holidays are listed."""
    name = country_names().get(country or "")
    part = region_names(country).get(subdivision or "")
    return f"{name}, {part}" if name and part else name


def _sent_days(name: str) -> list[date]:
    """Return the days that the form sent, without what is no day."""
    found = []
    for text in request.form.getlist(name):
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            continue
    return found
