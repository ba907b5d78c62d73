"""VTIMEZONE components with the real transitions of an IANA zone around a visit (RFC 5545, section 3.6.5).

The library's own start a change to summer time at the new local time, where the standard asks for the old one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

AROUND = timedelta(days=400)
"""How long before and after a visit the transitions are listed: at least the last one before it."""

_STEP = timedelta(days=7)
_ZERO = timedelta(0)


def time_zone(zone: str, at: datetime) -> Timezone:
    """Return the component of a zone whose offsets are right around an instant."""
    place = ZoneInfo(zone)
    component = Timezone()
    component.add("tzid", zone)
    start = at - AROUND
    component.add_component(_observance(place, start, start))
    for moment in _transitions(place, start, at + AROUND):
        component.add_component(_observance(place, moment - timedelta(seconds=1), moment))
    return component


def _observance(place: ZoneInfo, before: datetime, moment: datetime) -> TimezoneStandard | TimezoneDaylight:
    """Return the offset that holds from a moment on; it begins at the local time of the offset before it."""
    old, new = before.astimezone(place), moment.astimezone(place)
    component = TimezoneDaylight() if new.dst() else TimezoneStandard()
    offset = old.utcoffset() or _ZERO
    component.add("dtstart", (moment + offset).replace(tzinfo=None, microsecond=0))
    component.add("tzoffsetfrom", offset)
    component.add("tzoffsetto", new.utcoffset() or _ZERO)
    component.add("tzname", new.tzname() or place.key)
    return component


def _transitions(place: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the instants between two at which the offset of a zone changes, to the second."""
    moment = start
    while moment < end:
        following = min(moment + _STEP, end)
        if _offset(place, moment) != _offset(place, following):
            yield _first_with_new_offset(place, moment, following)
        moment = following


def _first_with_new_offset(place: ZoneInfo, before: datetime, after: datetime) -> datetime:
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(place, datetime.fromtimestamp(middle, UTC)) == _offset(place, before):
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(place: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(place).utcoffset()
