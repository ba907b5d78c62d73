"""Whom a clinic sees of its staff: the person, their place in this clinic, and when they were last seen here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.tenancy import current_clinic_id
from clinic.identity.models import LoginSession, Membership, StaffMember
from clinic.identity.roles import ADMINISTRATOR, ROLES, role_permissions


class MemberNotFound(NotFound):
    """Nobody of that id or address works in the clinic."""

    def __init__(self) -> None:
        super().__init__("There is no such staff member")


@dataclass(frozen=True)
class ClinicMember:
    """A staff member in one clinic, and when they were last seen in it, if it was lately."""

    membership: Membership
    member: StaffMember
    last_seen_at: datetime | None = None

    @property
    def permissions(self) -> frozenset[str]:
        """What the role permits, less what is denied to this person."""
        return role_permissions(self.membership.role, self.membership.denied)

    @property
    def role_label(self) -> str:
        """What the person's work is called."""
        return ROLES[self.membership.role].label

    @property
    def second_step(self) -> tuple[str, str]:
        """What is said of the person's second step, and its tone.

        Of who was never seen here nothing is: it would tell that they have an account elsewhere.
        """
        if self.last_seen_at is None:
            return ("Not known", "")
        return ("On", "ok") if self.member.totp_on else ("Off", "warn")

    @property
    def is_administrator(self) -> bool:
        """Whether the person may do everything here."""
        place = self.membership
        return place.active and place.role == ADMINISTRATOR and not place.denied

    @property
    def runs_the_clinic(self) -> bool:
        """Whether the person may do everything here, and has lately shown that they can sign in.

        Whether they could, as they have a password, would tell that they have an account elsewhere.
        """
        return self.is_administrator and self.last_seen_at is not None and not self.member.must_change_password


def here() -> ColumnElement[bool]:
    """Return the condition of a place in the clinic in force."""
    return Membership.clinic_id == current_clinic_id()


def list_members() -> Sequence[ClinicMember]:
    """Return who works in the clinic in force, those who left last."""
    found = db.session.execute(_workers().order_by(Membership.active.desc(), Membership.name, Membership.id))
    return [ClinicMember(*row) for row in found]


def get_member(who: ColumnElement[bool]) -> ClinicMember:
    """Return the one person of the clinic in force, as they are now.

    :raises MemberNotFound: if there is none
    """
    row = db.session.execute(_workers().where(who).execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise MemberNotFound
    return ClinicMember(*row)


def find_membership(member: StaffMember) -> Membership | None:
    """Return the place that somebody has, or has had, in the clinic in force."""
    return db.session.scalar(select(Membership).where(here(), Membership.member_id == member.id))


def add_membership(member: StaffMember, name: str, role: str) -> Membership:
    """Add a place for somebody in the clinic in force."""
    added = Membership(clinic_id=current_clinic_id(), member_id=member.id, name=name, role=role)
    db.session.add(added)
    return added


def _workers() -> Select[Membership, StaffMember, datetime]:
    seen = select(func.max(LoginSession.seen_at)).where(
        LoginSession.member_id == Membership.member_id, LoginSession.clinic_id == Membership.clinic_id
    )
    return (
        select(Membership, StaffMember, seen.correlate(Membership).scalar_subquery())
        .join(StaffMember, StaffMember.id == Membership.member_id)
        .where(here())
    )
