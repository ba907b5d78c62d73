"""Signing in: a password, maybe a second step; guessing is slowed down, and nobody learns who has an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from clinic.core.audit import record_act
from clinic.core.clock import now
from clinic.core.config import in_production
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.errors import InvalidInput, RateLimited
from clinic.core.rate_limit import Limit, hit, hit_all, refund
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import MADE_UP, email_key, find_account, lock_account
from clinic.identity.models import LoginSession, Membership, RecoveryCode, StaffMember
from clinic.identity.passwords import hash_password, needs_rehash, verify_password
from clinic.identity.sessions import SIGNED_OUT, Session, session_service
from clinic.identity.totp import matching_step, recovery_hash

PER_ACCOUNT = Limit(30, 300)
PER_ADDRESS = Limit(10, 300)
PER_DEVICE = Limit(10, 300)
PER_CODE = Limit(5, 300)
_ALWAYS = Limit(10**9, 300)


class TooManyTries(RateLimited):
    """Somebody is guessing, or seems to: nothing is tried for a while."""

    code = "too-many-tries"

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        words = f"Too many tries: wait {minutes} minute{'s' if minutes > 1 else ''}, then try again"
        super().__init__(words, retry_after=seconds)


class WrongCredentials(InvalidInput):
    """The address and the password do not belong together, whichever of them is wrong."""

    code = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__("The e-mail address and the password do not match", field="email")


class WrongCode(InvalidInput):
    """The second step's code is wrong, or was used before."""

    code = "wrong-code"

    def __init__(self) -> None:
        super().__init__("This code is not right, or was used before: enter the one that is shown now", field="code")


class WrongPassword(InvalidInput):
    """The present password is another one."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("This is not your present password", field="present_password")


@dataclass(frozen=True)
class Caller:
    """From where somebody signs in: an address, a browser, the device's id if it is known for the account.

    `clinic_id` is the clinic in which the browser's session of before was.
    """

    address: str
    agent: str = ""
    device: str | None = None
    clinic_id: UUID | None = None


class SignInService:
    """Whoever proves who they are gets a session."""

    def authenticate(self, email: str, password: str, caller: Caller) -> str:
        """Begin a session for whose password it is, and return its token.

        A device that this person has signed in with before has tries of its own: strangers can't lock a person out.

        :raises WrongCredentials: if address and password don't belong together, or the person works nowhere any more
        :raises TooManyTries: if too many wrong ones came before
        """
        buckets = _buckets(email, caller)
        if wait := hit_all(buckets):
            raise TooManyTries(wait)
        member = find_account(email)
        fits = verify_password(member.password_hash if member else None, password)
        clinics = _clinics_of(member, caller.clinic_id) if member else []
        if member is None or not fits or not clinics or _has_expired(member) or _is_made_up(member):
            self._note_refusal(member, clinics)
            raise WrongCredentials
        token = self._begin(member, clinics[0], caller, password)
        refund(*(name for name, _ in buckets))
        return token

    def second_step(self, session: Session, code: str) -> str:
        """Complete a sign-in with the code of an app, or with a recovery code, and return the session's new token.

        :raises WrongCode: if it is not right, or was used before
        :raises TooManyTries: if too many wrong ones came before
        """
        bucket = f"code:{session.member.id}"
        if wait := hit(bucket, PER_CODE):
            raise TooManyTries(wait)
        with unit_of_work():
            member = lock_account(session.member.id)
            fits = _use_totp(member, code) or _use_recovery_code(member, code)
            record_act("signed-in" if fits else "sign-in-refused", "staff_members", member.id)
            token = session_service.change_token(session.sign_in.id, complete=True) if fits else None
        if token is None:
            raise WrongCode
        refund(bucket)
        return token

    def sign_out(self, session: Session) -> None:
        """End the session that is used now."""
        with unit_of_work():
            session_service.end(session.sign_in.id, of_member=session.member.id, because=SIGNED_OUT)
            record_act("signed-out", "staff_members", session.member.id)

    def _begin(self, member: StaffMember, clinic_id: UUID, caller: Caller, password: str) -> str:
        """Begin a session, unless the password that was proved has been changed meanwhile."""
        proved = member.password_hash
        db.session.commit()  # the clinic that the person enters has a session of its own
        with clinic_scope(clinic_id), as_actor(f"staff:{member.id}"), unit_of_work():
            member = lock_account(member.id)
            now_kept = member.password_hash
            if now_kept is None or now_kept != proved or _has_expired(member):
                raise WrongCredentials
            if member.must_change_password:
                member.password_expires_at = now()  # a secret is good for one sign-in, to choose a password
            if needs_rehash(now_kept):
                member.password_hash = hash_password(password)
            if not member.totp_on:
                record_act("signed-in", "staff_members", member.id)
            return session_service.start(
                member.id, clinic_id, address=caller.address, agent=caller.agent, second_step_due=member.totp_on
            )

    def _note_refusal(self, member: StaffMember | None, clinics: Sequence[UUID]) -> None:
        """Write down a refusal; what it takes is the same for those who have an account and those who have none."""
        if member is None:
            hit("nobody", _ALWAYS)
        else:
            clinic_id = clinics[0] if clinics else None
            with unit_of_work():
                record_act("sign-in-refused", "staff_members", member.id, clinic_id=clinic_id)


sign_in_service = SignInService()


def prove_password(session: Session, present: str) -> None:
    """Make sure that whoever uses a session knows the person's password.

    :raises WrongPassword: if they don't
    :raises TooManyTries: if too many wrong ones came before
    """
    bucket = f"password:{session.member.id}"
    if wait := hit(bucket, PER_CODE):
        raise TooManyTries(wait)
    if not verify_password(session.member.password_hash, present):
        record_act("password-refused", "staff_members", session.member.id)
        raise WrongPassword
    refund(bucket)


def _buckets(email: str, caller: Caller) -> list[tuple[str, Limit]]:
    account = email_key(email)
    if caller.device:
        return [(f"device:{caller.device}:{account}", PER_DEVICE)]
    return [(f"account:{account}", PER_ACCOUNT), (f"address:{caller.address}", PER_ADDRESS)]


def _clinics_of(member: StaffMember, preferred: UUID | None) -> Sequence[UUID]:
    """Return the clinics in which a person works: a preferred one, then the one of the latest session first."""
    seen = select(func.max(LoginSession.seen_at)).where(
        LoginSession.member_id == Membership.member_id, LoginSession.clinic_id == Membership.clinic_id
    )
    latest = seen.correlate(Membership).scalar_subquery()
    working = (Membership.member_id == member.id, Membership.active)
    return db.session.scalars(
        select(Membership.clinic_id)
        .where(*working)
        .order_by(Membership.clinic_id != preferred, latest.desc().nulls_last(), Membership.id)
    ).all()


def _has_expired(member: StaffMember) -> bool:
    return member.password_expires_at is not None and member.password_expires_at <= now()


def _is_made_up(member: StaffMember) -> bool:
    return in_production() and member.email_key.endswith(MADE_UP)


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
