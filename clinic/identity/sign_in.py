"""Signing in with a password and maybe a second factor; attempts are limited, and accounts cannot be enumerated."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from clinic.core.audit import record_act, record_act_or_nothing
from clinic.core.clock import now
from clinic.core.config import in_production
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.errors import InvalidInput, RateLimited
from clinic.core.rate_limit import Limit, hit, hit_all, refund
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import DEMO_DOMAIN, email_key, find_account, lock_account
from clinic.identity.models import LoginSession, Membership, RecoveryCode, StaffMember
from clinic.identity.passwords import hash_password, needs_rehash, verify_password
from clinic.identity.sessions import SIGNED_OUT, Session, session_service
from clinic.identity.totp import matching_step, recovery_hash

PER_ACCOUNT = Limit(30, 300)
PER_ADDRESS = Limit(10, 300)
PER_DEVICE = Limit(10, 300)
PER_CODE = Limit(5, 300)
_NOBODY = UUID(int=0)
"""The id whose clinics are read for an address without an account, so that its refusal takes as long."""


class TooManyAttempts(RateLimited):
    """Too many attempts: further ones are refused for a while."""

    code = "too-many-tries"

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        message = f"Too many attempts: wait {minutes} minute{'s' if minutes > 1 else ''}, then try again"
        super().__init__(message, retry_after=seconds)


class WrongCredentials(InvalidInput):
    """The email address or the password is wrong."""

    code = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__("The email address and the password do not match", field="email")


class WrongCode(InvalidInput):
    """The code of the second factor is wrong or used."""

    code = "wrong-code"

    def __init__(self) -> None:
        super().__init__("This code is wrong or was used before: enter the one that is shown now", field="code")


class WrongPassword(InvalidInput):
    """The current password is wrong."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("This is not your current password", field="present_password")


@dataclass(frozen=True)
class Caller:
    """The client of a login: IP address, browser, and the device's id if the account was used on it before.

    `clinic_id` is the clinic of the browser's former session.
    """

    address: str
    agent: str = ""
    device: str | None = None
    clinic_id: UUID | None = None


class SignInService:
    """Starts, completes and ends login sessions."""

    def authenticate(self, email: str, password: str, caller: Caller) -> str:
        """Start a session for an email address and its password, and return its token.

        A device that has signed in to the account before has its own limit, so that strangers cannot lock people out.

        :raises WrongCredentials: if the address or the password is wrong, or the person is active in no clinic
        :raises TooManyAttempts: after too many failed attempts
        """
        buckets = _buckets(email, caller)
        if wait := hit_all(buckets):
            raise TooManyAttempts(wait)
        member = find_account(email)
        matches = verify_password(member.password_hash if member else None, password)
        member_id = member.id if member else None
        clinics = _clinics_of(member_id or _NOBODY, caller.clinic_id)
        if member is None or not matches or not clinics or _has_expired(member) or _is_demo_account(member):
            _record_refusal(member_id, clinics)
            raise WrongCredentials
        return self._begin(member, clinics[0], caller, password, buckets)

    def second_step(self, session: Session, code: str) -> str:
        """Complete a login with a code of the authenticator app or a recovery code; return the session's new token.

        :raises WrongCode: if the code is wrong or used
        :raises TooManyAttempts: after too many wrong codes
        """
        bucket = f"code:{session.member.id}"
        if wait := hit(bucket, PER_CODE):
            raise TooManyAttempts(wait)
        with unit_of_work():
            member = lock_account(session.member.id)
            matches = _use_totp(member, code) or _use_recovery_code(member, code)
            record_act("signed-in" if matches else "sign-in-refused", "staff_members", member.id)
            if matches:
                refund(bucket)
                return session_service.change_token(session.sign_in.id, complete=True)
        raise WrongCode

    def sign_out(self, session: Session) -> None:
        """End the current session."""
        with unit_of_work():
            session_service.end(session.sign_in.id, of_member=session.member.id, because=SIGNED_OUT)
            record_act("signed-out", "staff_members", session.member.id)

    def _begin(
        self, member: StaffMember, clinic_id: UUID, caller: Caller, password: str, buckets: Sequence[tuple[str, Limit]]
    ) -> str:
        """Start a session and refund the attempt, unless the password has been changed since it was verified."""
        verified = member.password_hash
        db.session.commit()  # a clinic scope has its own database session
        with clinic_scope(clinic_id), as_actor(f"staff:{member.id}"), unit_of_work():
            member = lock_account(member.id)
            current = member.password_hash
            if current is None or current != verified or _has_expired(member):
                raise WrongCredentials
            if member.must_change_password:
                member.password_expires_at = now()  # a secret works once, to choose a password
            if needs_rehash(current):
                member.password_hash = hash_password(password)
            refund(*(name for name, _ in buckets))
            if not member.totp_on:
                record_act("signed-in", "staff_members", member.id)
            return session_service.start(
                member.id, clinic_id, address=caller.address, agent=caller.agent, second_step_due=member.totp_on
            )


sign_in_service = SignInService()


def check_password(session: Session, present: str) -> None:
    """Check the current password of a session's person.

    :raises WrongPassword: if it is wrong
    :raises TooManyAttempts: after too many wrong ones
    """
    bucket = f"password:{session.member.id}"
    if wait := hit(bucket, PER_CODE):
        raise TooManyAttempts(wait)
    if not verify_password(session.member.password_hash, present):
        record_act("password-refused", "staff_members", session.member.id)
        raise WrongPassword
    refund(bucket)


def _buckets(email: str, caller: Caller) -> list[tuple[str, Limit]]:
    account = email_key(email)
    if caller.device:
        return [(f"device:{caller.device}:{account}", PER_DEVICE)]
    return [(f"account:{account}", PER_ACCOUNT), (f"address:{caller.address}", PER_ADDRESS)]


def _record_refusal(member_id: UUID | None, clinics: Sequence[UUID]) -> None:
    """Record the refusal of an account; that of an address without one takes the same work and leaves nothing."""
    clinic_id = clinics[0] if clinics else None
    with unit_of_work():
        record_act_or_nothing(member_id is not None, "sign-in-refused", "staff_members", member_id, clinic_id=clinic_id)


def _clinics_of(member_id: UUID, preferred: UUID | None) -> Sequence[UUID]:
    """Return the clinics in which a person is active: the preferred one, then that of the latest session."""
    seen = select(func.max(LoginSession.seen_at)).where(
        LoginSession.member_id == Membership.member_id, LoginSession.clinic_id == Membership.clinic_id
    )
    latest = seen.correlate(Membership).scalar_subquery()
    active = (Membership.member_id == member_id, Membership.active)
    return db.session.scalars(
        select(Membership.clinic_id)
        .where(*active)
        .order_by(Membership.clinic_id != preferred, latest.desc().nulls_last(), Membership.id)
    ).all()


def _has_expired(member: StaffMember) -> bool:
    return member.password_expires_at is not None and member.password_expires_at <= now()


def _is_demo_account(member: StaffMember) -> bool:
    return in_production() and member.email_key.endswith(DEMO_DOMAIN)


def _use_totp(member: StaffMember, code: str) -> bool:
    if not member.totp_secret:
        return False
    step = matching_step(member.totp_secret, code, now(), member.totp_last_step)
    member.totp_last_step = step or member.totp_last_step
    return step is not None


def _use_recovery_code(member: StaffMember, code: str) -> bool:
    unused = (RecoveryCode.member_id == member.id, RecoveryCode.used_at.is_(None))
    found = db.session.scalar(select(RecoveryCode).where(*unused, RecoveryCode.code_hash == recovery_hash(code)))
    if found is None:
        return False
    found.used_at = now()
    return True
