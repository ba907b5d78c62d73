"""A person's own account: password, sessions, what they prefer, the clinic they are in."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from clinic.core.audit import record_act
from clinic.core.clock import now
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.errors import Gone, InvalidInput, NotFound
from clinic.core.rate_limit import Limit, hit_all
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import email_key, lock_account
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.models import Clinic, Membership, StaffMail, StaffMember
from clinic.identity.passwords import hash_password, password_problems
from clinic.identity.sessions import Session, session_service, token_hash
from clinic.identity.sign_in import TooManyTries, prove_password

PER_RESET = Limit(3, 3600)
PER_RESET_ADDRESS = Limit(10, 300)


class WeakPassword(InvalidInput):
    """The new password is too easy to guess."""

    code = "weak-password"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems[0], problems={"new_password": list(problems)})


class LinkExpired(Gone):
    """A link to set a password was used before, or is too old, or was never given out."""

    code = "link-expired"

    def __init__(self) -> None:
        super().__init__("This link was used before or is too old: ask for a new one")


class SelfService:
    """What a person may do with their own account."""

    def change_password(self, session: Session, *, present: str, new: str) -> str:
        """Set a new password; all other sessions end, a mail says so; return this session's new token.

        :raises WrongPassword: if the present one is another
        :raises WeakPassword: if the new one is too easy to guess
        :raises TooManyTries: if too many wrong ones came before
        """
        prove_password(session, present)
        if present == new:
            raise WeakPassword(["Choose another password than the present one"])
        with unit_of_work():
            member = _set_password(session.member.id, new)
            session_service.end_all_of(member.id, besides=session.sign_in.id)
            return session_service.change_token(session.sign_in.id)

    def problems_of(self, session: Session, new: str) -> Sequence[str]:
        """Say what is the matter with a password that a person chooses, if anything is."""
        return password_problems(new, context=_words_about(session.member))

    def ask_for_reset(self, email: str, *, address: str) -> None:
        """Let the worker send a link to set a new password; for an unknown address the same work leads to nothing.

        :raises TooManyTries: if too many were asked for before
        """
        account = email_key(email)
        if wait := hit_all([(f"reset:{account}", PER_RESET), (f"reset-from:{address}", PER_RESET_ADDRESS)]):
            raise TooManyTries(wait)
        with unit_of_work():
            member_id = db.session.scalar(select(StaffMember.id).where(StaffMember.email_key == account))
            staff_mail_queue.queue("reset", member_id=member_id, clinic_id=_first_clinic(member_id))

    def letter_of(self, token: str) -> tuple[StaffMember, str]:
        """Return whose password a link may set, and the kind of letter that it came in.

        :raises LinkExpired: if it may set nobody's
        """
        letter = _letter(token)
        return db.session.get_one(StaffMember, letter.member_id), letter.kind

    def set_password_by_link(self, token: str, new: str) -> None:
        """Set a new password once; all sessions of the person end.

        :raises LinkExpired: if the link was used before or is too old
        :raises WeakPassword: if the password is too easy to guess
        """
        member_id = _letter(token).member_id
        clinic_id = _first_clinic(member_id)
        db.session.commit()  # that clinic has a session of its own
        with clinic_scope(clinic_id), as_actor(f"staff:{member_id}"), unit_of_work():
            member = _set_password(_letter(token, locked=True).member_id, new)
            session_service.end_all_of(member.id)

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
            lock_account(session.member.id).shortcuts = shortcuts

    def switch_clinic(self, session: Session, clinic_id: UUID) -> str:
        """Go on in another clinic in which the person works; return the session's new token.

        :raises NotFound: if they don't work there
        """
        wanted = (Membership.member_id == session.member.id, Membership.clinic_id == clinic_id, Membership.active)
        with unit_of_work():
            if db.session.scalar(select(Membership.id).where(*wanted)) is None:
                raise NotFound("There is no such clinic")
            record_act("signed-in", "staff_members", session.member.id, clinic_id=clinic_id)
            return session_service.change_token(session.sign_in.id, clinic_id=clinic_id)


self_service = SelfService()


def _set_password(member_id: UUID | None, new: str) -> StaffMember:
    """Set a password that is not too easy to guess; links that could set another one are worth nothing then."""
    member = lock_account(member_id)
    if problems := password_problems(new, context=_words_about(member)):
        raise WeakPassword(problems)
    member.password_hash, member.must_change_password = hash_password(new), False
    member.password_expires_at = None
    staff_mail_queue.void_links(member.id)
    staff_mail_queue.queue("password-changed", member_id=member.id, clinic_id=_first_clinic(member.id))
    return member


def _letter(token: str, *, locked: bool = False) -> StaffMail:
    """Return the letter of a token that was neither used nor is too old, nor of somebody who works nowhere."""
    wanted = select(StaffMail).where(
        StaffMail.token_hash == token_hash(token), StaffMail.used_at.is_(None), StaffMail.expires_at > now()
    )
    letter = db.session.scalar(wanted.with_for_update() if locked else wanted)
    if letter is None or _first_clinic(letter.member_id) is None:
        raise LinkExpired
    return letter


def _first_clinic(member_id: UUID | None) -> UUID | None:
    working = (Membership.member_id == member_id, Membership.active)
    return db.session.scalar(select(Membership.clinic_id).where(*working).order_by(Membership.id).limit(1))


def _words_about(member: StaffMember) -> list[str]:
    """Return the words by which somebody who knows the person would guess."""
    wanted = select(Membership.name, Clinic.name).join(Clinic, Clinic.id == Membership.clinic_id)
    found = db.session.execute(wanted.where(Membership.member_id == member.id))
    return [member.email, *(word for row in found for word in row)]
