"""ScheduleViewService, which remembers what each staff member sees of the schedule."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.models import Practitioner, ScheduleView
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work


@dataclass(frozen=True)
class ShownPractitioners:
    """The active practitioners, ordered by name, and whose days a staff member has chosen to see."""

    active: Sequence[Practitioner]
    member_id: UUID
    view: ScheduleView | None

    def among(self, practitioners: Sequence[Practitioner]) -> Sequence[Practitioner]:
        """Return those of some practitioners whose days the staff member sees.

        Somebody who has not chosen yet and is a practitioner sees only their own day; whose chosen practitioners are
        all gone sees all.
        """
        if self.view is None:
            wanted = [one for one in practitioners if one.member_id == self.member_id]
        elif self.view.practitioner_ids is None:
            return practitioners
        else:
            wanted = [one for one in practitioners if str(one.id) in self.view.practitioner_ids]
        return wanted or practitioners


class ScheduleViewService:
    """The practitioners whose days the staff members of the current clinic see."""

    def get(self, member_id: UUID) -> ShownPractitioners:
        """Return the active practitioners and whose days a staff member sees, in one query."""
        own = ScheduleView.member_id == member_id
        wanted = select(Practitioner, ScheduleView).outerjoin(ScheduleView, own).where(Practitioner.active)
        found = db.session.execute(wanted.order_by(Practitioner.name, Practitioner.id)).all()
        return ShownPractitioners([row[0] for row in found], member_id, found[0][1] if found else None)

    def choose(self, member_id: UUID, practitioner_ids: Collection[UUID] | None) -> None:
        """Store whose days a staff member sees, None for those of all practitioners."""
        chosen = None if practitioner_ids is None else sorted(str(one) for one in practitioner_ids)
        with unit_of_work():
            view = db.session.scalar(select(ScheduleView).where(ScheduleView.member_id == member_id))
            if view is None:
                view = ScheduleView(member_id=member_id)
                db.session.add(view)
            view.practitioner_ids = chosen
            db.session.flush()


schedule_view_service = ScheduleViewService()
