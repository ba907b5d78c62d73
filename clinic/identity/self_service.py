"""A person's own account: password, sessions, preferences, current clinic."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from clinic.core.audit import record_act
from clinic.core.clock import now
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.errors import Gone, InvalidInput, NotFound
from clinic.core.rate_limit import Limit, hit, hit_all
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import email_key, lock_account
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.models import Clinic, Membership, StaffMail, StaffMember
from clinic.identity.passwords import hash_password, password_problems, verify_password
from clinic.identity.sessions import Session, session_service, token_hash
from clinic.identity.sign_in import TooManyAttempts, check_password

PER_RESET = Limit(3, 3600)
PER_RESET_ADDRESS = Limit(10, 300)
PER_LINK = Limit(5, 600)
SENT_TWICE = timedelta(minutes=10)
"""How long after a link was used the form behind it may arrive once more."""


class WeakPassword(InvalidInput):
    """The new password is too easy to guess."""

    code = "weak-password"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems[0], problems={"new_password": list(problems)})


class LinkExpired(Gone):
    """A link to set a password is used, expired or unknown."""

    code = "link-expired"

    def __init__(self) -> None:
        super().__init__("This link was used before or is too old: ask for a new one")


class SelfService:
    """What a person may do with their own account."""

    def change_password(self, session: Session, *, present: str, new: str) -> str:
        """Set a new password, end all other sessions and queue a mail about it; return this session's new token.

        :raises WrongPassword: if the current password is wrong
        :raises WeakPassword: if the new one is too easy to guess
        :raises TooManyAttempts: after too many wrong passwords
        """
        check_password(session, present)
        if present == new:
            raise WeakPassword(["Choose another password than the current one"])
        with unit_of_work():
            member = _set_password(session.member.id, new)
            session_service.end_all(member.id, besides=session.sign_in.id)
            return session_service.change_token(session.sign_in.id)

    def password_problems(self, session: Session, new: str) -> Sequence[str]:
        """Return the problems of a new password of a person."""
        return password_problems(new, context=_guessable_words(session.member))

    def request_reset(self, email: str, *, address: str) -> None:
        """Queue a mail with a link to set a new password; an unknown address takes the same work and sends nothing.

        :raises TooManyAttempts: after too many requests
        """
        account = email_key(email)
        if wait := hit_all([(f"reset:{account}", PER_RESET), (f"reset-from:{address}", PER_RESET_ADDRESS)]):
            raise TooManyAttempts(wait)
        with unit_of_work():
            member_id = db.session.scalar(select(StaffMember.id).where(StaffMember.email_key == account))
            staff_mail_queue.queue("reset", member_id=member_id, clinic_id=_first_clinic(member_id))

    def get_link(self, token: str) -> tuple[StaffMember, str]:
        """Return the account of a link to set a password, and the kind of its mail.

        :raises LinkExpired: if the link is not valid
        """
        mail = _mail_of(token)
        return db.session.get_one(StaffMember, mail.member_id), mail.kind

    def set_password_by_link(self, token: str, new: str) -> None:
        """Set a new password by a link, which works once; all sessions of the person end.

        The same password sent again within ten minutes changes nothing and is no error.

        :raises LinkExpired: if the link is used or expired
        :raises WeakPassword: if the password is too easy to guess
        """
        try:
            self._use_link(token, new)
        except LinkExpired:
            if not _has_just_set(token, new):
                raise

    def end_session(self, session: Session, sign_in_id: UUID) -> None:
        """End one of the person's own sessions.

        :raises NotFound: if they have none with that id
        """
        with unit_of_work():
            session_service.end(sign_in_id, of_member=session.member.id)
            record_act("session-ended", "staff_members", session.member.id)

    def save_preferences(self, session: Session, *, shortcuts: bool) -> None:
        """Save the person's preferences."""
        with unit_of_work():
            lock_account(session.member.id).shortcuts = shortcuts

    def switch_clinic(self, session: Session, clinic_id: UUID) -> str:
        """Switch the session to another clinic of the person; return its new token.

        :raises NotFound: if the person is not active there
        """
        wanted = (Membership.member_id == session.member.id, Membership.clinic_id == clinic_id, Membership.active)
        with unit_of_work():
            if db.session.scalar(select(Membership.id).where(*wanted)) is None:
                raise NotFound("There is no such clinic")
            record_act("signed-in", "staff_members", session.member.id, clinic_id=clinic_id)
            return session_service.change_token(session.sign_in.id, clinic_id=clinic_id)

    def _use_link(self, token: str, new: str) -> None:
        member_id = _mail_of(token).member_id
        clinic_id = _first_clinic(member_id)
        db.session.commit()  # a clinic scope has its own database session
        with clinic_scope(clinic_id), as_actor(f"staff:{member_id}"), unit_of_work():
            member = lock_account(member_id)
            _mail_of(token)
            _set_password(member.id, new)
            session_service.end_all(member.id)


self_service = SelfService()


def _set_password(member_id: UUID | None, new: str) -> StaffMember:
    """Set a new password, void the links to set another, and queue a mail about it.

    :raises WeakPassword: if it is too easy to guess
    """
    member = lock_account(member_id)
    if problems := password_problems(new, context=_guessable_words(member)):
        raise WeakPassword(problems)
    member.password_hash, member.must_change_password = hash_password(new), False
    member.password_expires_at = None
    staff_mail_queue.void_links(member.id)
    staff_mail_queue.queue("password-changed", member_id=member.id, clinic_id=_first_clinic(member.id))
    return member


def _mail_of(token: str) -> StaffMail:
    """Return the mail of a valid token, whose account is active in some clinic.

    :raises LinkExpired: if there is none
    """
    wanted = select(StaffMail).where(
        StaffMail.token_hash == token_hash(token), StaffMail.used_at.is_(None), StaffMail.expires_at > now()
    )
    mail = db.session.scalar(wanted)
    if mail is None or _first_clinic(mail.member_id) is None:
        raise LinkExpired
    return mail


def _has_just_set(token: str, new: str) -> bool:
    """Return whether a link was used in the last minutes, by whom the password is now `new`; guesses are limited."""
    used = (StaffMail.token_hash == token_hash(token), StaffMail.used_at > now() - SENT_TWICE)
    member = db.session.scalar(select(StaffMember).join(StaffMail, StaffMail.member_id == StaffMember.id).where(*used))
    return member is not None and not hit(f"link:{member.id}", PER_LINK) and verify_password(member.password_hash, new)


def _first_clinic(member_id: UUID | None) -> UUID | None:
    active = (Membership.member_id == member_id, Membership.active)
    return db.session.scalar(select(Membership.clinic_id).where(*active).order_by(Membership.id).limit(1))


def _guessable_words(member: StaffMember) -> list[str]:
    """Return the words that somebody who knows the person would guess."""
    wanted = select(Membership.name, Clinic.name).join(Clinic, Clinic.id == Membership.clinic_id)
    found = db.session.execute(wanted.where(Membership.member_id == member.id))
    return [member.email, *(word for row in found for word in row)]
