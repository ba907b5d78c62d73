"""The changes of a subject's records in its timeline, without the fields that the current actor may not see."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, false, func, literal, or_, select

from clinic.audit.entry_text import action_text, audit_labels
from clinic.audit.presenter import FieldChange, present_fields
from clinic.core.audit import CHANGED, CREATED, DELETED, EXPORTED, LISTED, VIEWED, AuditEntry
from clinic.core.context import current_actor
from clinic.core.db.orm_session import CURRENT_CLINIC
from clinic.core.modules import RecordLabels
from clinic.core.timeline_sources import (
    CHANGES,
    Subjects,
    TimelineRow,
    TimelineSource,
    TimelineText,
    ValueChange,
    timeline_rows,
)
from clinic.identity.clinics import clinic_service

_SUBJECT = "patient_id"
"""The field with the subject, which an entry of its timeline needs not name."""

VIEWS = (VIEWED, LISTED, EXPORTED)
_TONES = {CREATED: "ok", DELETED: "bad"}


def select_changes(subject_ids: Subjects) -> Select[Any]:
    """Select the changes of records whose labels have a timeline permission that the current actor has."""
    rows = timeline_rows(
        at=AuditEntry.at,
        id=AuditEntry.id,
        action=AuditEntry.action,
        record=AuditEntry.record,
        record_id=AuditEntry.record_id,
        actor=AuditEntry.actor,
        details=AuditEntry.changes,
    )
    of_subjects = (AuditEntry.clinic_id == CURRENT_CLINIC, AuditEntry.subject_id.in_(subject_ids))
    tables = (_of_table(table, labels) for table, labels in _visible_tables().items())
    return rows.where(*of_subjects, is_change(), or_(false(), *tables))


def is_change() -> ColumnElement[bool]:
    """Return the condition of an entry that is no view; it is that of the partial index, with literal values."""
    return AuditEntry.action.not_in([literal(view, literal_execute=True) for view in VIEWS])


def present(rows: Sequence[TimelineRow]) -> Sequence[TimelineText]:
    """Return changes in words, with the values before and after."""
    labels, zone = audit_labels(), clinic_service.current().zone
    entries = [_entry(row, hidden_fields(labels[row.record])) for row in rows]
    fields = present_fields(entries, zone)
    return [_text(row, entry, changed, labels) for row, entry, changed in zip(rows, entries, fields, strict=True)]


def hidden_fields(labels: RecordLabels) -> Collection[str]:
    """Return the fields of a record that the current actor may not see."""
    needed = labels.field_permissions.items()
    return {name for name, permission in needed if not current_actor().has_permission(permission)}


def _visible_tables() -> Mapping[str, RecordLabels]:
    actor = current_actor()
    return {
        table: labels
        for table, labels in audit_labels().items()
        if labels.timeline_permission and actor.has_permission(labels.timeline_permission)
    }


def _of_table(table: str, labels: RecordLabels) -> ColumnElement[bool]:
    """Return the condition of an entry of a table in which something is not hidden."""
    of_table = AuditEntry.record == table
    hidden = hidden_fields(labels)
    if not hidden:
        return of_table
    field = func.json_each(AuditEntry.changes).table_valued("key")
    shown = exists(select(field.c.key).where(cast(field.c.key, String).not_in(sorted(hidden))))
    return and_(of_table, or_(AuditEntry.action != CHANGED, shown))


def _entry(row: TimelineRow, hidden: Collection[str]) -> AuditEntry:
    """Return the audit entry of a row without hidden fields; it is not stored."""
    shown = {name: values for name, values in row.details.items() if name not in {_SUBJECT, *hidden}}
    return AuditEntry(
        id=row.id, at=row.at, action=row.action, record=row.record, record_id=row.record_id, changes=shown
    )


def _text(
    row: TimelineRow, entry: AuditEntry, fields: Mapping[str, FieldChange], labels: Mapping[str, RecordLabels]
) -> TimelineText:
    has_page = labels[row.record].endpoint is not None
    title = "Changed" if has_page and row.action == CHANGED else action_text(entry, labels)
    is_whole = has_page and row.action != CHANGED  # its page shows what a record was created with
    references = labels[row.record].references
    changes = () if is_whole else [_value(name, change, entry, references) for name, change in fields.items()]
    link = _link(entry, references, labels)
    return TimelineText(title, icon="edit", tone=_TONES.get(row.action, "info"), changes=changes, link=link)


def _value(name: str, change: FieldChange, entry: AuditEntry, references: Mapping[str, str]) -> ValueChange:
    """Return a changed value; an id of another record has no text, as its name would take a query."""
    before, after = entry.changes[name]
    texts = ("", "") if name in references else change.texts
    return ValueChange(name, change.label, before, after, *texts)


def _link(
    entry: AuditEntry, references: Mapping[str, str], labels: Mapping[str, RecordLabels]
) -> tuple[str, str, Mapping[str, Any]] | None:
    """Return the link to the first other record that an entry names, if the current actor may open it."""
    for name in references.keys() & entry.changes.keys():
        other, value = labels[references[name]], entry.changes[name][1]
        may_open = other.timeline_permission and current_actor().has_permission(other.timeline_permission)
        if value and other.endpoint and other.argument and may_open:
            return f"Open {other.singular.removeprefix('a ')}", other.endpoint, {other.argument: value}
    return None


SOURCES = (TimelineSource("changes", CHANGES, "patients:read", select_changes, present),)
