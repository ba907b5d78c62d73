"""How people speak of messages, where it is told what was done with them."""

from clinic.core.modules import RecordKind

KINDS = {
    "notifications": RecordKind(
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
        ways={
            "kind": str.capitalize,
            "state": str.capitalize,
            "channel": lambda name: "E-mail" if name == "email" else name,
        },
        acts={"created": "Queued a message"},
    )
}
