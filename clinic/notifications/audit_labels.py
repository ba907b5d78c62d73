"""Labels of messages in the audit trail."""

from clinic.core.modules import RecordLabels

AUDIT_LABELS = {
    "notifications": RecordLabels(
        "a message",
        "messages",
        labels={
            "patient_id": "Patient",
            "kind": "Type",
            "channel": "Channel",
            "state": "Status",
            "reason": "Reason",
            "recipient": "Recipient",
            "subject": "Subject",
            "body": "Text",
            "due_at": "Due",
            "created_at": "Queued",
            "sent_at": "Sent",
            "about_id": "Related record ID",
            "about_version": "Related record version",
            "offset_minutes": "Minutes before",
        },
        formatters={
            "kind": str.capitalize,
            "state": str.capitalize,
            "channel": lambda name: "Email" if name == "email" else name,
        },
        action_labels={"created": "Queued a message"},
    )
}
