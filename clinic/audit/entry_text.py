"""Texts of entries and filters of the audit trail, from the labels that the modules declare for their records."""

from collections.abc import Mapping

from clinic.core.audit import CHANGED, CREATED, DELETED, EXPORTED, LISTED, VIEWED, AuditEntry
from clinic.core.modules import RecordLabels, registered_modules

_OF_ONE = {CREATED: "Added", CHANGED: "Changed", DELETED: "Removed", VIEWED: "Viewed"}
_OF_MANY = {LISTED: "Viewed a list of", EXPORTED: "Exported"}
_WITHOUT_RECORD = {
    "signed-in": "Signed in",
    "sign-in-refused": "Sign-in refused",
    "signed-out": "Signed out",
    "session-ended": "Session ended",
    "password-refused": "Entered a wrong password",
    "codes-renewed": "Created new recovery codes",
    "link-sent": "Sent a link to set a password",
    "seen-as": "Viewed the app as another role",
    "event-retried": "Retried an event",
    "event-discarded": "Discarded an event",
}


def audit_labels() -> Mapping[str, RecordLabels]:
    """Return the labels of all audited records by table."""
    return {table: labels for module in registered_modules() for table, labels in module.get_audit_labels().items()}


def labels_of(table: str, labels: Mapping[str, RecordLabels]) -> RecordLabels:
    """Return the labels of a table, made of its name if no module declares any."""
    text = table.replace("_", " ")
    return labels.get(table) or RecordLabels(text, text)


def action_text(entry: AuditEntry, labels: Mapping[str, RecordLabels]) -> str:
    """Return what was done, like `Viewed a patient`."""
    if entry.action in _WITHOUT_RECORD:
        return _WITHOUT_RECORD[entry.action]
    record = labels_of(entry.record, labels)
    if own := record.action_labels.get(entry.action):
        return own
    if entry.action in _OF_MANY:
        return f"{_OF_MANY[entry.action]} {record.plural}"
    return f"{_OF_ONE.get(entry.action, entry.action.capitalize())} {record.singular}"


def viewed_text(entry: AuditEntry, labels: Mapping[str, RecordLabels]) -> str:
    """Return what was viewed or exported, like `An appointment` or `List of patients`."""
    record = labels_of(entry.record, labels)
    if entry.action == LISTED:
        return f"List of {record.plural}"
    return capitalized(record.singular) + (", exported" if entry.action == EXPORTED else "")


def action_choices() -> list[tuple[str, str]]:
    """Return all actions with their labels, for a filter."""
    of_many = {LISTED: "Viewed a list", EXPORTED: "Exported"}
    return list({**_OF_ONE, **of_many, **_WITHOUT_RECORD}.items())


def record_choices() -> list[tuple[str, str]]:
    """Return all audited tables with their labels, for a filter."""
    choices = [(table, capitalized(labels.plural)) for table, labels in audit_labels().items()]
    return sorted(choices, key=lambda choice: choice[1])


def capitalized(text: str) -> str:
    """Return a text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
