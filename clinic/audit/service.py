"""A look at the audit trail of the clinic in force: who changed what, and who looked at whom."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, false, func, or_, select

from clinic.core.audit import EXPORTED, LISTED, VIEWED, AuditEntry, record_act, written
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import is_storable


class AuditFilters(TypedDict, total=False):
    """Which entries are wanted; what is left out, or None, does not matter."""

    actor: str | None
    record: str | None
    action: str | None
    patient_id: UUID | None
    since: datetime | None
    before: datetime | None
    of_no_clinic: bool
    """Those of the installation instead of the clinic's: setting it up, or a sign-in that led nowhere."""


_SAID = {"actor": "of_actor", "action": "of_action", "record": "of_record", "since": "since", "before": "before"}
"""What the filters are called where an export is noted."""


class AuditService:
    """The audit trail of the clinic in force, to read."""

    def list(
        self,
        *,
        limit: int = DEFAULT_LIMIT,
        after: tuple[datetime, UUID] | None = None,
        **filters: Unpack[AuditFilters],
    ) -> Page[AuditEntry]:
        """Return entries, the latest first."""
        return _latest_first(_conditions(filters), limit, after)

    def access_log(
        self, patient_id: UUID, *, limit: int = DEFAULT_LIMIT, after: tuple[datetime, UUID] | None = None
    ) -> Page[AuditEntry]:
        """Return when a patient's records were shown, alone or in a list, or exported; the latest first.

        An export of the trail is among them unless it was of another patient's entries.
        """
        alone = and_(AuditEntry.patient_id == patient_id, AuditEntry.action.in_((VIEWED, EXPORTED)))
        in_list = and_(AuditEntry.action == LISTED, cast(AuditEntry.changes, String).contains(str(patient_id)))
        of_all = and_(
            AuditEntry.action == EXPORTED,
            AuditEntry.record == AuditEntry.__tablename__,
            AuditEntry.patient_id.is_(None),
        )
        return _latest_first([AuditEntry.clinic_id == current_clinic_id(), or_(alone, in_list, of_all)], limit, after)

    def export(self, *, reason: str | None = None, **filters: Unpack[AuditFilters]) -> Iterator[dict[str, Any]]:
        """Return entries as JSON values, the oldest first and a few at a time; what was exported, and why, is noted."""
        wanted = _conditions(filters)
        last, count = db.session.execute(select(func.max(AuditEntry.at), func.count()).where(*wanted)).one()
        said: dict[str, Any] = {"reason": reason, **{said: filters.get(name) for name, said in _SAID.items()}}
        details: dict[str, Any] = {
            name: value for name, value in said.items() if value is not None and _can_be_stored(value)
        }
        record_act(EXPORTED, AuditEntry.__tablename__, patient_id=filters.get("patient_id"), count=count, **details)
        return _exported(wanted, last)


audit_service = AuditService()


def _conditions(filters: AuditFilters) -> list[ColumnElement[bool]]:
    """Return what the wanted entries have in common; first of all the clinic, as no query does that by itself."""
    clinic_id = None if filters.get("of_no_clinic") else current_clinic_id()
    wanted = [AuditEntry.clinic_id == clinic_id]
    for name in ("actor", "record", "action", "patient_id"):
        if (value := filters.get(name)) is not None:
            column = getattr(AuditEntry, name)
            wanted.append(column == value if _can_be_stored(value) else false())
    if since := filters.get("since"):
        wanted.append(AuditEntry.at >= since)
    if before := filters.get("before"):
        wanted.append(AuditEntry.at < before)
    return wanted


def _can_be_stored(value: object) -> bool:
    return not isinstance(value, str) or is_storable(value)


def _latest_first(
    wanted: list[ColumnElement[bool]], limit: int, after: tuple[datetime, UUID] | None
) -> Page[AuditEntry]:
    order = [AuditEntry.at, AuditEntry.id]
    return paginate(select(AuditEntry).where(*wanted), order, limit=limit, after=after, descending=True)


def _exported(wanted: list[ColumnElement[bool]], last: datetime | None) -> Iterator[dict[str, Any]]:
    if last is None:
        return
    entries = select(AuditEntry).where(*wanted, AuditEntry.at <= last).order_by(AuditEntry.at, AuditEntry.id)
    for entry in db.session.scalars(entries.execution_options(yield_per=500)):
        yield written(entry)


__all__ = ["AuditEntry", "AuditFilters", "AuditService", "audit_service"]
