"""The current time in UTC, and conversion from and to the local time of a clinic."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.core.errors import InvalidInput


class NonexistentTime(InvalidInput):
    """A local time that the clocks skip on that day."""

    code = "nonexistent-time"


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return datetime.now(UTC)


def months_ago(months: int) -> datetime:
    """Return the instant some months before now, on the last day of a shorter month."""
    present = now()
    index = present.year * 12 + present.month - 1 - months
    year, month = divmod(index, 12)
    last_day = monthrange(year, month + 1)[1]
    return present.replace(year=year, month=month + 1, day=min(present.day, last_day))


def today(zone: str) -> date:
    """Return the current date in an IANA zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def wall_day(at: datetime, zone: str) -> date:
    """Return the day of an instant on the calendar of an IANA zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def wall_time(at: datetime, zone: str) -> datetime:
    """Return the local date and time of an instant in an IANA zone, naive."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def is_ambiguous(wall: datetime, zone: str) -> bool:
    """Return whether the clocks show this local time twice on that day."""
    first = wall.replace(tzinfo=ZoneInfo(zone), fold=0)
    return first.utcoffset() != first.replace(fold=1).utcoffset() and _exists(wall, zone)


def at_wall_time(wall: datetime, zone: str, *, fold: int = 0) -> datetime:
    """Return the UTC time at which the clocks of a zone show `wall`; the earlier one unless `fold` is 1.

    :raises NonexistentTime: if the clocks skip it; the message names the nearest times that exist
    """
    if not _exists(wall, zone):
        before, after = _around_the_gap(wall, zone)
        raise NonexistentTime(
            f"The clocks skip {wall:%H:%M} on that day: choose {before:%H:%M} or {after:%H:%M}",
            field="starts_at",
        )
    return wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the UTC times at which `day` begins and ends in a zone: 23, 24 or 25 hours apart."""
    place = ZoneInfo(zone)
    starts = (datetime(d.year, d.month, d.day, tzinfo=place) for d in (day, day + timedelta(days=1)))
    first, last = (start.astimezone(UTC) for start in starts)
    return first, last


def _exists(wall: datetime, zone: str) -> bool:
    there = wall.replace(tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None, fold=0) == wall.replace(fold=0)


def _around_the_gap(wall: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return the last minute before a gap and the first one after it, as local times."""
    place = ZoneInfo(zone)
    step = timedelta(minutes=1)
    before = after = wall.replace(second=0, microsecond=0)
    while not _exists(before, zone):
        before -= step
    while not _exists(after, zone):
        after += step
    return before.replace(tzinfo=place), after.replace(tzinfo=place)
