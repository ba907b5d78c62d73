"""Reading and exporting the audit trail of the current clinic."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, false, func, literal, or_, select

from clinic.audit.entry_text import audit_labels, viewed_text
from clinic.core.audit import CHANGED, EXPORTED, LISTED, VIEWED, AuditEntry, record_act, serialize_entry
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import is_storable
from clinic.identity.actor_names import actor_names


class AuditFilters(TypedDict, total=False):
    """Filters of entries; a missing filter, or None, matches every entry."""

    actor: str | None
    record: str | None
    action: str | None
    patient_id: UUID | None
    since: datetime | None
    before: datetime | None
    of_no_clinic: bool
    """Entries of the installation instead of the clinic's, like its setup or a sign-in without a clinic."""


@dataclass(frozen=True)
class LastChange:
    """The name of the actor who changed a record last, and when."""

    who: str
    at: datetime


_EXPORT_DETAILS = {
    "actor": "of_actor",
    "action": "of_action",
    "record": "of_record",
    "since": "since",
    "before": "before",
}
"""Names under which the entry of an export stores the filters."""


_MOST_VIEWS = 200
"""How many of an actor's last views are searched for different records."""


class AuditService:
    """Reads and exports the audit trail of the current clinic."""

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
        self, patient_ids: Collection[UUID], *, limit: int = DEFAULT_LIMIT, after: tuple[datetime, UUID] | None = None
    ) -> Page[AuditEntry]:
        """Return when a patient's records were viewed, alone or in a list, or exported; the latest first.

        `patient_ids` are those of the record and of all that were merged into it.
        An export, as of the audit trail or of invoices, is included unless it was filtered by another patient.
        """
        alone = and_(AuditEntry.subject_id.in_(patient_ids), AuditEntry.action.in_((VIEWED, EXPORTED)))
        listed = cast(AuditEntry.changes, String)
        in_list = and_(AuditEntry.action == LISTED, or_(*(listed.contains(str(one)) for one in patient_ids)))
        of_all = and_(AuditEntry.action == EXPORTED, AuditEntry.subject_id.is_(None))
        return _latest_first([AuditEntry.clinic_id == current_clinic_id(), or_(alone, in_list, of_all)], limit, after)

    def recently_viewed(self, record: str, *, since: datetime, limit: int) -> Sequence[UUID]:
        """Return the ids of the records of a table that the current actor has viewed since a moment, latest first."""
        own = [AuditEntry.clinic_id == current_clinic_id(), AuditEntry.actor == current_actor().actor]
        of_table = [AuditEntry.action == VIEWED, AuditEntry.record == record, AuditEntry.record_id.is_not(None)]
        latest = select(AuditEntry.record_id).where(*own, *of_table, AuditEntry.at > since)
        found = db.session.scalars(latest.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(5 * limit))
        return [one for one in dict.fromkeys(found) if one][:limit]

    def viewed_texts(self, entries: Iterable[AuditEntry]) -> Mapping[UUID, str]:
        """Return what each entry of an access log viewed, like `An appointment`, by the entry's id."""
        labels = audit_labels()
        return {entry.id: viewed_text(entry, labels) for entry in entries}

    def viewed_last(self, record: str, actor: str, *, limit: int) -> Sequence[UUID]:
        """Return the ids of the records of a table that an actor viewed last, the latest first."""
        viewed = AuditEntry.action == literal(VIEWED, literal_execute=True)
        one = and_(viewed, AuditEntry.record_id.is_not(None), AuditEntry.record == record, AuditEntry.actor == actor)
        entries = select(AuditEntry.record_id, AuditEntry.at).where(AuditEntry.clinic_id == current_clinic_id(), one)
        latest = entries.order_by(AuditEntry.at.desc()).limit(_MOST_VIEWS).subquery()
        ids = select(latest.c.record_id).group_by(latest.c.record_id).order_by(func.max(latest.c.at).desc())
        return db.session.scalars(ids.limit(limit)).all()

    def last_change(self, record: str, record_id: UUID) -> LastChange | None:
        """Return the latest change of a record, None if the audit trail has none."""
        about = (AuditEntry.record == record, AuditEntry.record_id == record_id, AuditEntry.action == CHANGED)
        changes = select(AuditEntry).where(AuditEntry.clinic_id == current_clinic_id(), *about)
        latest = changes.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(1)
        entry = db.session.scalars(latest).one_or_none()
        return LastChange(actor_names([entry.actor])[entry.actor], entry.at) if entry else None

    def export(self, *, reason: str | None = None, **filters: Unpack[AuditFilters]) -> Iterator[dict[str, Any]]:
        """Record an export with its reason, and return the entries as JSON values in batches, the oldest first."""
        conditions = _conditions(filters)
        last, count = db.session.execute(select(func.max(AuditEntry.at), func.count()).where(*conditions)).one()
        details: dict[str, Any] = {"reason": reason}
        details |= {stored: filters.get(name) for name, stored in _EXPORT_DETAILS.items()}
        record_act(
            EXPORTED,
            AuditEntry.__tablename__,
            subject_id=filters.get("patient_id"),
            count=count,
            **{name: value for name, value in details.items() if value is not None and _is_storable(value)},
        )
        return _export_until(last, conditions)


audit_service = AuditService()


def _conditions(filters: AuditFilters) -> list[ColumnElement[bool]]:
    """Return the conditions of a query; the clinic is one of them, as entries are not clinic-scoped."""
    clinic_id = None if filters.get("of_no_clinic") else current_clinic_id()
    conditions = [AuditEntry.clinic_id == clinic_id]
    columns = {
        "actor": AuditEntry.actor,
        "record": AuditEntry.record,
        "action": AuditEntry.action,
        "patient_id": AuditEntry.subject_id,
    }
    for name, column in columns.items():
        if (value := filters.get(name)) is not None:
            conditions.append(column == value if _is_storable(value) else false())
    if since := filters.get("since"):
        conditions.append(AuditEntry.at >= since)
    if before := filters.get("before"):
        conditions.append(AuditEntry.at < before)
    return conditions


def _is_storable(value: object) -> bool:
    return not isinstance(value, str) or is_storable(value)


def _latest_first(
    conditions: list[ColumnElement[bool]], limit: int, after: tuple[datetime, UUID] | None
) -> Page[AuditEntry]:
    order = [AuditEntry.at, AuditEntry.id]
    return paginate(select(AuditEntry).where(*conditions), order, limit=limit, after=after, descending=True)


def _export_until(last: datetime | None, conditions: list[ColumnElement[bool]]) -> Iterator[dict[str, Any]]:
    if last is None:
        return
    entries = select(AuditEntry).where(*conditions, AuditEntry.at <= last).order_by(AuditEntry.at, AuditEntry.id)
    for entry in db.session.scalars(entries.execution_options(yield_per=500)):
        yield serialize_entry(entry)


__all__ = ["AuditEntry", "AuditFilters", "AuditService", "LastChange", "audit_service"]
