"""Places on the time grid of a day: the wall-clock minutes of an item, and the lanes of cards that overlap.

The style sheet has one class for the hour and one for the minute of a start and of a length, in steps of five minutes,
because the Content-Security-Policy allows no style attribute.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clinic.appointments.free_times.local_days import DAY, clock_runs

STEP = 5
HOUR = 60
SHORTEST = 15
"""Minutes of the smallest card, which is 24 pixels high."""

MOST_LANES = 4


class Frame(NamedTuple):
    """The hours that a day shows, the last one excluded."""

    first: int
    last: int

    @property
    def classes(self) -> str:
        """The classes of the grid with these hours."""
        return f"from-{self.first} to-{self.last}"


@dataclass(frozen=True, slots=True)
class Place:
    """Start and end in minutes since midnight, and the lane of an item among the lanes of those beside it."""

    starts: int
    ends: int
    lane: int = 0
    lanes: int = 1

    @property
    def classes(self) -> str:
        """The classes that put an item here."""
        length = self.ends - self.starts
        start = f"h{self.starts // HOUR} m{self.starts % HOUR}"
        return f"{start} lh{length // HOUR} lm{length % HOUR}"

    @property
    def is_short(self) -> bool:
        """Whether there is room for one line only."""
        return self.ends - self.starts < 2 * SHORTEST


USUAL = Place(8 * HOUR, 18 * HOUR)
"""The hours that a day shows for those whose working time has no limits."""


def place_of(starts_at: datetime, ends_at: datetime, day: date, zone: ZoneInfo, *, shortest: int = STEP) -> Place:
    """Return the place of a span on a local day, as far as it is on that day, rounded to whole steps."""
    starts = minute_of_day(starts_at, day, zone) // STEP * STEP
    ends = -(-minute_of_day(ends_at, day, zone) // STEP) * STEP
    starts = min(starts, DAY - shortest)
    return Place(starts, min(max(ends, starts + shortest), DAY))


def minute_of_day(at: datetime, day: date, zone: ZoneInfo) -> int:
    """Return what the clock shows in minutes since midnight; 0 before that day and 1440 after it."""
    wall = at.astimezone(zone)
    if wall.date() != day:
        return 0 if wall.date() < day else DAY
    return wall.hour * HOUR + wall.minute


def frame_of(places: Sequence[Place]) -> Frame:
    """Return the whole hours from the earliest to the latest of some places."""
    needed = places or [USUAL]
    first, last = min(place.starts for place in needed), max(place.ends for place in needed)
    return Frame(first // HOUR, -(-last // HOUR))


def frame_spans(frame: Frame, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return the instants of the shown hours, in two spans if the clocks change between them."""
    spans = (run.span(frame.first * HOUR, frame.last * HOUR) for run in clock_runs(zone, day))
    return [span for span in spans if span]


def with_lanes(places: Sequence[Place]) -> list[Place]:
    """Return places, ordered by their start, with lanes so that those that overlap are side by side."""
    return [placed for group in _overlapping(places) for placed in _side_by_side(group)]


def stacks_of(places: Sequence[Place]) -> list[list[Place]]:
    """Return the places with lanes that would cover each other, grouped: those beyond the last lane, and in it."""
    last = [place for place in places if place.lane == MOST_LANES - 1]
    return [group for group in _overlapping(last) if len(group) > 1]


def span_of(group: Sequence[Place]) -> Place:
    """Return the place from the first start to the last end of a group, in its lane."""
    return replace(group[0], ends=max(place.ends for place in group))


def _overlapping(places: Sequence[Place]) -> Iterator[list[Place]]:
    """Return groups of places in which each overlaps an earlier one."""
    group: list[Place] = []
    for place in places:
        if group and place.starts >= max(other.ends for other in group):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _side_by_side(group: Sequence[Place]) -> list[Place]:
    ends: list[int] = []
    lanes = []
    for place in group:
        lane = next((number for number, until in enumerate(ends) if until <= place.starts), len(ends))
        ends[lane : lane + 1] = [place.ends]
        lanes.append(min(lane, MOST_LANES - 1))
    count = min(len(ends), MOST_LANES)
    return [replace(place, lane=lane, lanes=count) for place, lane in zip(group, lanes, strict=True)]
