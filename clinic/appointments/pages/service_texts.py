"""Services in words: when they can be booked, who offers them and where, and what a booking blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from clinic.appointments.schemas.services import HORIZON_UNITS, NOTICE_UNITS
from clinic.appointments.service import Service

Key = TypeVar("Key", UUID, str)

GRID = 15
_EXAMPLE = datetime(2026, 1, 1, 10, 0)  # noqa: DTZ001 - a time of day on no day
_SHORT = {"minutes": "min", "hours": "h"}


@dataclass(frozen=True)
class Example:
    """What a booking at 10:00 means: the visit, the time that practitioner and room are blocked, the next start."""

    visit: str
    blocked: str
    next_start: str


def split_units(amount: int, units: Mapping[str, int]) -> tuple[str, str]:
    """Return an amount as a number of the largest unit that measures it: `("2", "hours")`."""
    unit = next(unit for unit in reversed(list(units)) if amount % units[unit] == 0)
    return str(amount // units[unit]), unit


def lengths_text(service: Service) -> str:
    """Return the lengths: `15, 30 min`."""
    return f"{', '.join(map(str, service.lengths))} min"


def buffers_text(service: Service) -> str:
    """Return the buffers: `10 before, 15 after`."""
    pairs = ((service.buffer_before, "before"), (service.buffer_after, "after"))
    return ", ".join(f"{minutes} {word}" for minutes, word in pairs if minutes) or "–"


def bookable_text(service: Service) -> str:
    """Return when a service can be booked: `2 h to 6 months ahead`."""
    notice = _amount(service.notice_minutes, NOTICE_UNITS) if service.notice_minutes else ""
    horizon = _amount(service.horizon_days, HORIZON_UNITS) if service.horizon_days else ""
    if not horizon:
        return f"from {notice} ahead" if notice else "at any time"
    return f"{notice} to {horizon} ahead" if notice else f"to {horizon} ahead"


def names_text(ids: Sequence[Key], names: Mapping[Key, str], otherwise: str) -> str:
    """Return some names in order, or what it means that there are none."""
    return ", ".join(sorted(names[one] for one in ids if one in names)) or otherwise


def example_of(service: Service) -> Example:
    """Return what a booking of a service at 10:00 blocks; the buffers of neighbouring bookings add up."""
    ends = _EXAMPLE + timedelta(minutes=service.lengths[0])
    before, after = timedelta(minutes=service.buffer_before), timedelta(minutes=service.buffer_after)
    occupied = service.lengths[0] + service.buffer_before + service.buffer_after
    next_start = _EXAMPLE + timedelta(minutes=-(-occupied // GRID) * GRID)
    return Example(_times(_EXAMPLE, ends), _times(_EXAMPLE - before, ends + after), f"{next_start:%H:%M}")


def _amount(amount: int, units: Mapping[str, int]) -> str:
    number, unit = split_units(amount, units)
    return f"{number} {_SHORT.get(unit, unit if number != '1' else unit.removesuffix('s'))}"


def _times(start: datetime, end: datetime) -> str:
    return f"{start:%H:%M}–{end:%H:%M}"
