"""Mail to staff members: queued with the change that causes it, its link token made when it is sent."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.transaction import after_commit
from clinic.core.jobs import wake_worker
from clinic.core.mail.queue import FAILED, QUEUED, RETRY, MailQueue, NotToBeSent
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic, Membership, StaffMail, StaffMember
from clinic.identity.sessions import token_hash

LINK_LIVES = {"reset": timedelta(minutes=60), "invitation": timedelta(days=7)}
"""How long the link in a mail of a kind is valid, from the time of sending."""

KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class OutgoingMail:
    """The details of a mail that is being sent; the token of its link exists only here and in the mail."""

    id: UUID
    kind: str
    email: str
    name: str
    clinic_name: str
    language: str
    token: str | None


class StaffMailQueue(MailQueue[StaffMail]):
    """The mail that is to be sent to staff members."""

    def queue(self, kind: str, *, member_id: UUID | None, clinic_id: UUID | None) -> None:
        """Queue a mail in the open unit of work; without a member it is discarded when it is due."""
        db.session.add(StaffMail(kind=kind, member_id=member_id, clinic_id=clinic_id))
        after_commit(wake_worker)

    def void_links(self, member_id: UUID) -> None:
        """Invalidate the links that were sent to a staff member, and delete resets that were not sent yet."""
        mine = (StaffMail.member_id == member_id, StaffMail.used_at.is_(None))
        waiting = (StaffMail.kind == "reset", StaffMail.state == QUEUED, StaffMail.token_hash.is_(None))
        db.session.execute(delete(StaffMail).where(*mine, *waiting))
        for mail in db.session.scalars(select(StaffMail).where(*mine, StaffMail.token_hash.is_not(None))):
            mail.used_at = now()

    def prepare(self, row: StaffMail) -> OutgoingMail:
        """Return the details of a claimed mail, with a new token of which only the hash is stored.

        :raises NotToBeSent: if it has no recipient, or the recipient has left the clinic
        :raises LeaseLost: if another worker has claimed it
        """
        with unit_of_work():
            found = db.session.execute(_recipient(row)).one_or_none()
            if found is None:
                raise NotToBeSent("no recipient")
            member, name, clinic = found
            token = self._new_token(row) if _has_link(row, member) else None
            return OutgoingMail(row.id, row.kind, member.email, name, clinic.name, clinic.language, token)

    def record_suppressed(self, row: StaffMail, reason: str) -> None:
        """Delete a mail without a recipient, so that no trace of an unknown address is left."""
        with unit_of_work():
            db.session.delete(self.claimed(row))

    def record_failure(self, row: StaffMail, reason: str, *, final: bool, answer: str | None = None) -> None:
        """Schedule another attempt; a mail that is given up has no valid link."""
        voided = {"token_hash": None} if final or self.is_exhausted(row) else {}
        with unit_of_work():
            self.retry_or_fail(row, final=final, **voided)

    def close_abandoned(self, row: StaffMail) -> Mapping[str, Any] | None:
        """Return the values that close a mail whose workers all died."""
        return {"state": FAILED, "token_hash": None} if self.ends_its_worker(row) else None

    def forget_old(self) -> int:
        """Delete mail older than a month; return 0, as nothing more is due."""
        with unit_of_work():
            db.session.execute(delete(StaffMail).where(StaffMail.created_at < now() - KEPT_FOR))
        return 0

    def _new_token(self, row: StaffMail) -> str:
        token = secrets.token_urlsafe(32)
        self.change(row, token_hash=token_hash(token), expires_at=now() + LINK_LIVES[row.kind])
        return token


staff_mail_queue = StaffMailQueue(
    StaffMail,
    open_states=(QUEUED,),
    retry_state=QUEUED,
    failed_state=FAILED,
    due_at=StaffMail.due_at,
    order=(StaffMail.attempts, StaffMail.id),
    retry=RETRY,
    has_lease=False,
)


def _recipient(row: StaffMail) -> Select[StaffMember, str, Clinic]:
    """Select the recipient of a mail, if they still work in its clinic."""
    query = (
        select(StaffMember, Membership.name, Clinic)
        .join(Membership, Membership.member_id == StaffMember.id)
        .join(Clinic, Clinic.id == Membership.clinic_id)
    )
    return query.where(StaffMember.id == row.member_id, Clinic.id == row.clinic_id, Membership.active)


def _has_link(row: StaffMail, member: StaffMember) -> bool:
    """Return whether a mail has a link to set a password; an invited person who has one signs in with it."""
    return row.kind == "reset" or (row.kind == "invitation" and member.password_hash is None)
