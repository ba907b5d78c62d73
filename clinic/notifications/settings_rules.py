"""Limits and defaults of the settings of messages, and the words in which reminders are entered."""

import re
from collections.abc import Iterable, Sequence

HOURS, HOUR = 24, 60
DAY = HOURS * HOUR
"""Minutes."""

DEFAULT_OFFSETS = (2 * DAY,)
DEFAULT_QUIET_FROM, DEFAULT_QUIET_UNTIL = 21 * HOUR, 8 * HOUR
SHORTEST_OFFSET, LONGEST_OFFSET = 15, 30 * DAY
MOST_OFFSETS = 4
MOST_GRACE_SECONDS = 3600

NONE = "none"
_PART = re.compile(r"([0-9]{1,5})\s*(days?|d|hours?|h|minutes?|min|m)", re.ASCII)
_MINUTES = {"d": DAY, "h": HOUR, "m": 1}
_DAYS = re.compile(r"([0-9]{1,4})(?:\s*(?:days?|d))?", re.ASCII)
_SEPARATOR = re.compile(r"\s*(?:,|;|\band\b|\+)\s*")

_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.]?([0-9]{2}))?", re.ASCII)

LAST_DAY = 365
NOT_DAYS = "Enter days like 7, 21; or none"
DAY_OUT_OF_RANGE = f"Enter from 1 to {LAST_DAY} days"
NOT_A_TIME = "Enter a time like 21:00"
NOT_READABLE = "Enter times like 2 days, 3 hours; or none"
OUT_OF_RANGE = "Enter from 15 minutes to 30 days"
TOO_MANY = f"Enter at most {MOST_OFFSETS} reminders"


def parse_offsets(text: str) -> Sequence[int]:
    """Return the minutes of reminders that are entered in words, such as `2 days, 3 hours`; none for `none`.

    :raises ValueError: with a message, if they can't be read or there are too many
    """
    if text.strip().lower() == NONE:
        return ()
    parts = [_PART.fullmatch(part.strip().lower()) for part in _SEPARATOR.split(text.strip())]
    if not all(parts):
        raise ValueError(NOT_READABLE)
    return tidy_offsets(int(part[1]) * _MINUTES[part[2][0]] for part in parts if part)


def tidy_offsets(offsets: Iterable[int]) -> Sequence[int]:
    """Return minutes before a visit without repetition, the longest first.

    :raises ValueError: with a message, if one is out of range or there are too many
    """
    found = sorted(set(offsets), reverse=True)
    if any(not SHORTEST_OFFSET <= one <= LONGEST_OFFSET for one in found):
        raise ValueError(OUT_OF_RANGE)
    if len(found) > MOST_OFFSETS:
        raise ValueError(TOO_MANY)
    return found


def parse_days(text: str) -> Sequence[int]:
    """Return the days after the due date that are entered as numbers, such as `7, 21`; none for `none`.

    :raises ValueError: with a message, if they can't be read or there are too many
    """
    if text.strip().lower() in {"", NONE}:
        return ()
    parts = [_DAYS.fullmatch(part.strip().lower()) for part in _SEPARATOR.split(text.strip())]
    if not all(parts):
        raise ValueError(NOT_DAYS)
    return tidy_days(int(part[1]) for part in parts if part)


def tidy_days(days: Iterable[int]) -> Sequence[int]:
    """Return days after the due date without repetition, the first one first.

    :raises ValueError: with a message, if one is out of range or there are too many
    """
    found = sorted(set(days))
    if any(not 1 <= one <= LAST_DAY for one in found):
        raise ValueError(DAY_OUT_OF_RANGE)
    if len(found) > MOST_OFFSETS:
        raise ValueError(TOO_MANY)
    return found


def days_text(days: Iterable[int]) -> str:
    """Return days after the due date as they are entered."""
    return ", ".join(map(str, days)) or NONE


def offset_text(offset: int) -> str:
    """Return minutes in words: `2 days`, `3 hours`, `90 minutes`."""
    for size, name in ((DAY, "day"), (HOUR, "hour")):
        if offset % size == 0:
            count = offset // size
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{offset} minutes"


def offsets_text(offsets: Iterable[int]) -> str:
    """Return the minutes of reminders in the words in which they are entered."""
    return ", ".join(offset_text(offset) for offset in offsets) or NONE


def parse_clock(text: str) -> int:
    """Return the minutes after midnight of a time such as `9`, `9:30`, `0930` or `21.00`.

    :raises ValueError: with a message, if it can't be read
    """
    found = _CLOCK.fullmatch(text.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (24, 0)
    if hour >= HOURS or minute >= HOUR:
        raise ValueError(NOT_A_TIME)
    return hour * HOUR + minute


def clock_text(minute: int) -> str:
    """Return minutes after midnight as a time: `21:00`."""
    return f"{minute // HOUR:02}:{minute % HOUR:02}"
