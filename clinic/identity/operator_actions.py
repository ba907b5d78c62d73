"""What only operators do, by commands: the first administrator, made-up people, a way in for whoever is locked out."""

from sqlalchemy import delete

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import MADE_UP, find_account, give_secret, lock_account, open_account, write_to
from clinic.identity.members import member_service
from clinic.identity.models import RecoveryCode, StaffMember
from clinic.identity.passwords import hash_password
from clinic.identity.roles import ADMINISTRATOR
from clinic.identity.sessions import session_service
from clinic.identity.staff_directory import ClinicMember, add_membership, find_membership


class OperatorService:
    """The staff of the clinic in force, for whoever runs the installation."""

    def create_admin(self, *, email: str, name: str | None = None) -> tuple[StaffMember, str | None]:
        """Make a person administrator; return the account, and its one-time secret if it has no password yet.

        Unless a name is given, a new administrator has the local part of the email address.
        """
        with unit_of_work():
            member, secret = find_account(email), None
            if member is None or member.password_hash is None:
                member = member or open_account(email)
                secret = give_secret(member)
            place = find_membership(member) or add_membership(member, name or email.partition("@")[0], ADMINISTRATOR)
            place.role, place.denied, place.active = ADMINISTRATOR, [], True
            session_service.end_all_of(member.id, in_clinic=place.clinic_id)
        return member, secret

    def admit(self, *, email: str, name: str, role: str, password: str) -> ClinicMember:
        """Bring in a made-up person with a password that everybody knows: for the demo's own database only.

        :raises RuntimeError: unless records are being brought in
        """
        if not current_actor().is_import or not email.endswith(MADE_UP):
            raise RuntimeError("real people are invited, and choose their passwords themselves")
        with unit_of_work():
            member = open_account(email)
            member.password_hash = hash_password(password)
            return ClinicMember(add_membership(member, name, role), member)

    def reset_password(self, email: str, *, end_second_step: bool = False) -> str:
        """Give a member of staff a one-time secret instead of the password; their sessions, in all clinics, end.

        :raises MemberNotFound: if nobody works here under that address
        """
        worker = member_service.named(email)
        with unit_of_work():
            member = lock_account(worker.member.id)
            secret = give_secret(member)
            if end_second_step:
                member.totp_on, member.totp_secret, member.totp_last_step = False, None, None
                db.session.execute(delete(RecoveryCode).where(RecoveryCode.member_id == member.id))
            session_service.end_all_of(member.id)
            write_to(member, "password-changed")
        return secret

    def withdraw_secret(self, email: str) -> None:
        """End the one-time secret of a member of staff that could not be shown.

        :raises MemberNotFound: if nobody works here under that address
        """
        worker = member_service.named(email)
        with unit_of_work():
            lock_account(worker.member.id).password_expires_at = now()


operator_service = OperatorService()
