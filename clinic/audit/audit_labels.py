"""Labels of views and exports of the audit trail itself."""

from clinic.core.modules import RecordLabels

AUDIT_LABELS = {
    "audit_entries": RecordLabels(
        "the audit trail",
        "entries of the audit trail",
        action_labels={"exported": "Exported the audit trail"},
    ),
}
