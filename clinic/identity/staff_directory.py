"""Queries of the current clinic's staff: membership, account, and when they last used the program here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.tenancy import current_clinic_id
from clinic.identity.models import Clinic, LoginSession, Membership, StaffMember
from clinic.identity.roles import ADMINISTRATOR, ROLES, role_permissions


class MemberNotFound(NotFound):
    """The clinic has no staff member with that id or email address."""

    def __init__(self) -> None:
        super().__init__("There is no such staff member")


@dataclass(frozen=True)
class ClinicMember:
    """A staff member of one clinic; `last_seen_at` is the latest use of a session there, if it is still stored."""

    membership: Membership
    member: StaffMember
    last_seen_at: datetime | None = None
    desk_overbooks: bool = False

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions of the role, also by the clinic's setting, except those denied to this person."""
        own = self.membership
        return role_permissions(own.role, own.denied, desk_overbooks=self.desk_overbooks)

    @property
    def role_label(self) -> str:
        """The label of the role."""
        return ROLES[self.membership.role].label

    @property
    def second_step(self) -> tuple[str, str]:
        """The state of two-step verification, and the style in which pages show it.

        For people who have never signed in here it is `Not known`: it would reveal an account in another clinic.
        """
        if self.last_seen_at is None:
            return ("Not known", "")
        return ("On", "ok") if self.member.totp_on else ("Off", "warn")

    @property
    def is_administrator(self) -> bool:
        """Whether the person has every permission here."""
        own = self.membership
        return own.active and own.role == ADMINISTRATOR and not own.denied

    @property
    def can_grant_permissions(self) -> bool:
        """Whether the person is an administrator who has signed in here recently.

        Whether they have a password is no criterion: it would reveal an account in another clinic.
        """
        return self.is_administrator and self.last_seen_at is not None and not self.member.must_change_password


def of_current_clinic() -> ColumnElement[bool]:
    """Return the condition that selects memberships of the current clinic."""
    return Membership.clinic_id == current_clinic_id()


def list_members() -> Sequence[ClinicMember]:
    """Return the staff members of the current clinic, the deactivated ones last."""
    found = db.session.execute(_members().order_by(Membership.active.desc(), Membership.name, Membership.id))
    return [ClinicMember(*row) for row in found]


def get_member(condition: ColumnElement[bool]) -> ClinicMember:
    """Return the staff member of the current clinic who meets a condition, read anew.

    :raises MemberNotFound: if there is none
    """
    row = db.session.execute(_members().where(condition).execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise MemberNotFound
    return ClinicMember(*row)


def find_membership(member: StaffMember) -> Membership | None:
    """Return the membership of an account in the current clinic, active or not, or None."""
    return db.session.scalar(select(Membership).where(of_current_clinic(), Membership.member_id == member.id))


def add_membership(member: StaffMember, name: str, role: str) -> Membership:
    """Add a membership in the current clinic."""
    added = Membership(clinic_id=current_clinic_id(), member_id=member.id, name=name, role=role)
    db.session.add(added)
    return added


def _members() -> Select[Membership, StaffMember, datetime, bool]:
    seen = select(func.max(LoginSession.seen_at)).where(
        LoginSession.member_id == Membership.member_id, LoginSession.clinic_id == Membership.clinic_id
    )
    return (
        select(Membership, StaffMember, seen.correlate(Membership).scalar_subquery(), Clinic.desk_overbooks)
        .join(StaffMember, StaffMember.id == Membership.member_id)
        .join(Clinic, Clinic.id == Membership.clinic_id)
        .where(of_current_clinic())
    )
