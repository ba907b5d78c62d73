"""Why a visit can't start at a time, in the words of the desk."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from clinic.appointments.free_times.slot_finder import Answer
from clinic.appointments.free_times.slot_search import Wish
from clinic.appointments.free_times.slot_types import Booking, Reason, Refused
from clinic.core.clock import now
from clinic.web.template_filters import time


class RefusalTexts:
    """The texts about one search; `names` are those of the patients whom the current actor may know."""

    def __init__(self, wish: Wish, zone: str, names: Mapping[UUID, str], closure: str | None) -> None:
        self._wish = wish
        self._zone = zone
        self._names = names
        self._closure = closure

    def text(self, answer: Answer) -> str:
        """Return why the visit can't start then with a practitioner, as one or two sentences."""
        if not isinstance(answer.found, Refused):
            return "Free."
        texts: dict[Reason, Callable[[Answer], str]] = {
            Reason.CLOSED: self._closed,
            Reason.LEAVE: self._leave,
            Reason.OUTSIDE_HOURS: self._outside_hours,
            Reason.BREAK: self._break,
            Reason.TAKEN: self._taken,
            Reason.BUFFER: self._buffer,
            Reason.ROOM: self._room,
            Reason.NOTICE: self._notice,
            Reason.HORIZON: self._horizon,
        }
        return texts[answer.found.reason](answer)

    def booking(self, booking: Booking) -> str:
        """Return the times of an appointment, with the patient's name for those who may know it."""
        name = self._names.get(booking.patient_id)
        return f"{self.span(booking.starts_at, booking.ends_at)}{f' ({name})' if name else ''}"

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """Return a span of local times."""
        return f"{time(starts_at, self._zone)}–{time(ends_at, self._zone)}"

    def _closed(self, _answer: Answer) -> str:
        return f"The clinic is closed: {self._closure}." if self._closure else "The clinic is closed."

    def _leave(self, answer: Answer) -> str:
        return f"On leave {self._spans(answer, 'leave')}."

    def _outside_hours(self, answer: Answer) -> str:
        worked = self._spans(answer, "work")
        return f"Outside working hours: {worked} on this day." if worked else "Does not work on this day."

    def _break(self, answer: Answer) -> str:
        return f"Break {self._spans(answer, 'break')}."

    def _taken(self, answer: Answer) -> str:
        return f"Booked {self.booking(answer.booking)}." if answer.booking else "Booked."

    def _buffer(self, answer: Answer) -> str:
        near = f" {self.booking(answer.booking)}" if answer.booking else ""
        return f"Too close to the appointment{near}: its buffer, or the one of this visit, is in the way."

    def _room(self, answer: Answer) -> str:
        rooms = [
            f"{room.name} is taken until {time(until, self._zone)}" if until else f"{room.name} is closed"
            for room, until in answer.rooms
        ]
        return f"No room: {', '.join(rooms)}." if rooms else "No room."

    def _notice(self, answer: Answer) -> str:
        if answer.found.starts_at < now():
            return "This time is past."
        minutes = self._wish.service.notice_minutes if self._wish.service else 0
        return f"Too soon: this service is booked at least {_length(minutes)} ahead."

    def _horizon(self, _answer: Answer) -> str:
        days = self._wish.service.horizon_days if self._wish.service else None
        return f"Too far ahead: this service is booked at most {days} days ahead."

    def _spans(self, answer: Answer, kind: str) -> str:
        """Return the parts of the day of one kind; of breaks and leave only those at the time."""
        starts_at = answer.found.starts_at
        ends_at = starts_at + timedelta(minutes=self._wish.minutes)
        parts = [
            part
            for part in answer.parts
            if part.kind == kind and (kind == "work" or (part.starts_at < ends_at and part.ends_at > starts_at))
        ]
        return _listed([self.span(part.starts_at, part.ends_at) for part in parts])


def _listed(texts: Sequence[str]) -> str:
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else "".join(texts)


def _length(minutes: int) -> str:
    """Return a length of time in the largest unit that divides it."""
    for size, unit in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return ""
