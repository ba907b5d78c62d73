"""What patients do through the link of a visit: confirm, cancel, take that back, choose another time."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from clinic.appointments.service import IllegalTransition, SlotTaken, Unavailable, appointment_service
from clinic.core.clock import now
from clinic.core.errors import ClinicError, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.links.free_times import FreeTimes, find_free_times, is_offered
from clinic.notifications.links.opening import OpenLink, reload_link
from clinic.notifications.links.visit_states import MOST_TRIES, LinkedVisit, VisitState, linked_visit

CHANGED = (StaleVersion, IllegalTransition, SlotTaken)
"""What is raised when the visit was changed at this moment: its link shows how it is now, nothing was done."""


class TimeGone(ClinicError):
    """The chosen time is not offered any more."""

    def __init__(self) -> None:
        super().__init__("This time is not free any more")


@dataclass(frozen=True)
class BirthDateAnswer:
    """Whether the entered date of birth is the one on record, and how many tries are left."""

    is_right: bool
    tries_left: int


class VisitAnswerService:
    """The answers through the link of one visit, in its clinic; nothing else can be done with it.

    Each does what the visit allows at that moment, and nothing otherwise: its page shows how the visit is then.
    """

    def get(self, link: OpenLink) -> LinkedVisit:
        """Return the visit as its link shows it now."""
        current, _row = reload_link(link)
        return linked_visit(current)

    def confirm(self, link: OpenLink) -> None:
        """Confirm the visit, also when it is too late to change it."""
        shown = linked_visit(link)
        if shown.state in {VisitState.OPEN, VisitState.LATE}:
            _unless_changed(lambda: appointment_service.confirm(shown.visit.id, version=shown.visit.version))

    def cancel(self, link: OpenLink) -> None:
        """Cancel the visit for the patient's reason, while it can be cancelled here."""
        shown = linked_visit(link)
        if shown.state == VisitState.OPEN:
            version = shown.visit.version
            _unless_changed(lambda: appointment_service.cancel(shown.visit.id, reason="patient", version=version))

    def take_back(self, link: OpenLink) -> None:
        """Undo the cancellation through a link, for as long as the desk can.

        :raises TimeGone: if the time has been given away
        """
        shown = linked_visit(link)
        if not shown.can_take_back:
            return
        try:
            appointment_service.undo(shown.visit.id, version=shown.visit.version)
        except SlotTaken as error:
            raise TimeGone from error
        except (StaleVersion, IllegalTransition):
            return

    def check_birth_date(self, link: OpenLink, entered: date) -> BirthDateAnswer:
        """Compare a date of birth with the one on record; five wrong ones close this way for the link."""
        with unit_of_work():
            current, row = reload_link(link, lock=True)
            shown = linked_visit(current)
            if not shown.can_move:
                return BirthDateAnswer(False, 0)
            is_right = hmac.compare_digest(entered.isoformat(), shown.patient.birth_date or "")
            if is_right:
                row.verified_at = now()
            else:
                row.tries += 1
            return BirthDateAnswer(is_right, MOST_TRIES - row.tries)

    def free_times(self, shown: LinkedVisit, first_day: date | None) -> FreeTimes:
        """Return a limited choice of free times for the visit, from a day on."""
        return find_free_times(shown.visit, shown.clinic, first_day)

    def move(self, link: OpenLink, starts_at: datetime) -> None:
        """Move the visit to an offered time, which confirms it; do nothing unless the date of birth was entered.

        One that was cancelled through the link is booked again at that time, also if its former one was given away.

        :raises TimeGone: if that time is not offered any more
        """
        try:
            with unit_of_work():
                current, row = reload_link(link, lock=True)
                shown = linked_visit(current)
                if not (shown.can_move and shown.is_verified):
                    return
                if not is_offered(shown.visit, shown.clinic, starts_at):
                    raise TimeGone
                visit = shown.visit
                act = appointment_service.restore if shown.can_take_back else appointment_service.reschedule
                moved = act(visit.id, starts_at=starts_at, version=visit.version)
                appointment_service.confirm(moved.id)
                row.moved_to = moved.wall_start
        except (Unavailable, *CHANGED) as error:
            raise TimeGone from error


visit_answer_service = VisitAnswerService()


def _unless_changed(act: Callable[[], object]) -> None:
    try:
        act()
    except CHANGED:
        return
