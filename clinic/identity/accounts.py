"""Accounts of people, found by email address, and the one-time secrets with which they first sign in."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import is_storable, tidy_line
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.models import Membership, StaffMember
from clinic.identity.passwords import hash_password, new_secret

SECRET_HOURS = 72
MAX_TYPED = 1000
"""Characters; more are no email address in any form of Unicode, and normalising them would take long."""

DEMO_DOMAIN = "@demo.example"
"""The end of the demo accounts' addresses: everybody knows their password, so production rejects them."""


def email_key(email: str) -> str:
    """Return the key of an account: its email address without regard to case; empty if no account can have it."""
    key = tidy_line(email).casefold() if len(email) <= MAX_TYPED else ""
    return key if is_storable(key) else ""


def find_account(email: str) -> StaffMember | None:
    """Return the account of an email address, or None."""
    return db.session.scalar(select(StaffMember).where(StaffMember.email_key == email_key(email)))


def current_account() -> StaffMember | None:
    """Return the account of the current staff member, None if the actor is an API key, a job or an operator."""
    kind, _, member_id = current_actor().actor.partition(":")
    return db.session.get(StaffMember, UUID(member_id)) if kind == "staff" else None


def find_colleague(member_id: UUID) -> tuple[StaffMember, str] | None:
    """Return the account and the name of an active staff member of the current clinic."""
    of_clinic = (Membership.clinic_id == current_clinic_id(), Membership.active)
    wanted = select(StaffMember, Membership.name).join(Membership, Membership.member_id == StaffMember.id)
    found = db.session.execute(wanted.where(StaffMember.id == member_id, *of_clinic)).one_or_none()
    return (found[0], found[1]) if found else None


def lock_account(member_id: UUID | None) -> StaffMember:
    """Return an account, locked until the unit of work ends.

    It is locked before the rows that belong to it (links, sessions, recovery codes), and after its clinic if that is
    locked too: always in this order, so that no two transactions wait for each other.
    """
    wanted = select(StaffMember).where(StaffMember.id == member_id).with_for_update(key_share=True)
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one()


def add_account(email: str) -> StaffMember:
    """Add an account without a password."""
    member = StaffMember(email=email, email_key=email_key(email))
    db.session.add(member)
    db.session.flush()
    return member


def set_one_time_secret(member: StaffMember) -> str:
    """Replace the password by a secret for one sign-in within three days, at which the person chooses a new one."""
    secret = new_secret()
    member.password_hash, member.must_change_password = hash_password(secret), True
    member.password_expires_at = now() + timedelta(hours=SECRET_HOURS)
    staff_mail_queue.void_links(member.id)
    return secret


def queue_mail(member: StaffMember, kind: str) -> None:
    """Queue a mail to a staff member on behalf of the current clinic."""
    staff_mail_queue.queue(kind, member_id=member.id, clinic_id=current_clinic_id())
