"""Who works in a clinic, in which role; there is always an administrator left."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from clinic.core.audit import record_act
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import email_key, find_account, open_account, write_to
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
    """What was said of a staff member can't be."""

    code = "invalid-member"


class LastAdministrator(Conflict):
    """A clinic without an administrator could never get one again."""

    code = "last-administrator"

    def __init__(self) -> None:
        super().__init__(
            "The clinic needs an administrator who has signed in here lately and is denied nothing: "
            "make somebody else one, and let them sign in first"
        )


class MemberChanged(StaleVersion):
    """Somebody else changed this staff member meanwhile."""


class HasLeft(Conflict):
    """Somebody does not work in the clinic any more."""

    code = "has-left"

    def __init__(self) -> None:
        super().__init__("This person has no access to the clinic now: let them in again first")


class MemberService:
    """The staff of the clinic in force; what they do in other clinics is not seen from here."""

    def invite(self, *, email: str, name: str, role: str) -> ClinicMember:
        """Give a person a role in the clinic, and write to them how to sign in.

        :raises InvalidMember: with every problem, if there is one
        """
        _refuse_giving_more(frozenset(), role_permissions(role))
        try:
            with unit_of_work():
                member = find_account(email) or open_account(email)
                if known := find_membership(member):
                    raise _known_already(known)
                membership = add_membership(member, name, role)
                db.session.flush()
                write_to(member, "invitation")
        except IntegrityError as error:
            raise InvalidMember("Somebody else invites this person just now: try again", field="email") from error
        return ClinicMember(membership, member)

    def list(self) -> Sequence[ClinicMember]:
        """Return who works in the clinic, those who left last."""
        return list_members()

    def get(self, membership_id: UUID) -> ClinicMember:
        """Return somebody who works, or has worked, in the clinic.

        :raises MemberNotFound: if there is nobody of that id
        """
        return get_member(Membership.id == membership_id)

    def named(self, email: str) -> ClinicMember:
        """Return who works, or has worked, in the clinic under an e-mail address.

        :raises MemberNotFound: if nobody does
        """
        return get_member(StaffMember.email_key == email_key(email))

    def administrators(self) -> Sequence[Membership]:
        """Return who may give others permissions, and has been here lately."""
        return [worker.membership for worker in self.list() if worker.runs_the_clinic]

    def update(
        self, membership_id: UUID, *, version: int, name: str, role: str, denied: Sequence[str] = ()
    ) -> Membership:
        """Change somebody's name, role and what is denied to them; what they may do now ends their sessions here.

        :raises InvalidMember: with every problem, if there is one
        :raises MemberNotFound: if there is nobody of that id
        :raises MemberChanged: if somebody else changed it meanwhile
        :raises LastAdministrator: if nobody else could give permissions any more
        """
        with unit_of_work():
            worker = self._locked(membership_id)
            membership, was_administrator = worker.membership, worker.is_administrator
            if membership.version != version:
                raise MemberChanged
            _refuse_giving_more(worker.permissions, role_permissions(role, denied))
            membership.name = name
            if (membership.role, set(membership.denied)) != (role, set(denied)):
                membership.role, membership.denied = role, sorted(set(denied))
                _end_sessions(membership)
            self._keep_an_administrator(was_administrator)
        return membership

    def deactivate(self, membership_id: UUID) -> Membership:
        """End somebody's access to the clinic at once.

        :raises MemberNotFound: if there is nobody of that id
        :raises LastAdministrator: if nobody else could give permissions any more
        """
        with unit_of_work():
            worker = self._locked(membership_id)
            was_administrator = worker.is_administrator
            worker.membership.active = False
            _end_sessions(worker.membership)
            self._keep_an_administrator(was_administrator)
        return worker.membership

    def reactivate(self, membership_id: UUID) -> Membership:
        """Let somebody work in the clinic again, in the role that they had.

        :raises MemberNotFound: if there is nobody of that id
        """
        with unit_of_work():
            worker = self._locked(membership_id)
            _refuse_giving_more(frozenset(), worker.permissions)
            worker.membership.active = True
        return worker.membership

    def ask_for_new_password(self, membership_id: UUID) -> ClinicMember:
        """Let the worker send a link by which a member of staff sets a password.

        :raises MemberNotFound: if there is nobody of that id
        :raises HasLeft: if they do not work here now
        """
        with unit_of_work():
            worker = self.get(membership_id)
            if not worker.membership.active:
                raise HasLeft
            record_act("link-sent", "staff_members", worker.member.id)
            write_to(worker.member, "reset" if worker.member.password_hash else "invitation")
        return worker

    def end_sessions(self, membership_id: UUID) -> int:
        """End all sessions that somebody has in the clinic; return how many.

        :raises MemberNotFound: if there is nobody of that id
        """
        with unit_of_work():
            membership = self.get(membership_id).membership
            record_act("session-ended", "staff_members", membership.member_id)
            return _end_sessions(membership)

    def get_actor(self, email: str) -> tuple[str, frozenset[str]]:
        """Return who acts when a command is run for somebody, and what they may do.

        :raises MemberNotFound: if nobody works here under that address now
        """
        worker = self.named(email)
        if not worker.membership.active:
            raise MemberNotFound
        return f"staff:{worker.member.id}", worker.permissions

    def _locked(self, membership_id: UUID) -> ClinicMember:
        """Return somebody as they are now; who works in a clinic is changed by one at a time."""
        db.session.get_one(Clinic, current_clinic_id(), with_for_update={"key_share": True})
        return self.get(membership_id)

    def _keep_an_administrator(self, was_administrator: bool) -> None:
        db.session.flush()
        if was_administrator and not self.administrators():
            raise LastAdministrator


member_service = MemberService()


def _refuse_giving_more(before: frozenset[str], after: frozenset[str]) -> None:
    """Let nobody give what they may not do: who is denied something could give it to an account of their own."""
    beyond = [
        words
        for name, words in permission_labels().items()
        if name in after - before and not current_actor().has_permission(name)
    ]
    if beyond:
        raise InvalidMember(f"You can't give what you may not do yourself: {'; '.join(beyond)}", field="role")


def _known_already(membership: Membership) -> InvalidMember:
    if membership.active:
        return InvalidMember("Somebody with this address works here already", field="email")
    return InvalidMember("Somebody with this address has worked here: let them in again from the list", field="email")


def _end_sessions(membership: Membership) -> int:
    return session_service.end_all_of(membership.member_id, in_clinic=membership.clinic_id)
