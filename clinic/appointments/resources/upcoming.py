"""What is still booked with a practitioner, in a room or for a service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from clinic.appointments.models import Appointment
from clinic.appointments.rules import ACTIVE, LONGEST
from clinic.core.clock import now
from clinic.core.db import db

MOST_LISTED = 200
_STILL_BOOKED = tuple(state for state in ACTIVE if state != "fulfilled")


@dataclass(frozen=True)
class Upcoming:
    """The upcoming active appointments: how many, when the last one starts, and the first 200 by their start."""

    count: int
    last: datetime | None
    appointments: Sequence[Appointment]

    @property
    def appointment_ids(self) -> Sequence[UUID]:
        """The ids of the listed appointments."""
        return [appointment.id for appointment in self.appointments]


def upcoming_by(
    column: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], resource_id: UUID, *, limit: int
) -> Upcoming:
    """Return the appointments that have not ended, and refer to a record by a column."""
    moment = now()
    conditions = (
        column == resource_id,
        Appointment.status.in_(_STILL_BOOKED),
        Appointment.starts_at > moment - LONGEST - timedelta(minutes=1),
        Appointment.ends_at > moment,
    )
    count, last = db.session.execute(
        select(func.count(Appointment.id), func.max(Appointment.starts_at)).where(*conditions)
    ).one()
    wanted = select(Appointment).where(*conditions).order_by(Appointment.starts_at, Appointment.id).limit(limit)
    return Upcoming(count, last, db.session.scalars(wanted).all() if limit and count else ())
