"""PractitionerService, which other modules import from `service.py`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.models import Appointment, Practitioner
from clinic.appointments.resources.base import ResourceService, refusing_duplicates
from clinic.appointments.resources.upcoming import MOST_LISTED, Upcoming, upcoming_by
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput, NotFound
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.identity.members import member_service


class PractitionerFields(TypedDict):
    """What a practitioner is made of; `member_id` is the account of the staff member who is this person."""

    name: NotRequired[str]
    speciality: NotRequired[str | None]
    member_id: NotRequired[UUID | None]


class PractitionerNotFound(NotFound):
    """The current clinic has no such practitioner."""

    def __init__(self) -> None:
        super().__init__("There is no such practitioner")


class MemberLinked(Conflict):
    """The staff member is linked to another practitioner."""

    code = "member-linked"

    def __init__(self) -> None:
        super().__init__("This staff member is linked to another practitioner: remove that link first")


class PractitionerService(ResourceService[Practitioner]):
    """The practitioners of the current clinic."""

    def __init__(self) -> None:
        super().__init__(Practitioner, PractitionerNotFound)

    def create(self, **fields: Unpack[PractitionerFields]) -> Practitioner:
        """Add a practitioner; a change of the clinic's time zone, which locks all of them, comes before or after.

        :raises InvalidInput: if the staff member does not work in this clinic
        :raises MemberLinked: if the staff member is linked to another practitioner
        """
        with refusing_duplicates("member_id", MemberLinked()), unit_of_work():
            clinic_service.lock()
            _check_member(fields.get("member_id"))
            practitioner = Practitioner(**fields)
            db.session.add(practitioner)
            db.session.flush()
        return practitioner

    def update(
        self, practitioner_id: UUID, *, version: int | None, **fields: Unpack[PractitionerFields]
    ) -> Practitioner:
        """Change the given fields of a practitioner; `version` is the one that was edited, None skips the check.

        :raises PractitionerNotFound: if no record has that id
        :raises StaleVersion: if the practitioner has another version
        :raises InvalidInput: if the staff member does not work in this clinic
        :raises MemberLinked: if the staff member is linked to another practitioner
        """
        with refusing_duplicates("member_id", MemberLinked()), unit_of_work():
            practitioner = self._lock_version(practitioner_id, version)
            if fields.get("member_id") != practitioner.member_id:
                _check_member(fields.get("member_id"))
            for name, value in fields.items():
                setattr(practitioner, name, value)
            db.session.flush()
        return practitioner

    def linked_to(self, member_id: UUID) -> Practitioner | None:
        """Return the practitioner, active or not, who is the staff member with this account, None if there is none."""
        return db.session.scalar(select(Practitioner).where(Practitioner.member_id == member_id))

    def of_member(self, member_id: UUID) -> Practitioner | None:
        """Return the active practitioner who is the staff member with this account, None if there is none."""
        linked = self.linked_to(member_id)
        return linked if linked and linked.active else None

    def unlinked(self) -> Sequence[Practitioner]:
        """Return the active practitioners who are linked to no staff member, ordered by name."""
        wanted = select(Practitioner).where(Practitioner.active, Practitioner.member_id.is_(None))
        return db.session.scalars(wanted.order_by(Practitioner.name, Practitioner.id)).all()

    def upcoming(self, practitioner_id: UUID, *, limit: int = MOST_LISTED) -> Upcoming:
        """Return what is still booked with a practitioner."""
        return upcoming_by(Appointment.practitioner_id, practitioner_id, limit=limit)

    def of(self, appointments: Iterable[Appointment]) -> Mapping[UUID, Practitioner]:
        """Return the practitioners of some appointments in one query."""
        ids = {appointment.practitioner_id for appointment in appointments}
        found = db.session.scalars(select(Practitioner).where(Practitioner.id.in_(ids)))
        return {practitioner.id: practitioner for practitioner in found}


practitioner_service = PractitionerService()


def _check_member(member_id: UUID | None) -> None:
    """Check that a staff member can be linked to another practitioner."""
    if member_id is None:
        return
    if member_id not in {one.member.id for one in member_service.list()}:
        raise InvalidInput("Choose a staff member of this clinic", field="member_id")
    if db.session.scalar(select(Practitioner.id).where(Practitioner.member_id == member_id)) is not None:
        raise MemberLinked
