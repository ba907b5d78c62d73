"""A person's own account: password, second step, sessions, the clinic they are in."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from clinic.core.audit import record_act
from clinic.core.clock import now
from clinic.core.database import db, unit_of_work
from clinic.core.errors import Gone, Invalid, NotFound
from clinic.core.text import is_storable
from clinic.core.throttle import Limit, attempt, attempts, forgive
from clinic.staff.admission import email_key
from clinic.staff.codes import matching_step, new_recovery_codes, new_totp_secret, recovery_hash
from clinic.staff.models import Clinic, Membership, RecoveryCode, StaffLetter, StaffMember
from clinic.staff.passwords import hash_password, password_problems, verify_password
from clinic.staff.sessions import Session, session_service, token_hash
from clinic.staff.sign_in import PER_CODE, TooManyTries, WrongCode

RESET_LIFE = timedelta(minutes=60)
INVITATION_LIFE = timedelta(days=7)
PER_RESET = Limit(3, 3600)
PER_RESET_ADDRESS = Limit(10, 300)


class WrongPassword(Invalid):
    """The present password is another one."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("This is not your present password", field="present_password")


class WeakPassword(Invalid):
    """The new password is too easy to guess."""

    code = "weak-password"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems[0], problems={"new_password": list(problems)})


class LinkExpired(Gone):
    """A link to set a password was used before, or is too old, or was never given out."""

    code = "link-expired"

    def __init__(self) -> None:
        super().__init__("This link was used before or is too old: ask for a new one")


class AccountService:
    """What a person may do with their own account."""

    def change_password(self, session: Session, *, present: str, new: str) -> str:
        """Set a new password; all other sessions end, a mail says so; return this session's new token.

        :raises WrongPassword: if the present one is another
        :raises WeakPassword: if the new one is too easy to guess
        :raises TooManyTries: if too many wrong ones came before
        """
        bucket = f"password:{session.member.id}"
        if wait := attempt(bucket, PER_CODE):
            raise TooManyTries(wait)
        if not verify_password(session.member.password_hash, present):
            raise WrongPassword
        forgive(bucket)
        with unit_of_work():
            self._set_password(session.member.id, new, present=present)
            session_service.end_all_of(session.member.id, besides=session.sign_in.id)
            return session_service.change_token(session.sign_in.id)

    def ask_for_reset(self, email: str, *, address: str) -> None:
        """Let the worker send a link to set a new password; for an unknown address the same work leads to nothing.

        :raises TooManyTries: if too many were asked for before
        """
        account = email_key(email) if is_storable(email) else ""
        if wait := attempts([(f"reset:{account}", PER_RESET), (f"reset-from:{address}", PER_RESET_ADDRESS)]):
            raise TooManyTries(wait)
        with unit_of_work():
            member = db.session.scalar(select(StaffMember).where(StaffMember.email_key == account))
            working = member and _first_clinic(member.id)
            db.session.add(
                StaffLetter(kind="reset", member_id=member.id if member and working else None, clinic_id=working)
            )

    def holder_of(self, token: str) -> StaffMember:
        """Return whose password a link may set.

        :raises LinkExpired: if it may set nobody's
        """
        letter = _letter(token)
        if letter is None or letter.member_id is None:
            raise LinkExpired
        return db.session.get_one(StaffMember, letter.member_id)

    def set_password_by_link(self, token: str, new: str) -> StaffMember:
        """Set a new password once; all sessions of the person end.

        :raises LinkExpired: if the link was used before or is too old
        :raises WeakPassword: if the password is too easy to guess
        """
        with unit_of_work():
            letter = _letter(token, locked=True)
            if letter is None or letter.member_id is None:
                raise LinkExpired
            letter.used_at = now()
            member = self._set_password(letter.member_id, new)
            _void_other_links(member.id)
            session_service.end_all_of(member.id)
        return member

    def begin_second_step(self, session: Session) -> str:
        """Return a new secret for an app that shows codes; it counts only once a code has been confirmed."""
        with unit_of_work():
            member = db.session.get_one(StaffMember, session.member.id, with_for_update=True)
            if member.totp_on:
                raise Invalid("The second step is on already")
            member.totp_secret = member.totp_secret or new_totp_secret()
        return member.totp_secret

    def confirm_second_step(self, session: Session, code: str) -> tuple[Sequence[str], str]:
        """Turn the second step on; return the recovery codes, told once, and the session's new token.

        :raises WrongCode: if the code is not right
        :raises TooManyTries: if too many wrong ones came before
        """
        if wait := attempt(f"code:{session.member.id}", PER_CODE):
            raise TooManyTries(wait)
        with unit_of_work():
            member = db.session.get_one(StaffMember, session.member.id, with_for_update=True)
            step = matching_step(member.totp_secret or "", code, now(), member.totp_last_step)
            if step is None or member.totp_on:
                raise WrongCode
            member.totp_on, member.totp_last_step = True, step
            codes = _give_recovery_codes(member.id)
            session_service.end_all_of(member.id, besides=session.sign_in.id)
            return codes, session_service.change_token(session.sign_in.id)

    def new_recovery_codes(self, session: Session, *, present: str) -> Sequence[str]:
        """Return new recovery codes, told once; the old ones are worth nothing.

        :raises WrongPassword: if the password is another
        """
        self._check_present(session, present)
        with unit_of_work():
            return _give_recovery_codes(session.member.id)

    def end_second_step(self, session: Session, *, present: str) -> str:
        """Turn the second step off; all other sessions end; return this one's new token.

        :raises WrongPassword: if the password is another
        """
        self._check_present(session, present)
        with unit_of_work():
            member = db.session.get_one(StaffMember, session.member.id, with_for_update=True)
            member.totp_on, member.totp_secret, member.totp_last_step = False, None, None
            db.session.execute(delete(RecoveryCode).where(RecoveryCode.member_id == member.id))
            session_service.end_all_of(member.id, besides=session.sign_in.id)
            return session_service.change_token(session.sign_in.id)

    def end_session(self, session: Session, sign_in_id: UUID) -> None:
        """End one of the person's own sessions.

        :raises NotFound: if they have none of that id
        """
        with unit_of_work():
            session_service.end(sign_in_id, of_member=session.member.id)
            record_act("session-ended", "staff_members", session.member.id)

    def prefer(self, session: Session, *, shortcuts: bool) -> None:
        """Keep what the person prefers."""
        with unit_of_work():
            db.session.get_one(StaffMember, session.member.id, with_for_update=True).shortcuts = shortcuts

    def switch_clinic(self, session: Session, clinic_id: UUID) -> str:
        """Go on in another clinic in which the person works; return the session's new token.

        :raises NotFound: if they don't work there
        """
        wanted = (Membership.member_id == session.member.id, Membership.clinic_id == clinic_id, Membership.active)
        if db.session.scalar(select(Membership.id).where(*wanted)) is None:
            raise NotFound("There is no such clinic")
        return session_service.change_token(session.sign_in.id, clinic_id=clinic_id)

    def _check_present(self, session: Session, present: str) -> None:
        bucket = f"password:{session.member.id}"
        if wait := attempt(bucket, PER_CODE):
            raise TooManyTries(wait)
        if not verify_password(session.member.password_hash, present):
            raise WrongPassword
        forgive(bucket)

    def _set_password(self, member_id: UUID, new: str, *, present: str | None = None) -> StaffMember:
        member = db.session.get_one(StaffMember, member_id, with_for_update=True)
        problems = password_problems(new, context=_words_about(member))
        if present is not None and present == new:
            problems = ["Choose another password than the present one"]
        if problems:
            raise WeakPassword(problems)
        member.password_hash, member.must_change_password = hash_password(new), False
        member.password_expires_at = None
        db.session.add(StaffLetter(kind="password-changed", member_id=member.id, clinic_id=_first_clinic(member.id)))
        return member


account_service = AccountService()


def _letter(token: str, *, locked: bool = False) -> StaffLetter | None:
    """Return the letter of a token that was neither used nor is too old, nor of somebody who works nowhere."""
    wanted = select(StaffLetter).where(
        StaffLetter.token_hash == token_hash(token), StaffLetter.used_at.is_(None), StaffLetter.expires_at > now()
    )
    letter = db.session.scalar(wanted.with_for_update() if locked else wanted)
    works = letter is not None and letter.member_id is not None and _first_clinic(letter.member_id)
    return letter if works else None


def _void_other_links(member_id: UUID) -> None:
    unused = (StaffLetter.member_id == member_id, StaffLetter.used_at.is_(None), StaffLetter.token_hash.is_not(None))
    for letter in db.session.scalars(select(StaffLetter).where(*unused)):
        letter.used_at = now()


def _first_clinic(member_id: UUID) -> UUID | None:
    working = (Membership.member_id == member_id, Membership.active)
    return db.session.scalar(select(Membership.clinic_id).where(*working).order_by(Membership.id).limit(1))


def _words_about(member: StaffMember) -> list[str]:
    """Return the words by which somebody who knows the person would guess."""
    wanted = select(Membership.name, Clinic.name).join(Clinic, Clinic.id == Membership.clinic_id)
    found = db.session.execute(wanted.where(Membership.member_id == member.id))
    return [member.email, *(word for row in found for word in row)]


def _give_recovery_codes(member_id: UUID) -> Sequence[str]:
    codes = new_recovery_codes()
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.member_id == member_id))
    db.session.add_all(RecoveryCode(member_id=member_id, code_hash=recovery_hash(code)) for code in codes)
    return codes
