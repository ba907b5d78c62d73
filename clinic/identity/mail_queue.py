"""Letters to staff members: queued with the change that they tell of, taken one by one by the worker."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.transaction import after_commit
from clinic.core.jobs import wake_worker
from clinic.core.unit_of_work import unit_of_work
from clinic.core.work_queue import lease_end
from clinic.identity.models import Clinic, Membership, StaffMail, StaffMember
from clinic.identity.sessions import token_hash

LINK_LIVES = {"reset": timedelta(minutes=60), "invitation": timedelta(days=7)}
"""How long the link in a letter of a kind opens something, counted from when it is sent."""

MAX_ATTEMPTS = 5
FIRST_PAUSE = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class OutgoingMail:
    """A letter that this worker has taken; only here, and in the mail, stands the token of its link."""

    id: UUID
    kind: str
    attempt: int
    email: str
    name: str
    clinic_name: str
    language: str
    token: str | None


class StaffMailQueue:
    """The letters that are to be sent to staff members."""

    def queue(self, kind: str, *, member_id: UUID | None, clinic_id: UUID | None) -> None:
        """Let the worker send a letter, once the open unit of work is committed; to nobody if there is no member."""
        db.session.add(StaffMail(kind=kind, member_id=member_id, clinic_id=clinic_id))
        after_commit(wake_worker)

    def void_links(self, member_id: UUID) -> None:
        """Let the links that were sent to somebody open nothing, and send none that was asked for before."""
        mine = (StaffMail.member_id == member_id, StaffMail.used_at.is_(None))
        waiting = (StaffMail.kind == "reset", StaffMail.state == "queued", StaffMail.token_hash.is_(None))
        db.session.execute(delete(StaffMail).where(*mine, *waiting))
        for letter in db.session.scalars(select(StaffMail).where(*mine, StaffMail.token_hash.is_not(None))):
            letter.used_at = now()

    def claim_next(self) -> OutgoingMail | None:
        """Take the next letter that is due, with a new token; it is due again if its sender dies.

        Those to nobody, or to somebody who has left the clinic meanwhile, are thrown away.
        """
        while True:
            with unit_of_work():
                letter = db.session.scalar(_next_due())
                taken = _take(letter) if letter else None
            if letter is None or taken:
                return taken

    def keep(self, taken: OutgoingMail) -> bool:
        """Make sure that nobody else takes the letter now; False if somebody has."""
        return self._change(taken, due_at=lease_end())

    def record_sent(self, taken: OutgoingMail) -> bool:
        """Note that the mail server has accepted the letter."""
        return self._change(taken, state="sent", sent_at=now())

    def record_unknown(self, taken: OutgoingMail) -> bool:
        """Note that nobody knows whether the letter was accepted; its link stays good, in case it was."""
        return self._change(taken, state="unknown")

    def record_failure(self, taken: OutgoingMail, *, final: bool) -> bool:
        """Note that the letter was not sent; it is tried again after a while, up to five times."""
        if final or taken.attempt >= MAX_ATTEMPTS:
            return self._change(taken, state="failed", token_hash=None)
        return self._change(taken, due_at=now() + FIRST_PAUSE * 4 ** (taken.attempt - 1))

    def forget_old(self) -> int:
        """Delete letters of more than a month ago; return 0, as nothing more is due."""
        with unit_of_work():
            db.session.execute(delete(StaffMail).where(StaffMail.created_at < now() - KEPT_FOR))
        return 0

    def _change(self, taken: OutgoingMail, **values: object) -> bool:
        """Change a letter unless another worker has taken it meanwhile."""
        mine = (StaffMail.id == taken.id, StaffMail.state == "queued", StaffMail.attempts == taken.attempt)
        with unit_of_work():
            letter = db.session.scalar(select(StaffMail).where(*mine).with_for_update())
            for name, value in values.items() if letter else ():
                setattr(letter, name, value)
        return letter is not None


staff_mail_queue = StaffMailQueue()


def _next_due() -> Select[StaffMail]:
    due = (StaffMail.state == "queued", StaffMail.due_at <= now())
    first = select(StaffMail).where(*due).order_by(StaffMail.attempts, StaffMail.id).limit(1)
    return first.with_for_update(skip_locked=True)


def _take(letter: StaffMail) -> OutgoingMail | None:
    found = db.session.execute(_recipient(letter)).one_or_none()
    if found is None:
        db.session.delete(letter)
        return None
    if letter.attempts >= MAX_ATTEMPTS:
        letter.state, letter.token_hash = "failed", None  # each worker that tried has died of it
        return None
    member, name, clinic = found
    letter.attempts, letter.due_at = letter.attempts + 1, lease_end()
    return OutgoingMail(
        letter.id,
        letter.kind,
        letter.attempts,
        member.email,
        name,
        clinic.name,
        clinic.language,
        _new_token(letter) if _bears_link(letter, member) else None,
    )


def _recipient(letter: StaffMail) -> Select[StaffMember, str, Clinic]:
    """Return who gets a letter, if they still work in the clinic that it is from."""
    wanted = (
        select(StaffMember, Membership.name, Clinic)
        .join(Membership, Membership.member_id == StaffMember.id)
        .join(Clinic, Clinic.id == Membership.clinic_id)
    )
    return wanted.where(StaffMember.id == letter.member_id, Clinic.id == letter.clinic_id, Membership.active)


def _bears_link(letter: StaffMail, member: StaffMember) -> bool:
    """Say whether a letter lets its reader set a password: who was invited and has one signs in with that."""
    return letter.kind == "reset" or (letter.kind == "invitation" and member.password_hash is None)


def _new_token(letter: StaffMail) -> str:
    token = secrets.token_urlsafe(32)
    letter.token_hash, letter.expires_at = token_hash(token), now() + LINK_LIVES[letter.kind]
    return token
