"""The form of a week, which working hours and opening hours share.

Buttons that add, remove or copy rows send the form as well; it is shown again with other rows, and nothing is checked.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from clinic.appointments.hours.weeks import WEEKDAYS, Week, week_minutes
from clinic.appointments.pages.outside import CHECKING, load_choices, reject_choice, with_outcome
from clinic.appointments.schemas.hours import DAYS, MOST_RANGES, WeekForm, WeekSchema, typed_minutes, typed_rows
from clinic.appointments.service import AppointmentsOutside, Choices, Hours, Preview, hours_service
from clinic.core.clock import today
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.web.forms import Form, initial_form, load_form, refuse, repeat_form, sent_version
from clinic.web.template_filters import day as day_text

Row = dict[str, str]

_EMPTY = {"starts": "", "ends": "", "room_id": ""}
_OF_ROW = re.compile("ranges-([0-9]+)-")


@dataclass
class WeekPage:
    """What a page shows of a week: its form, the rows by day, and what falls outside once that was asked."""

    form: Form
    rows: Sequence[Row]
    preview: Preview | None = None
    stale: bool = False
    most_rows = MOST_RANGES

    def of_day(self, day: str) -> list[tuple[int, Row]]:
        """Return the rows of a day with their numbers in the form."""
        return [(number, row) for number, row in enumerate(self.rows) if row["day"] == day]

    def total(self, day: str | None = None) -> str:
        """Return how long the hours of a day, or of the week, last: `8 h 15`, or a dash."""
        return hours_text(typed_minutes(row for row in self.rows if day in {None, row["day"]}))

    def errors_of(self, day: str) -> list[str]:
        """Return the errors of a day's rows."""
        numbers = {str(number) for number, _ in self.of_day(day)}
        found = [
            messages[0]
            for name, messages in self.form.errors.items()
            if (match := _OF_ROW.match(name)) and match[1] in numbers
        ]
        return list(dict.fromkeys(found))

    def changed_from(self, stored: Week, day: str, rooms: dict[str, str]) -> str | None:
        """Return what is stored for a day if the form has something else: `08:00–12:30, Room 1`."""
        if self.form.errors or self.rows == rows_of(stored):
            return None
        held = [row for row in rows_of(stored) if row["day"] == day]
        if held == [row for row in self.rows if row["day"] == day]:
            return None
        return ", ".join(_texts(held, rooms)) or "no hours"


def week_page(hours: Hours, shown_day: date | None = None) -> WeekPage:
    """Return the page of the week that holds on a day, by default today, or else of the next one."""
    day = shown_day or today(hours.zone)
    week = next((one for one in hours.weeks if one.valid_until is None or one.valid_until >= day), Week(()))
    values = {"valid_from": str(week.valid_from or ""), "valid_until": str(week.valid_until or "")}
    form = initial_form(values, version=hours.version)
    return WeekPage(form, typed_rows(form.values) if form.saved else rows_of(week))


def save_week(practitioner_id: UUID | None, render: Callable[[WeekPage], str], saved_url: str) -> ResponseReturnValue:
    """Carry out the button that was pressed: change rows, check, or save and go on to a page."""
    if {"add", "remove", "copy"} & request.form.keys():
        return render(_with_other_rows())
    form = load_form(WeekForm())
    _name_days(form)
    if form.errors:
        return render(WeekPage(form, _sent_rows())), 422
    page = WeekPage(form, rows_of(Week(tuple(form.data["ranges"]))))
    choices = load_choices(form)
    if form.errors:
        return render(page), 422
    return _save(practitioner_id, page, choices, render) or redirect(saved_url, 303)


def _save(
    practitioner_id: UUID | None, page: WeekPage, choices: Choices, render: Callable[[WeekPage], str]
) -> ResponseReturnValue | None:
    """Save the week of a page; return the page again if it was only to be checked, or saving is refused."""
    try:
        if CHECKING & request.form.keys():
            page.preview = hours_service.preview_week(practitioner_id, **page.form.data)
            return render(page)
        seen = request.form.get("seen", "")
        hours_service.set_week(practitioner_id, version=sent_version(), seen=seen, choices=choices, **page.form.data)
    except AppointmentsOutside as error:
        page.preview = error.preview
        reject_choice(page.form, error)
        return refuse(render(page), error)
    except StaleVersion:
        page.stale, page.form.version = True, hours_service.get(practitioner_id).version
        return render(page), 409
    except InvalidInput as error:
        page.form.reject(error)
        return refuse(render(page), error)
    flash(with_outcome("The hours are saved", choices))
    return None


def hours_text(minutes: int | None) -> str:
    """Return a duration as `8 h 15`, a dash for none."""
    if not minutes:
        return "–"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h" + (f" {rest:02}" if rest else "")


def week_text(week: Week) -> str:
    """Return how long the hours of a stored week last."""
    return hours_text(week_minutes(week.ranges))


def period_text(week: Week) -> str:
    """Return when a week holds: `From 1 Dec 2026`."""
    first, last = (day_text(day).partition(" ")[2] if day else "" for day in (week.valid_from, week.valid_until))
    if first and last:
        return f"{first} – {last}"
    if first:
        return f"From {first}"
    return f"Until {last}" if last else "Always"


def stored_week(hours: Hours, form: Form) -> Week:
    """Return the week that is stored for the first day of a form's week; today, or before, if that has no first day."""
    first, last = (_typed_day(form.value(name)) for name in ("valid_from", "valid_until"))
    day = today(hours.zone)
    return hours.week_of(first or min(day, last or day))


def rows_of(week: Week) -> list[Row]:
    """Return the rows of a week as its form shows them."""
    dumped: dict[str, Any] = WeekSchema().dump(week)
    return [{name: value or "" for name, value in one.items()} for one in dumped["ranges"]]


def _with_other_rows() -> WeekPage:
    """Return the sent form with a row more or less, or with one day copied to others."""
    rows, form = typed_rows(request.form), repeat_form(*request.form.keys())
    form.version = sent_version()
    if (day := request.form.get("add")) in DAYS:
        rows.append({"day": str(day), **_EMPTY})
    removed = request.form.get("remove", "")
    if removed.isdecimal() and int(removed) < len(rows):
        del rows[int(removed)]
    if "copy" in request.form:
        rows = _copied(rows, request.form.get("copy_from", ""), request.form.getlist("copy_to"))
    return WeekPage(form, sorted(rows, key=lambda row: DAYS.index(row["day"])))


def _copied(rows: list[Row], source: str, targets: Sequence[str]) -> list[Row]:
    copied = [row for row in rows if row["day"] == source]
    kept = [row for row in rows if row["day"] == source or row["day"] not in targets]
    return kept + [row | {"day": day} for day in targets if day in DAYS and day != source for row in copied]


def _sent_rows() -> list[Row]:
    """Return the rows that were checked: those with a time."""
    return [row for row in typed_rows(request.form) if row["starts"].strip() or row["ends"].strip()]


def _name_days(form: Form) -> None:
    """Begin each error of a row with its day."""
    rows = _sent_rows()
    for name, messages in form.errors.items():
        if match := _OF_ROW.match(name):
            row = rows[int(match[1])]
            day = WEEKDAYS[DAYS.index(row["day"])]
            typed = f"{row['starts'].strip()}–{row['ends'].strip()}"[:40]
            form.errors[name] = [
                text if text.startswith(day) else f"{day} {typed}: {text[0].lower()}{text[1:]}" for text in messages
            ]


def _typed_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _texts(rows: Sequence[Row], rooms: dict[str, str]) -> list[str]:
    return [f"{row['starts']}–{row['ends']}" + (f" {rooms.get(row['room_id'], '')}".rstrip()) for row in rows]
