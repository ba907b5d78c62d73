"""Getting somebody in: the accounts of people, by e-mail address, and one-time secrets."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import is_storable, nfc
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.models import StaffMember
from clinic.identity.passwords import hash_password, new_secret

SECRET_HOURS = 72
MAX_TYPED = 1000
"""Characters; more are no email address in any form of Unicode, and normalising them would take long."""

MADE_UP = "@demo.example"
"""Where the addresses of the demo's people end: their password is known, and opens nothing in production."""


def email_key(email: str) -> str:
    """Return the key of an account: its email address without regard to case; empty if no account can have it."""
    return nfc(email).strip().casefold() if len(email) <= MAX_TYPED and is_storable(email) else ""


def find_account(email: str) -> StaffMember | None:
    """Return the account of an e-mail address, if there is one."""
    return db.session.scalar(select(StaffMember).where(StaffMember.email_key == email_key(email)))


def lock_account(member_id: UUID | None) -> StaffMember:
    """Return an account as it is now; until the unit of work ends, nobody else changes it."""
    wanted = select(StaffMember).where(StaffMember.id == member_id).with_for_update(key_share=True)
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one()


def open_account(email: str) -> StaffMember:
    """Add an account that has no password yet."""
    member = StaffMember(email=email, email_key=email_key(email))
    db.session.add(member)
    db.session.flush()
    return member


def give_secret(member: StaffMember) -> str:
    """Return a secret with which somebody can sign in within three days, to choose a password of their own."""
    secret = new_secret()
    member.password_hash, member.must_change_password = hash_password(secret), True
    member.password_expires_at = now() + timedelta(hours=SECRET_HOURS)
    staff_mail_queue.void_links(member.id)
    return secret


def write_to(member: StaffMember, kind: str) -> None:
    """Let the worker send a letter to somebody, about the clinic in force."""
    staff_mail_queue.queue(kind, member_id=member.id, clinic_id=current_clinic_id())
