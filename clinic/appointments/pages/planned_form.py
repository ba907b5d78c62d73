"""The form of an exception or a closure: added, changed, deleted, each after a look at what falls outside."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from clinic.appointments.hours.planned_days import PlannedDayService
from clinic.appointments.hours.weeks import range_text
from clinic.appointments.pages.outside import CHECKING, load_choices, reject_choice, with_outcome
from clinic.appointments.service import AppointmentsOutside, Choices, Closure, HoursException, Preview
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.web.forms import Form, load_form, refuse, repeat_form, sent_version
from clinic.web.template_filters import day as day_text

Render = Callable[["PlannedPage"], str]


@dataclass
class PlannedPage:
    """What a page shows of an exception or a closure: its form, and what falls outside once that was asked."""

    form: Form
    preview: Preview | None = None
    stale: bool = False
    deleting: bool = False


@dataclass(frozen=True)
class Saving:
    """Where a form leads to: its service and row, the page with the form, and the page after it."""

    service: PlannedDayService[Any]
    render: Render
    saved_url: str
    row_id: UUID | None = None

    def carry_out(self, schema: Schema, **given: Any) -> ResponseReturnValue:
        """Carry out the button that was pressed: check, show all that falls outside, save or delete."""
        deleting = bool(self.row_id) and ("delete" in request.form or request.form.get("all") == "delete")
        form = repeat_form(*request.form.keys()) if deleting else load_form(schema, **given)
        form.version = sent_version()
        page, choices = PlannedPage(form, deleting=deleting), load_choices(form)
        if page.form.errors:
            return self.render(page), 422
        if CHECKING & request.form.keys():
            return self._answer(page, lambda: self._check(page))
        if deleting:
            return self._answer(page, lambda: self._delete(choices))
        return self._answer(page, lambda: self._save(page.form.data, choices))

    def _answer(self, page: PlannedPage, act: Callable[[], str | None]) -> ResponseReturnValue:
        try:
            message = act()
        except AppointmentsOutside as error:
            page.preview = error.preview
            reject_choice(page.form, error)
            return refuse(self.render(page), error)
        except StaleVersion:
            page.stale, page.form.version = True, self.service.get(self.row_id).version if self.row_id else None
            return self.render(page), 409
        except InvalidInput as error:
            page.form.reject(error)
            return refuse(self.render(page), error)
        if message is None:
            return self.render(page)
        flash(message)
        return redirect(self.saved_url, 303)

    def _check(self, page: PlannedPage) -> None:
        row = self.service.get(self.row_id) if self.row_id else None
        page.preview = self.service.preview(row, None if page.deleting else page.form.data)

    def _save(self, fields: dict[str, Any], choices: Choices) -> str:
        seen = request.form.get("seen", "")
        if self.row_id:
            self.service.update(self.row_id, version=sent_version(), seen=seen, choices=choices, **fields)
            return with_outcome("Saved", choices)
        self.service.create(seen=seen, choices=choices, **fields)
        return with_outcome("Added", choices)

    def _delete(self, choices: Choices) -> str:
        if self.row_id:
            seen = request.form.get("seen", "")
            self.service.delete(self.row_id, version=sent_version(), seen=seen, choices=choices)
        return with_outcome("Deleted", choices)


def planned_values(row: HoursException | Closure) -> dict[str, str]:
    """Return an exception or a closure as its form shows it."""
    names = ("kind", "name", "first_day", "last_day", "room_id", "note")
    values = {name: str(getattr(row, name, None) or "") for name in names}
    times = range_text(row.starts, row.ends) if row.starts is not None and row.ends is not None else "–"
    values["starts"], _, values["ends"] = times.partition("–")
    return values


def when_text(row: HoursException | Closure) -> str:
    """Return the days of an exception or a closure, and the time on them: `Mon 11 – Wed 13 Jan 2027, 09:00–12:00`."""
    times = f", {range_text(row.starts, row.ends)}" if row.starts is not None and row.ends is not None else ""
    return _days_text(row.first_day, row.last_day) + times


def _days_text(first: date, last: date) -> str:
    if first == last:
        return day_text(first)
    shown = f"{first:%a} {first.day}"
    if first.year != last.year:
        shown = day_text(first)
    elif first.month != last.month:
        shown += f" {first:%b}"
    return f"{shown} – {day_text(last)}"
