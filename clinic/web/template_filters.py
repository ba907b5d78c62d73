"""Template filters for dates, times and birth dates."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from clinic.core.clock import is_ambiguous, today, wall_day


def init_app(app: Flask) -> None:
    """Register the filters `day`, `time`, `instant`, `wall_day` and `born`."""
    app.jinja_env.filters.update(day=day, time=time, instant=instant, born=born, wall_day=wall_day)


def day(value: date) -> str:
    """Return a day as `Thu 12 Nov 2026`."""
    return f"{value:%a} {value.day} {value:%b} {value.year}"


def time(value: datetime, zone: str) -> str:
    """Return the local time of an instant: `09:30`, or `01:30 WEST` if the clocks show it twice that day."""
    there = value.astimezone(ZoneInfo(zone))
    return f"{there:%H:%M %Z}" if is_ambiguous(there.replace(tzinfo=None), zone) else f"{there:%H:%M}"


def instant(value: datetime, zone: str) -> str:
    """Return the local date and time of an instant: `Thu 12 Nov 2026, 09:30`."""
    return f"{day(wall_day(value, zone))}, {time(value, zone)}"


def born(value: str | None, zone: str) -> str:
    """Return a birth date, possibly partial, with the age in a time zone: `21-Jun-1991 (35 y)`, `Jun-1991`, `1991`."""
    if not value:
        return ""
    parts = [int(part) for part in value.split("-")]
    if len(parts) == 1:
        return value
    shown = date(parts[0], parts[1], parts[2] if len(parts) == 3 else 1)  # noqa: PLR2004 - year, month, day
    if len(parts) == 2:  # noqa: PLR2004
        return f"{shown:%b-%Y}"
    return f"{shown:%d-%b-%Y} ({_age(shown, today(zone))} y)"


def _age(birthday: date, on: date) -> int:
    return on.year - birthday.year - ((on.month, on.day) < (birthday.month, birthday.day))
