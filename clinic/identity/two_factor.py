"""Two-step verification of one's own account: authenticator app and recovery codes."""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import delete

from clinic.core.audit import record_act
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.core.rate_limit import hit, refund
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import lock_account
from clinic.identity.models import RecoveryCode
from clinic.identity.sessions import Session, session_service
from clinic.identity.sign_in import PER_CODE, TooManyAttempts, WrongCode, check_password
from clinic.identity.totp import matching_step, new_recovery_codes, new_totp_secret, recovery_hash

Show = Callable[[Sequence[str]], str]
"""Makes a page of recovery codes, before they are committed."""


class TwoFactorAlreadyOn(Conflict):
    """Two-step verification is on already; its secret is not shown again."""

    code = "second-step-on"

    def __init__(self) -> None:
        super().__init__("Two-step verification is on already: turn it off first")


class TwoFactorService:
    """Two-step verification of the person of a session."""

    def begin(self, session: Session) -> None:
        """Generate a secret for an authenticator app; verification is on only once a code has been confirmed.

        :raises TwoFactorAlreadyOn: if it is on
        """
        with unit_of_work():
            member = lock_account(session.member.id)
            if member.totp_on:
                raise TwoFactorAlreadyOn
            member.totp_secret = new_totp_secret()

    def confirm(self, session: Session, code: str, show: Show) -> tuple[str, str]:
        """Turn verification on; return the page that shows the recovery codes, and the session's new token.

        The codes are not stored: if they can't be shown, nothing is changed.

        :raises WrongCode: if the code is wrong
        :raises TwoFactorAlreadyOn: if it is on
        :raises TooManyAttempts: after too many wrong codes
        """
        bucket = f"code:{session.member.id}"
        if wait := hit(bucket, PER_CODE):
            raise TooManyAttempts(wait)
        with unit_of_work():
            member = lock_account(session.member.id)
            if member.totp_on:
                raise TwoFactorAlreadyOn
            step = matching_step(member.totp_secret, code, now(), None) if member.totp_secret else None
            if step is None:
                raise WrongCode
            member.totp_on, member.totp_last_step = True, step
            refund(bucket)
            codes, token = _replace_recovery_codes(member.id), _renew_session(session)
            return show(codes), token

    def new_recovery_codes(self, session: Session, *, present: str, show: Show) -> str:
        """Replace the recovery codes; return the page that shows the new ones, which are not stored.

        :raises WrongPassword: if the password is wrong
        :raises TooManyAttempts: after too many wrong passwords
        """
        check_password(session, present)
        with unit_of_work():
            member = lock_account(session.member.id)
            record_act("codes-renewed", "staff_members", member.id)
            return show(_replace_recovery_codes(member.id))

    def end(self, session: Session, *, present: str) -> str:
        """Turn verification off and end all other sessions; return this one's new token.

        :raises WrongPassword: if the password is wrong
        :raises TooManyAttempts: after too many wrong passwords
        """
        check_password(session, present)
        with unit_of_work():
            member = lock_account(session.member.id)
            member.totp_on, member.totp_secret, member.totp_last_step = False, None, None
            _delete_recovery_codes(member.id)
            return _renew_session(session)


two_factor_service = TwoFactorService()


def _renew_session(session: Session) -> str:
    """End all other sessions of the person, and return this one's new token."""
    session_service.end_all(session.member.id, besides=session.sign_in.id)
    return session_service.change_token(session.sign_in.id)


def _replace_recovery_codes(member_id: UUID) -> Sequence[str]:
    codes = new_recovery_codes()
    _delete_recovery_codes(member_id)
    db.session.add_all(RecoveryCode(member_id=member_id, code_hash=recovery_hash(code)) for code in codes)
    return codes


def _delete_recovery_codes(member_id: UUID) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.member_id == member_id))
