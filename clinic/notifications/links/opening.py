"""Opening a link: from its token to the clinic, the patient and the person who holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from clinic.core.clock import now
from clinic.core.context import LINK_GUARDIAN, LINK_PATIENT, current_actor, reset_actor, set_actor
from clinic.core.db import db
from clinic.core.errors import NotFound, RateLimited
from clinic.core.rate_limit import Limit, hit, hit_all
from clinic.core.tenancy import clinic_scope
from clinic.notifications.links.tokens import hash_token
from clinic.notifications.models import LinkToken
from clinic.patients.service import Patient, PatientMerged, patient_service, recipient_of

PER_LINK = Limit(60, 10 * 60)
PER_ADDRESS = Limit(600, 10 * 60)
"""Of all links; generous, as mail services open many patients' links from one address."""

PER_UNKNOWN = Limit(30, 10 * 60)
"""Of unknown and expired tokens from one address."""

TOO_MANY = "Too many attempts: please wait a little"


class LinkNotFound(NotFound):
    """No link has such a token, or it has expired: nobody learns which."""

    def __init__(self) -> None:
        super().__init__("This link does not work any more")


@dataclass(frozen=True)
class OpenLink:
    """A link that works; `told_start` is the local start in its message, `told_practitioner` who is named there."""

    id: UUID
    clinic_id: UUID
    notification_id: UUID
    patient_id: UUID
    appointment_id: UUID | None
    told_start: datetime | None
    told_practitioner: UUID | None
    tries: int
    verified_at: datetime | None
    moved_to: datetime | None


def find_link(token: str, purpose: str) -> OpenLink:
    """Return the link with a token.

    :raises LinkNotFound: if there is none for this purpose, or it has expired
    :raises RateLimited: if it is opened too often, or too many are from this address
    """
    address, token_hash = current_actor().address, hash_token(token)
    _check_wait(hit_all([(f"link:{token_hash}", PER_LINK), (f"links-from:{address}", PER_ADDRESS)]))
    row = db.session.scalar(select(LinkToken).where(LinkToken.token_hash == token_hash))
    if row is None or row.purpose != purpose or row.expires_at <= now():
        _check_wait(hit(f"unknown-links-from:{address}", PER_UNKNOWN))
        raise LinkNotFound
    return _opened(row)


@contextmanager
def acting_by_link(link: OpenLink) -> Iterator[None]:
    """Act in the clinic of a link as the patient, or as the guardian to whom a minor's messages go."""
    with clinic_scope(link.clinic_id):
        who = replace(current_actor(), actor=_actor(link), session_id=None, key_id=None, permissions=frozenset())
        token = set_actor(who)
        try:
            yield
        finally:
            reset_actor(token)


def reload_link(link: OpenLink, *, lock: bool = False) -> tuple[OpenLink, LinkToken]:
    """Return a link as it is now, and its row, locked if wanted until the unit of work ends."""
    wanted = select(LinkToken).where(LinkToken.id == link.id).execution_options(populate_existing=True)
    row = db.session.scalars(wanted.with_for_update() if lock else wanted).one()
    return _opened(row), row


def patient_of(link: OpenLink) -> Patient:
    """Return the patient to whom the message was, whose record may have been merged into another one since."""
    try:
        return patient_service.get(link.patient_id)
    except PatientMerged as error:
        return patient_service.get(error.survivor_id)


def _actor(link: OpenLink) -> str:
    recipient = recipient_of(patient_of(link))
    return LINK_GUARDIAN if recipient is None or recipient.is_guardian else LINK_PATIENT


def _check_wait(seconds: int) -> None:
    if seconds:
        raise RateLimited(TOO_MANY, retry_after=seconds)


def _opened(row: LinkToken) -> OpenLink:
    return OpenLink(
        id=row.id,
        clinic_id=row.clinic_id,
        notification_id=row.notification_id,
        patient_id=row.patient_id,
        appointment_id=row.appointment_id,
        told_start=row.wall_start,
        told_practitioner=row.practitioner_id,
        tries=row.tries,
        verified_at=row.verified_at,
        moved_to=row.moved_to,
    )
