"""Entries of the audit trail in plain words, as the modules speak of their records."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from clinic.core.audit import CHANGED, CREATED, DELETED, EXPORTED, LISTED, VIEWED, AuditEntry
from clinic.core.modules import RecordLabels, registered_modules
from clinic.web.record_link import RecordLink, record_link
from clinic.web.template_filters import day, instant

ACTIONS = {CREATED: "Added", CHANGED: "Changed", DELETED: "Removed", VIEWED: "Looked at"}
"""What was done with one record."""

ALONE = {
    "signed-in": "Signed in",
    "sign-in-refused": "Sign-in refused",
    "signed-out": "Signed out",
    "session-ended": "Session ended",
    "password-refused": "Gave a wrong password",
    "codes-renewed": "Made new recovery codes",
    "link-sent": "Let a link to set a password be sent",
    "seen-as": "Saw the app as another role",
    "event-retried": "Let an event be delivered again",
    "event-discarded": "Gave up the delivery of an event",
}
"""What is said without the kind of record."""

_OF_MANY = {LISTED: "Looked at a list of", EXPORTED: "Exported"}
_LABELS = {
    "patients": "Patients",
    "reason": "Reason",
    "count": "How many",
    "of_actor": "Who",
    "of_action": "What",
    "of_record": "Kind of record",
    "since": "From",
    "before": "Before",
}
_REFERENCES = {"patients": "patients", "patient_id": "patients"}
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

Names = Mapping[tuple[str, UUID], str]
Values = Sequence[RecordLink]


@dataclass(frozen=True)
class Change:
    """A field by its label, with what stood there before and what stands there since."""

    label: str
    before: Values
    after: Values


@dataclass(frozen=True)
class PresentedEntry:
    """An entry with what was done in plain words, the records it was done with, and each change."""

    entry: AuditEntry
    act: str
    records: Sequence[RecordLink]
    changes: Sequence[Change]

    @property
    def summary(self) -> str:
        """What there is to read behind the line: the fields, if they are few."""
        few = [change.label for change in self.changes][:4]
        return ", ".join(few) if 0 < len(few) < 4 else f"{len(self.changes)} fields" if few else "Details"  # noqa: PLR2004


def audit_labels() -> Mapping[str, RecordLabels]:
    """Return how people speak of each kind of record, by table."""
    return {table: kind for module in registered_modules() for table, kind in module.get_audit_labels().items()}


def present_entries(entries: Sequence[AuditEntry], zone: str) -> list[PresentedEntry]:
    """Return entries in plain words, with one query for each kind of record that has names."""
    kinds = audit_labels()
    teller = _Teller(kinds, _names(entries, kinds), zone)
    return [PresentedEntry(one, action_text(one, kinds), teller.records(one), teller.changes(one)) for one in entries]


def record_link_by_id(table: str, record_id: UUID) -> RecordLink:
    """Return one record by its name, or as `not known here`."""
    kind = audit_labels()[table]
    names = kind.names({record_id}) if kind.names else {}
    found = _Teller({table: kind}, {(table, one): name for one, name in names.items()}, "").named(table, record_id)
    return found if found.name else RecordLink("not known here")


def action_text(entry: AuditEntry, kinds: Mapping[str, RecordLabels]) -> str:
    """Return what was done in plain words: `Looked at a patient`."""
    if entry.action in ALONE:
        return ALONE[entry.action]
    kind = kinds.get(entry.record) or _unknown(entry.record)
    if own := kind.action_labels.get(entry.action):
        return own
    if entry.action in _OF_MANY:
        return f"{_OF_MANY[entry.action]} {kind.plural}"
    return f"{ACTIONS.get(entry.action, entry.action.capitalize())} {kind.singular}"


def viewed_text(entry: AuditEntry, kinds: Mapping[str, RecordLabels]) -> str:
    """Return what was seen by an act of looking: `An appointment`, `In a list of patients`."""
    kind = kinds.get(entry.record) or _unknown(entry.record)
    if entry.action == LISTED:
        return f"In a list of {kind.plural}"
    return _with_capital(kind.singular) + (", exported" if entry.action == EXPORTED else "")


def action_choices() -> list[tuple[str, str]]:
    """Return every action with what it is called in a list."""
    many = {LISTED: "Looked at a list", EXPORTED: "Exported"}
    return list({**ACTIONS, **many, **ALONE}.items())


def record_choices() -> list[tuple[str, str]]:
    """Return every kind of record with what it is called in a list."""
    named = [(table, _with_capital(kind.plural)) for table, kind in audit_labels().items()]
    return sorted(named, key=lambda choice: choice[1])


@dataclass(frozen=True)
class _Teller:
    kinds: Mapping[str, RecordLabels]
    names: Names
    zone: str

    def records(self, entry: AuditEntry) -> list[RecordLink]:
        """Return the record of an entry, and the patient whom it is about."""
        is_oneself = entry.actor == f"staff:{entry.record_id}"
        found = [self.named(entry.record, entry.record_id)] if entry.record_id and not is_oneself else []
        if entry.patient_id and entry.patient_id != entry.record_id:
            found.append(self.named("patients", entry.patient_id))
        return [record for record in found if record.name]

    def changes(self, entry: AuditEntry) -> list[Change]:
        """Return what changed, in the order of the labels."""
        kind = self.kinds.get(entry.record) or _unknown(entry.record)
        labels = {**kind.labels, **{name: label for name, label in _LABELS.items() if name not in kind.labels}}
        known = [name for name in labels if name in entry.changes]
        rest = sorted(name for name in entry.changes if name not in labels)
        return [
            Change(
                labels.get(name) or _with_capital(name.replace("_", " ")),
                *(self._values(kind, name, value) for value in entry.changes[name]),
            )
            for name in [*known, *rest]
        ]

    def _values(self, kind: RecordLabels, name: str, value: Any) -> list[RecordLink]:
        if value is None:
            return []
        return [self._value(kind, name, one) for one in (value if isinstance(value, list) else [value])]

    def _value(self, kind: RecordLabels, name: str, value: Any) -> RecordLink:
        table = kind.references.get(name) or _REFERENCES.get(name)
        if table and isinstance(value, str) and _ID.fullmatch(value):
            named = self.named(table, UUID(value))
            return named if named.name else RecordLink(value)
        way = kind.formatters.get(name)
        return RecordLink((way(value) if way else None) or _said(value, self.zone))

    def named(self, table: str, record_id: UUID) -> RecordLink:
        """Return a record by its name, with its page for who may open it; without a name if it has none."""
        kind = self.kinds.get(table) or _unknown(table)
        name = self.names.get((table, record_id), "")
        if not kind.endpoint or (kind.names and not name):
            return RecordLink(name)
        arguments: dict[str, Any] = {kind.argument: record_id} if kind.argument else {}
        found = record_link(name or "Open", kind.endpoint, **arguments)
        return found if found.url or name else RecordLink("")


def _names(entries: Sequence[AuditEntry], kinds: Mapping[str, RecordLabels]) -> Names:
    wanted: dict[str, set[UUID]] = {}
    for entry in entries:
        for table, record_id in _mentioned(entry, kinds):
            wanted.setdefault(table, set()).add(record_id)
    found: dict[tuple[str, UUID], str] = {}
    for table, ids in wanted.items():
        kind = kinds.get(table)
        if kind and kind.names:
            found |= {(table, record_id): name for record_id, name in kind.names(ids).items()}
    return found


def _mentioned(entry: AuditEntry, kinds: Mapping[str, RecordLabels]) -> Iterable[tuple[str, UUID]]:
    """Return every record that an entry names: its own, its patient's, and those that its fields point to."""
    if entry.record_id:
        yield entry.record, entry.record_id
    if entry.patient_id:
        yield "patients", entry.patient_id
    refers = {**_REFERENCES, **(kinds[entry.record].references if entry.record in kinds else {})}
    for name in refers.keys() & entry.changes.keys():
        for value in entry.changes[name]:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and _ID.fullmatch(one):
                    yield refers[name], UUID(one)


def _said(value: Any, zone: str) -> str:
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


def _unknown(table: str) -> RecordLabels:
    words = table.replace("_", " ")
    return RecordLabels(words, words)


def _with_capital(words: str) -> str:
    return words[:1].upper() + words[1:]
