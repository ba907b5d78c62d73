"""Who changed a record last, and when: for those who wanted to change it at the same time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from clinic.core.audit import CHANGED, AuditEntry
from clinic.core.db import db
from clinic.core.tenancy import current_clinic_id
from clinic.identity.actor_names import actor_names


@dataclass(frozen=True)
class Change:
    """The name of whoever changed a record, as the clinic in force knows them, and the instant."""

    who: str
    at: datetime


def last_change(record: str, record_id: UUID) -> Change | None:
    """Return the latest change of a record of the clinic in force, if the audit trail has one."""
    about = (AuditEntry.record == record, AuditEntry.record_id == record_id, AuditEntry.action == CHANGED)
    found = select(AuditEntry).where(AuditEntry.clinic_id == current_clinic_id(), *about)
    entry = db.session.scalars(found.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(1)).one_or_none()
    return Change(actor_names([entry.actor])[entry.actor], entry.at) if entry else None
