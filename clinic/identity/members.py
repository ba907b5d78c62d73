"""The staff members of a clinic and their roles; the last administrator cannot be removed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from clinic.core.audit import record_act
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import add_account, email_key, find_account, lock_account, queue_mail
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic, Membership, StaffMember
from clinic.identity.roles import permission_labels, role_permissions
from clinic.identity.sessions import session_service
from clinic.identity.staff_directory import (
    ClinicMember,
    MemberNotFound,
    add_membership,
    find_membership,
    get_member,
    list_members,
)


class InvalidMember(InvalidInput):
    """A staff member cannot be saved with this input."""

    code = "invalid-member"


class LastAdministrator(Conflict):
    """The change would leave the clinic without an administrator, who alone can appoint another."""

    code = "last-administrator"

    def __init__(self) -> None:
        super().__init__(
            "The clinic needs an administrator with all permissions who has signed in here recently: "
            "make somebody else administrator, and have them sign in first"
        )


class MemberChanged(StaleVersion):
    """Somebody else has changed this staff member."""


class MemberDeactivated(Conflict):
    """The staff member is deactivated in this clinic."""

    code = "has-left"

    def __init__(self) -> None:
        super().__init__("This person has no access to the clinic now: reactivate them first")


class MemberService:
    """The staff members of the current clinic; their other clinics are not visible here."""

    def invite(self, *, email: str, name: str, role: str) -> ClinicMember:
        """Give a person a role in the clinic, and queue a mail that invites them.

        :raises InvalidMember: if they are a member already, or the role has a permission that the actor lacks
        """
        _check_granted(frozenset(), _permissions(role))
        try:
            with unit_of_work():
                member = find_account(email) or add_account(email)
                if existing := find_membership(member):
                    raise _already_member(existing)
                membership = add_membership(member, name, role)
                db.session.flush()
                queue_mail(member, "invitation")
        except IntegrityError as error:
            raise InvalidMember("Somebody else is inviting this person right now: try again", field="email") from error
        return ClinicMember(membership, member)

    def list(self) -> Sequence[ClinicMember]:
        """Return the staff members, the deactivated ones last."""
        return list_members()

    def get(self, membership_id: UUID) -> ClinicMember:
        """Return a staff member, active or not.

        :raises MemberNotFound: if there is none with that id
        """
        return get_member(Membership.id == membership_id)

    def get_by_email(self, email: str) -> ClinicMember:
        """Return the staff member with an email address, active or not.

        :raises MemberNotFound: if there is none
        """
        return get_member(StaffMember.email_key == email_key(email))

    def administrators(self) -> Sequence[Membership]:
        """Return the administrators who have signed in here recently, who can grant permissions."""
        return [one.membership for one in self.list() if one.can_grant_permissions]

    def update(
        self, membership_id: UUID, *, version: int, name: str, role: str, denied: Sequence[str] = ()
    ) -> Membership:
        """Change a staff member's name, role and denied permissions; changed permissions end their sessions here.

        :raises InvalidMember: if they would get a permission that the actor lacks
        :raises MemberNotFound: if there is none with that id
        :raises MemberChanged: if somebody else has changed it
        :raises LastAdministrator: if no administrator would be left
        """
        with unit_of_work():
            found = self._locked(membership_id)
            membership, was_administrator = found.membership, found.is_administrator
            if membership.version != version:
                raise MemberChanged
            _check_granted(found.permissions, _permissions(role, denied))
            membership.name = name
            if (membership.role, set(membership.denied)) != (role, set(denied)):
                membership.role, membership.denied = role, sorted(set(denied))
                _end_sessions(membership)
            self._check_administrator_left(was_administrator)
        return membership

    def deactivate(self, membership_id: UUID) -> Membership:
        """Deactivate a staff member, and end their sessions in the clinic.

        :raises MemberNotFound: if there is none with that id
        :raises LastAdministrator: if no administrator would be left
        """
        with unit_of_work():
            found = self._locked(membership_id)
            was_administrator = found.is_administrator
            found.membership.active = False
            _end_sessions(found.membership)
            self._check_administrator_left(was_administrator)
        return found.membership

    def reactivate(self, membership_id: UUID) -> Membership:
        """Reactivate a staff member in their former role.

        :raises InvalidMember: if the role has a permission that the actor lacks
        :raises MemberNotFound: if there is none with that id
        """
        with unit_of_work():
            found = self._locked(membership_id)
            _check_granted(frozenset(), found.permissions)
            found.membership.active = True
        return found.membership

    def send_password_link(self, membership_id: UUID) -> ClinicMember:
        """Queue a mail with a link to set a password.

        :raises MemberNotFound: if there is none with that id
        :raises MemberDeactivated: if they are deactivated
        """
        with unit_of_work():
            found = self.get(membership_id)
            if not found.membership.active:
                raise MemberDeactivated
            record_act("link-sent", "staff_members", found.member.id)
            queue_mail(found.member, "reset" if found.member.password_hash else "invitation")
        return found

    def end_sessions(self, membership_id: UUID) -> int:
        """End all sessions of a staff member in the clinic; return their number.

        :raises MemberNotFound: if there is none with that id
        """
        with unit_of_work():
            membership = self.get(membership_id).membership
            lock_account(membership.member_id)
            record_act("session-ended", "staff_members", membership.member_id)
            return _end_sessions(membership)

    def get_actor(self, email: str) -> tuple[str, frozenset[str]]:
        """Return the actor and the permissions of the active staff member with an email address.

        :raises MemberNotFound: if there is none
        """
        found = self.get_by_email(email)
        if not found.membership.active:
            raise MemberNotFound
        return f"staff:{found.member.id}", found.permissions

    def _locked(self, membership_id: UUID) -> ClinicMember:
        """Return a staff member, after locking the clinic, for one change of memberships at a time, and the account."""
        db.session.get_one(Clinic, current_clinic_id(), with_for_update={"key_share": True})
        found = self.get(membership_id)
        lock_account(found.member.id)
        return found

    def _check_administrator_left(self, was_administrator: bool) -> None:
        db.session.flush()
        if was_administrator and not self.administrators():
            raise LastAdministrator


member_service = MemberService()


def _permissions(role: str, denied: Sequence[str] = ()) -> frozenset[str]:
    """Return the permissions of a role in the current clinic except the denied ones."""
    return role_permissions(role, denied, desk_overbooks=clinic_service.current().desk_overbooks)


def _check_granted(before: frozenset[str], after: frozenset[str]) -> None:
    """Check that the current actor grants no permission that they lack, which they could grant to a second account.

    :raises InvalidMember: if they do
    """
    beyond = [
        words
        for name, words in permission_labels().items()
        if name in after - before and not current_actor().has_permission(name)
    ]
    if beyond:
        raise InvalidMember(f"You can't grant permissions that you do not have: {'; '.join(beyond)}", field="role")


def _already_member(membership: Membership) -> InvalidMember:
    if membership.active:
        return InvalidMember("There is already a staff member with this address", field="email")
    return InvalidMember("A former staff member has this address: reactivate them from the list", field="email")


def _end_sessions(membership: Membership) -> int:
    return session_service.end_all(membership.member_id, clinic_id=membership.clinic_id)
