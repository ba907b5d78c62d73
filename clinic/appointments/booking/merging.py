"""What the schedule answers when two records of a patient are merged: visits follow, unless two overlap."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from clinic.appointments.models import Appointment, Practitioner
from clinic.appointments.rules import ACTIVE
from clinic.core.clock import now, wall_day, wall_time
from clinic.core.db import db
from clinic.core.subject_merge import MergeFollower, Obstacle
from clinic.identity.clinics import clinic_service

Pair = tuple[Appointment, Appointment]


def _overlapping(survivor_id: UUID, merged_id: UUID) -> Sequence[Obstacle]:
    """Return the active visits of two patients that are at the same time."""
    one, other = aliased(Appointment), aliased(Appointment)
    wanted = (
        select(one, other)
        .where(one.patient_id == survivor_id, other.patient_id == merged_id)
        .where(one.status.in_(ACTIVE), other.status.in_(ACTIVE))
        .where(one.starts_at < other.ends_at, other.starts_at < one.ends_at)
        .order_by(one.starts_at, other.starts_at)
    )
    return _texts([(row[0], row[1]) for row in db.session.execute(wanted)], "overlap")


def _same_day(survivor_id: UUID, merged_id: UUID) -> Sequence[Obstacle]:
    """Return the visits to come of two patients that are on the same day and do not overlap."""
    zone = clinic_service.current().zone
    coming = (Appointment.status.in_(ACTIVE), Appointment.starts_at > now())
    wanted = select(Appointment).where(Appointment.patient_id.in_((survivor_id, merged_id)), *coming)
    rows = db.session.scalars(wanted.order_by(Appointment.starts_at)).all()
    own, moving = ([row for row in rows if row.patient_id == one] for one in (survivor_id, merged_id))
    pairs = [
        (mine, theirs)
        for mine in own
        for theirs in moving
        if wall_day(mine.starts_at, zone) == wall_day(theirs.starts_at, zone)
        and not (mine.starts_at < theirs.ends_at and theirs.starts_at < mine.ends_at)
    ]
    return _texts(pairs, "are on the same day; both stay")


def _texts(pairs: Sequence[Pair], what: str) -> list[Obstacle]:
    if not pairs:
        return []
    ids = {row.practitioner_id for pair in pairs for row in pair}
    names = dict(db.session.execute(select(Practitioner.id, Practitioner.name).where(Practitioner.id.in_(ids))).all())
    zone = clinic_service.current().zone

    def name(row: Appointment) -> str:
        starts = wall_time(row.starts_at, zone)
        return f"{starts:%a} {starts.day} {starts:%b %Y %H:%M} with {names[row.practitioner_id]}"

    return [
        Obstacle(
            f"{name(one)} and {name(other)} {what}",
            ((Appointment.__tablename__, one.id), (Appointment.__tablename__, other.id)),
        )
        for one, other in pairs
    ]


VISITS = MergeFollower(Appointment, "Visits", column="patient_id", obstacles=_overlapping, warnings=_same_day)
