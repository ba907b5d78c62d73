"""Labels of messages in the audit trail."""

from clinic.core.modules import RecordLabels

AUDIT_LABELS = {
    "notifications": RecordLabels(
        "a message",
        "messages",
        labels={
            "patient_id": "Patient",
            "kind": "What",
            "channel": "By",
            "state": "State",
            "reason": "Reason",
            "recipient": "To",
            "subject": "Subject",
            "body": "Text",
            "due_at": "Due",
            "created_at": "Queued",
            "sent_at": "Sent",
            "about_id": "About the record",
            "about_version": "In its version",
            "offset_minutes": "Minutes before",
        },
        formatters={
            "kind": str.capitalize,
            "state": str.capitalize,
            "channel": lambda name: "E-mail" if name == "email" else name,
        },
        action_labels={"created": "Queued a message"},
    )
}
