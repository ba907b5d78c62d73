"""Entries of the audit trail as pages show them: texts, links to records, and changed fields by label."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from clinic.audit.entry_text import action_text, audit_labels, capitalized, labels_of
from clinic.core.audit import AuditEntry
from clinic.core.modules import RecordLabels
from clinic.web.record_link import RecordLink, record_link
from clinic.web.template_filters import day, instant

_DETAIL_LABELS = {
    "patients": "Patients",
    "reason": "Reason",
    "count": "Number of entries",
    "of_actor": "Actor",
    "of_action": "Action",
    "of_record": "Type of record",
    "since": "From",
    "before": "Before",
}
"""Labels of the details that entries store beside the fields of a record."""

_DETAIL_REFERENCES = {"patients": "patients", "patient_id": "patients"}
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MAX_SUMMARY = 3
_MAX_RECORDS = 5
"""How many records of a list are shown; their number follows."""

_MAX_TEXT = 300

Labels = Mapping[str, RecordLabels]
Names = Mapping[tuple[str, UUID], str]


@dataclass(frozen=True)
class FieldChange:
    """A changed field: its label, and its values before and after."""

    label: str
    before: Sequence[RecordLink]
    after: Sequence[RecordLink]

    @property
    def texts(self) -> tuple[str, str]:
        """The values before and after without links."""
        before, after = (", ".join(value.name for value in values) for values in (self.before, self.after))
        return before, after


@dataclass(frozen=True)
class PresentedEntry:
    """An entry with the text of its action, links to its records, and its changed fields."""

    entry: AuditEntry
    action: str
    records: Sequence[RecordLink]
    changes: Sequence[FieldChange]

    @property
    def summary(self) -> str:
        """The labels of up to three changed fields, else their number."""
        if not self.changes:
            return "Details"
        if len(self.changes) > _MAX_SUMMARY:
            return f"{len(self.changes)} fields"
        return ", ".join(change.label for change in self.changes)


def present_entries(entries: Sequence[AuditEntry], zone: str) -> list[PresentedEntry]:
    """Return entries as pages show them, with one query of names for each referenced table."""
    labels = audit_labels()
    presenter = _Presenter(labels, _names(entries, labels), zone)
    return [presenter.present(entry) for entry in entries]


def present_fields(entries: Sequence[AuditEntry], zone: str) -> list[Mapping[str, FieldChange]]:
    """Return the changed fields of entries by name, without a query: references to other records are left as ids."""
    presenter = _Presenter(audit_labels(), {}, zone)
    return [presenter.fields(entry) for entry in entries]


def record_link_by_id(table: str, record_id: UUID) -> RecordLink:
    """Return a record by its name, `not known here` if it has none."""
    labels = audit_labels()[table]
    names = labels.names({record_id}) if labels.names else {}
    presenter = _Presenter({table: labels}, {(table, found): name for found, name in names.items()}, "")
    link = presenter.link(table, record_id)
    return link if link.name else RecordLink("not known here")


@dataclass(frozen=True)
class _Presenter:
    labels: Labels
    names: Names
    zone: str

    def present(self, entry: AuditEntry) -> PresentedEntry:
        """Return an entry as pages show it."""
        return PresentedEntry(entry, action_text(entry, self.labels), self._records(entry), self._changes(entry))

    def link(self, table: str, record_id: UUID) -> RecordLink:
        """Return a record by its name, empty if it has none, with its address if the current actor may open it."""
        labels = labels_of(table, self.labels)
        name = self.names.get((table, record_id), "")
        if not labels.endpoint or (labels.names and not name):
            return RecordLink(name)
        arguments: dict[str, Any] = {labels.argument: record_id} if labels.argument else {}
        found = record_link(name or "Open", labels.endpoint, **arguments)
        return found if found.url or name else RecordLink("")

    def _records(self, entry: AuditEntry) -> list[RecordLink]:
        """Return the links to an entry's record, unless it is the actor, and to its patient."""
        links = []
        if entry.record_id and entry.actor != f"staff:{entry.record_id}":
            links.append(self.link(entry.record, entry.record_id))
        if entry.subject_id and entry.subject_id != entry.record_id:
            links.append(self.link("patients", entry.subject_id))
        return [link for link in links if link.name]

    def _changes(self, entry: AuditEntry) -> list[FieldChange]:
        return list(self.fields(entry).values())

    def fields(self, entry: AuditEntry) -> dict[str, FieldChange]:
        """Return the changed fields by name: those with labels in the order of the labels, then the others."""
        record = labels_of(entry.record, self.labels)
        labels = {**record.labels, **{name: text for name, text in _DETAIL_LABELS.items() if name not in record.labels}}
        labelled = [name for name in labels if name in entry.changes]
        others = sorted(entry.changes.keys() - labels.keys())
        return {
            name: FieldChange(
                labels.get(name) or capitalized(name.replace("_", " ")),
                *(self._values(record, name, value) for value in entry.changes[name]),
            )
            for name in [*labelled, *others]
        }

    def _values(self, record: RecordLabels, name: str, value: Any) -> list[RecordLink]:
        items = _items(value)
        if not _reference(record, name) or len(items) <= _MAX_RECORDS:
            return [self._value(record, name, item) for item in items]
        shown = [self._value(record, name, item) for item in items[:_MAX_RECORDS]]
        return [*shown, RecordLink(f"and {len(items) - _MAX_RECORDS:,} more")]

    def _value(self, record: RecordLabels, name: str, value: Any) -> RecordLink:
        table = _reference(record, name)
        if table and isinstance(value, str) and _ID.fullmatch(value):
            link = self.link(table, UUID(value))
            return link if link.name else RecordLink(value)
        formatter = record.formatters.get(name)
        text = (formatter(value) if formatter else None) or _value_text(value, self.zone)
        return RecordLink(text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…")


def _names(entries: Sequence[AuditEntry], labels: Labels) -> Names:
    """Return the names of all records that entries refer to."""
    return _names_of((one for entry in entries for one in _referenced(entry, labels)), labels)


def _names_of(references: Iterable[tuple[str, UUID]], labels: Labels) -> Names:
    """Return the names of records, each given by its table and id."""
    ids: dict[str, set[UUID]] = {}
    for table, record_id in references:
        ids.setdefault(table, set()).add(record_id)
    names: dict[tuple[str, UUID], str] = {}
    for table in ids.keys() & labels.keys():
        if find_names := labels[table].names:
            names |= {(table, record_id): name for record_id, name in find_names(ids[table]).items()}
    return names


def _referenced(entry: AuditEntry, labels: Labels) -> Iterator[tuple[str, UUID]]:
    """Return the records that an entry refers to: its own, its patient, and those in its changed fields."""
    if entry.record_id:
        yield entry.record, entry.record_id
    if entry.subject_id:
        yield "patients", entry.subject_id
    yield from _referenced_in_fields(entry, labels)


def _referenced_in_fields(entry: AuditEntry, labels: Labels) -> Iterator[tuple[str, UUID]]:
    """Return the records that the changed fields of an entry refer to."""
    references = {**_DETAIL_REFERENCES, **labels_of(entry.record, labels).references}
    for name in references.keys() & entry.changes.keys():
        for value in entry.changes[name]:
            for item in _items(value)[:_MAX_RECORDS]:
                if isinstance(item, str) and _ID.fullmatch(item):
                    yield references[name], UUID(item)


def _reference(record: RecordLabels, name: str) -> str | None:
    """Return the table whose ids a field contains."""
    return record.references.get(name) or _DETAIL_REFERENCES.get(name)


def _items(value: Any) -> Sequence[Any]:
    """Return the items of a stored value: none of null, those of a list, else the value itself."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _value_text(value: Any, zone: str) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            return instant(datetime.fromisoformat(value), zone)
        if isinstance(value, str) and _DAY.fullmatch(value):
            return day(date.fromisoformat(value))
    except ValueError:
        return str(value)
    return str(value)
