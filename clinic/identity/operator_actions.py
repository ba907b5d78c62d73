"""Actions of operators by commands: first administrator, demo accounts, new secret for a locked-out person."""

from collections.abc import Mapping

from sqlalchemy import delete

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import (
    DEMO_DOMAIN,
    add_account,
    find_account,
    lock_account,
    queue_mail,
    set_one_time_secret,
)
from clinic.identity.members import member_service
from clinic.identity.models import RecoveryCode, StaffMember
from clinic.identity.passwords import hash_password
from clinic.identity.roles import ADMINISTRATOR
from clinic.identity.sessions import session_service
from clinic.identity.staff_directory import ClinicMember, add_membership, find_membership


class OperatorService:
    """The staff members of the current clinic, as the operator of the installation manages them."""

    def create_admin(self, *, email: str, name: str | None = None) -> tuple[StaffMember, str | None]:
        """Make a person administrator; return the account, and its one-time secret if it has no password yet.

        Unless a name is given, a new administrator has the local part of the email address.
        """
        with unit_of_work():
            known, secret = find_account(email), None
            member = lock_account(known.id) if known else add_account(email)
            if member.password_hash is None:
                secret = set_one_time_secret(member)
            membership = find_membership(member) or add_membership(
                member, name or email.partition("@")[0], ADMINISTRATOR
            )
            membership.role, membership.denied, membership.active = ADMINISTRATOR, [], True
            session_service.end_all(member.id, clinic_id=membership.clinic_id)
        return member, secret

    def add_demo_members(self, people: Mapping[str, tuple[str, str]], *, password: str) -> list[ClinicMember]:
        """Add demo accounts with one public password, for the demo's own database only.

        It is hashed once for all of them.

        :param people: name and role of each, by email address
        :raises RuntimeError: outside an import, or for an address outside the demo's domain
        """
        if not current_actor().is_import or not all(email.endswith(DEMO_DOMAIN) for email in people):
            raise RuntimeError("real people are invited, and choose their passwords themselves")
        password_hash = hash_password(password)
        with unit_of_work():
            return [_add_demo_member(email, name, role, password_hash) for email, (name, role) in people.items()]

    def reset_password(self, email: str, *, end_second_step: bool = False) -> str:
        """Replace a staff member's password by a one-time secret, and end their sessions in all clinics.

        :raises MemberNotFound: if there is none with that address
        """
        found = member_service.get_by_email(email)
        with unit_of_work():
            member = lock_account(found.member.id)
            secret = set_one_time_secret(member)
            if end_second_step:
                member.totp_on, member.totp_secret, member.totp_last_step = False, None, None
                db.session.execute(delete(RecoveryCode).where(RecoveryCode.member_id == member.id))
            session_service.end_all(member.id)
            queue_mail(member, "password-changed")
        return secret

    def withdraw_secret(self, email: str) -> None:
        """End the one-time secret of a member of staff that could not be shown.

        :raises MemberNotFound: if nobody works here under that address
        """
        person = member_service.get_by_email(email)
        with unit_of_work():
            lock_account(person.member.id).password_expires_at = now()


def _add_demo_member(email: str, name: str, role: str, password_hash: str) -> ClinicMember:
    member = add_account(email)
    member.password_hash = password_hash
    return ClinicMember(add_membership(member, name, role), member)


operator_service = OperatorService()
