"""Which links a message has, and their storing when the message is handed over."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from clinic.appointments.service import Appointment, appointment_service
from clinic.core.bulk_update import insert_rows
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.kinds import KINDS
from clinic.notifications.links.tokens import derive_token, hash_token
from clinic.notifications.models import ANSWER, CALENDAR, PREFERENCES, LinkToken, Notification
from clinic.notifications.payers import is_to_other_payer

ANSWERABLE = ("confirmation", "change", "reminder")
"""The kinds of messages about a visit that is still to come."""

VISIT_LINK_LIVES = timedelta(days=1)
"""How long the links of a visit answer after its start: until then they say that it is too late."""

PREFERENCES_LIVE = timedelta(days=365)
"""How long messages can be stopped through the link in one of them."""

SWEPT = 500


@dataclass(frozen=True)
class IssuedLink:
    """A link of a message: its token and until when it works; `visit` is the one that it is about."""

    purpose: str
    token: str
    expires_at: datetime
    visit: Appointment | None = None


def issue_links(notification: Notification) -> Mapping[str, IssuedLink]:
    """Return the links of a message by their purpose, the same over all attempts to send what it says now.

    One to a payer who is not the patient has none: they would answer for the patient.
    """
    if is_to_other_payer(notification):
        return {}
    issued = [_preferences(notification)]
    if notification.kind in ANSWERABLE and KINDS[notification.kind].about == "appointment":
        visit = appointment_service.get(notification.about_id)
        told = f"{visit.wall_start.isoformat()}:{visit.practitioner_id}"
        for purpose in (ANSWER, CALENDAR):
            token = derive_token(notification.id, purpose, told)
            issued.append(IssuedLink(purpose, token, visit.starts_at + VISIT_LINK_LIVES, visit))
    return {link.purpose: link for link in issued}


def _preferences(notification: Notification) -> IssuedLink:
    token = derive_token(notification.id, PREFERENCES)
    return IssuedLink(PREFERENCES, token, notification.created_at + PREFERENCES_LIVE)


def store_links(notification: Notification, issued: Iterable[IssuedLink]) -> None:
    """Store the links of a message that are not stored yet, in the open unit of work."""
    hashes = {hash_token(link.token): link for link in issued}
    known = _stored(hashes) if notification.recipient is not None else ()  # it was handed over before
    insert_rows(LinkToken, [_row(notification, link, key) for key, link in hashes.items() if key not in known])


def _stored(hashes: Iterable[str]) -> Collection[str]:
    return set(db.session.scalars(select(LinkToken.token_hash).where(LinkToken.token_hash.in_(hashes))))


def delete_expired_links() -> int:
    """Delete a batch of links that don't work any more; return how many."""
    with unit_of_work():
        over: Sequence[UUID] = db.session.scalars(
            select(LinkToken.id).where(LinkToken.expires_at <= now()).limit(SWEPT).with_for_update(skip_locked=True)
        ).all()
        if over:
            db.session.execute(delete(LinkToken).where(LinkToken.id.in_(over)))
    return len(over)


def _row(notification: Notification, link: IssuedLink, token_hash: str) -> Mapping[str, Any]:
    visit = link.visit
    return {
        "notification_id": notification.id,
        "patient_id": notification.patient_id,
        "purpose": link.purpose,
        "token_hash": token_hash,
        "expires_at": link.expires_at,
        "about_version": notification.about_version,
        "appointment_id": visit and visit.id,
        "wall_start": visit and visit.wall_start,
        "practitioner_id": visit and visit.practitioner_id,
    }
