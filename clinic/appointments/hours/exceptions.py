"""HoursExceptionService, which other modules import from `service.py`: leave, extra hours and other hours."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from clinic.appointments.free_times.working_time import ExceptionRange
from clinic.appointments.hours.planned_days import PlannedDayService, swapped
from clinic.appointments.hours.preview import HoursChange
from clinic.appointments.models import HoursException
from clinic.appointments.resources.practitioners import PractitionerNotFound, practitioner_service
from clinic.core.errors import InvalidInput, NotFound


class HoursExceptionNotFound(NotFound):
    """The current clinic has no such exception."""

    def __init__(self) -> None:
        super().__init__("There is no such exception")


class HoursExceptionService(PlannedDayService[HoursException]):
    """The days on which practitioners of the current clinic work otherwise than every week."""

    model = HoursException
    not_found = HoursExceptionNotFound
    cancel_reason = "practitioner"

    def _lock_owner(self, state: Mapping[str, Any]) -> None:
        with suppress(PractitionerNotFound):
            practitioner_service.lock(state["practitioner_id"])

    def _check(self, state: Mapping[str, Any]) -> None:
        try:
            practitioner_service.get(state["practitioner_id"])
        except PractitionerNotFound as error:
            raise InvalidInput(error.message, field="practitioner_id") from error
        super()._check(state)

    def _change(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> HoursChange:
        return HoursChange(exceptions=swapped(_ranges(before), _ranges(after)))


hours_exception_service = HoursExceptionService()


def _ranges(state: Mapping[str, Any] | None) -> Sequence[ExceptionRange]:
    names = ("kind", "first_day", "last_day", "starts", "ends", "room_id")
    return [ExceptionRange(*(state[name] for name in names))] if state else []
