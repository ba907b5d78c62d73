"""Template filters for dates, times and birth dates."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from clinic.core.clock import is_ambiguous, today, wall_day


def init_app(app: Flask) -> None:
    """Register the filters of this module."""
    filters = {"day": day, "near_day": near_day, "time": time, "instant": instant, "near_instant": near_instant}
    app.jinja_env.filters.update(**filters, born=born, wall_day=wall_day)


def day(value: date) -> str:
    """Return a day as `Thu 12 Nov 2026`."""
    return f"{value:%a} {value.day} {value:%b} {value.year}"


def near_day(value: date, zone: str) -> str:
    """Return a day as `Today`, or as `Thu 12 Nov`, with its year if that is not the current one in a zone."""
    present = today(zone)
    if value == present:
        return "Today"
    return f"{value:%a} {value.day} {value:%b}" + (f" {value.year}" if value.year != present.year else "")


def time(value: datetime, zone: str) -> str:
    """Return the local time of an instant: `09:30`, or `01:30 WEST` if the clocks show it twice that day."""
    there = value.astimezone(ZoneInfo(zone))
    return f"{there:%H:%M %Z}" if is_ambiguous(there.replace(tzinfo=None), zone) else f"{there:%H:%M}"


def instant(value: datetime, zone: str) -> str:
    """Return the local date and time of an instant: `Thu 12 Nov 2026, 09:30`."""
    return f"{day(wall_day(value, zone))}, {time(value, zone)}"


def near_instant(value: datetime, zone: str, *, sentence: bool = False) -> str:
    """Return the local date and time of an instant: `Thu 12 Nov 09:30`, `Today 09:30`, in a sentence `today 09:30`."""
    there = wall_day(value, zone)
    shown = "today" if sentence and there == today(zone) else near_day(there, zone)
    return f"{shown} {time(value, zone)}"


def born(value: str | None, zone: str, age: int | None = None, age_on: date | None = None) -> str:
    """Return a birth date, possibly partial, with the age in a time zone: `21-Jun-1991 (35 y)`, `Jun-1991`, `1991`.

    Without one, return the age that somebody of about `age` years on a day has now, empty if that is unknown, too.
    """
    if not value:
        return _about(age, age_on, today(zone)) if age is not None and age_on else ""
    parts = [int(part) for part in value.split("-")]
    if len(parts) == 1:
        return value
    shown = date(parts[0], parts[1], parts[2] if len(parts) == 3 else 1)  # noqa: PLR2004 - year, month, day
    if len(parts) == 2:  # noqa: PLR2004
        return f"{shown:%b-%Y}"
    return f"{shown:%d-%b-%Y} ({_age(shown, today(zone))} y)"


def _about(age: int, age_on: date, on: date) -> str:
    """Return an estimated age: `about 40 y (as of 28-Nov-2026)`; years later `about 42 y (40 as of 28-Nov-2026)`."""
    present = age + max(0, _age(age_on, on))
    return f"about {present} y ({'' if present == age else f'{age} '}as of {age_on:%d-%b-%Y})"


def _age(birthday: date, on: date) -> int:
    return on.year - birthday.year - ((on.month, on.day) < (birthday.month, birthday.day))
