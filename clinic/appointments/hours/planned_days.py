"""What exceptions and closures have in common: days, times on them, and a preview before each change."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, select

from clinic.appointments.hours.choices import Choices, carry_out
from clinic.appointments.hours.preview import HoursChange, Preview, preview_change
from clinic.appointments.models import Closure, HoursException, Room
from clinic.appointments.rules import planned_problems
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import InvalidInput, NotFound, StaleVersion
from clinic.core.unit_of_work import unit_of_work

Planned = TypeVar("Planned", HoursException, Closure)
Held = TypeVar("Held")

_State = Mapping[str, Any]

_SPAN = ("first_day", "last_day", "starts", "ends")


class PlannedDayService(ABC, Generic[Planned]):
    """Rows of one kind that hold on each day of a span.

    Appointments stay as booked, except those that `choices` moves or cancels, which raises what `carry_out` raises.
    `seen` is the seal of the preview that was shown before the change, None to change without one.
    """

    model: type[Planned]
    not_found: type[NotFound]
    cancel_reason: str

    def get(self, row_id: UUID) -> Planned:
        """Return one.

        :raises NotFound: if no record has that id
        """
        found = db.session.get(self.model, row_id)
        if found is None:
            raise self.not_found
        return found

    def create(self, *, seen: str | None = None, choices: Choices | None = None, **fields: Any) -> Planned:
        """Add one.

        :raises InvalidInput: if days or times are impossible, or a practitioner or room does not exist
        :raises AppointmentsOutside: if other appointments fall outside than were shown
        """
        with unit_of_work():
            self._lock_owner(fields)
            preview = self.preview(None, fields)
            preview.require_seen(seen)
            row = self.model(**fields)
            db.session.add(row)
            self._carry_out(preview, choices)
        return row

    def update(
        self,
        row_id: UUID,
        *,
        version: int | None = None,
        seen: str | None = None,
        choices: Choices | None = None,
        **fields: Any,
    ) -> Planned:
        """Change one.

        :raises NotFound: if no record has that id
        :raises StaleVersion: if it has another version
        :raises InvalidInput: if days or times are impossible, or the room does not exist
        :raises AppointmentsOutside: if other appointments fall outside than were shown
        """
        with unit_of_work():
            row = self._lock(row_id, version)
            self._lock_owner(self._state(row))
            preview = self.preview(row, fields)
            preview.require_seen(seen)
            for name, value in fields.items():
                setattr(row, name, value)
            self._carry_out(preview, choices)
        return row

    def delete(
        self, row_id: UUID, *, version: int | None = None, seen: str | None = None, choices: Choices | None = None
    ) -> None:
        """Delete one.

        :raises NotFound: if no record has that id
        :raises StaleVersion: if it has another version
        :raises AppointmentsOutside: if other appointments fall outside than were shown
        """
        with unit_of_work():
            row = self._lock(row_id, version)
            preview = self.preview(row, None)
            preview.require_seen(seen)
            db.session.delete(row)
            self._carry_out(preview, choices)

    def preview(self, row: Planned | None, fields: _State | None) -> Preview:
        """Return the booked appointments that would fall outside if a row is added, changed or (no fields) deleted.

        :raises InvalidInput: if days or times are impossible, or a practitioner or room does not exist
        """
        before = self._state(row) if row else None
        after = None if fields is None else self._state_after(row, fields)
        if after:
            self._check(after)
        held = [state for state in (before, after) if state]
        span = min(state["first_day"] for state in held), max(state["last_day"] for state in held)
        return preview_change(self._change(before, after), [span], practitioner_id=held[0].get("practitioner_id"))

    def list(
        self,
        *,
        first_day: date | None = None,
        last_day: date | None = None,
        limit: int = DEFAULT_LIMIT,
        after: tuple[date, UUID] | None = None,
        **owner: UUID,
    ) -> Page[Planned]:
        """Return those that hold on some days, both included, ordered by their first day; None is no limit."""
        wanted: Select[Any] = select(self.model).where(*(getattr(self.model, name) == owner[name] for name in owner))
        if first_day:
            wanted = wanted.where(self.model.last_day >= first_day)
        if last_day:
            wanted = wanted.where(self.model.first_day <= last_day)
        return paginate(wanted, [self.model.first_day, self.model.id], limit=limit, after=after)

    @abstractmethod
    def _change(self, before: _State | None, after: _State | None) -> HoursChange:
        """Return the change of hours from one state of a row to another; None is no row."""

    def _carry_out(self, preview: Preview, choices: Choices | None) -> None:
        """Store the change, and then change the appointments."""
        db.session.flush()
        carry_out(preview, choices or {}, reason=self.cancel_reason)

    def _lock_owner(self, state: _State) -> None:
        """Lock what a row belongs to, so that nothing is booked meanwhile."""

    def _check(self, state: _State) -> None:
        problems = planned_problems(*(state[name] for name in _SPAN), kind=state.get("kind", "closure"))
        if state["room_id"] and db.session.scalar(select(Room.id).where(Room.id == state["room_id"])) is None:
            problems["room_id"] = "There is no such room"
        if problems:
            lists = {name: [text] for name, text in problems.items()}
            raise InvalidInput(next(iter(problems.values())), problems=lists)

    def _state(self, row: Planned) -> _State:
        return {name: getattr(row, name) for name in self._columns()}

    def _state_after(self, row: Planned | None, fields: _State) -> _State:
        """Return a row with changed fields, or a new one."""
        return {**(self._state(row) if row else dict.fromkeys(self._columns())), **fields}

    def _lock(self, row_id: UUID, version: int | None) -> Planned:
        row = get_for_update(self.model, row_id)
        if row is None:
            raise self.not_found
        if version not in {None, row.version}:
            raise StaleVersion
        return row

    def _columns(self) -> Sequence[str]:
        return [name for name in (*_SPAN, "room_id", "kind", "practitioner_id") if hasattr(self.model, name)]


def swapped(old: Iterable[Held], new: Iterable[Held]) -> Callable[[Sequence[Held]], list[Held]]:
    """Return a function that replaces some values among others by new ones."""

    def swap(held: Sequence[Held]) -> list[Held]:
        kept = list(held)
        for one in old:
            if one in kept:
                kept.remove(one)
        return [*kept, *new]

    return swap
