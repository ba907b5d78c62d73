"""Quiet hours: a part of each day, on the clocks of the clinic, in which reminders are not sent."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.core.clock import wall_time

DAY = timedelta(days=1)


@dataclass(frozen=True)
class QuietHours:
    """From when until when a clinic is quiet, in minutes after midnight, maybe over midnight; None if it never is."""

    starts: int | None
    ends: int
    zone: str

    def holds(self, at: datetime) -> bool:
        """Return whether an instant is in quiet hours; their end is not."""
        if self.starts is None:
            return False
        wall = wall_time(at, self.zone)
        minute = wall.hour * 60 + wall.minute
        if self.starts < self.ends:
            return self.starts <= minute < self.ends
        return minute >= self.starts or minute < self.ends

    def end_after(self, at: datetime) -> datetime:
        """Return when the quiet hours end that hold an instant."""
        wall = wall_time(at, self.zone)
        is_tomorrow = wall.hour * 60 + wall.minute >= self.ends
        day = wall.date() + DAY if is_tomorrow else wall.date()
        first, second = (self._at(day, self.ends, fold) for fold in (0, 1))
        return first if first > at else second

    def start_before(self, at: datetime) -> datetime:
        """Return when the quiet hours began that hold an instant."""
        wall, starts = wall_time(at, self.zone), self.starts or 0
        is_today = wall.hour * 60 + wall.minute >= starts
        return self._at(wall.date() if is_today else wall.date() - DAY, starts, 0)

    def _at(self, day: date, minute: int, fold: int) -> datetime:
        """Return the instant at which the clocks show a time; one that they skip is after the gap."""
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(self.zone), fold=fold)
        utc: datetime = local.astimezone(ZoneInfo("UTC"))
        return utc
