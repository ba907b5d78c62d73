"""Labels of messages in the audit trail."""

from clinic.core.modules import RecordLabels
from clinic.notifications.kinds import KINDS
from clinic.notifications.models import RESULT_LABELS
from clinic.notifications.settings_rules import clock_text, offset_text
from clinic.notifications.writing.languages import LANGUAGES


def kind_label(name: str) -> str:
    """Return the label of a kind of message."""
    return KINDS[name].label if name in KINDS else name


def language_name(code: str) -> str:
    """Return the name of a language of messages."""
    return LANGUAGES.get(code, code)


AUDIT_LABELS = {
    "message_templates": RecordLabels(
        "the text of a message",
        "texts of messages",
        labels={
            "kind": "Message",
            "channel": "Channel",
            "language": "Language",
            "subject": "Subject",
            "text": "Text",
            "in_use": "Used",
        },
        formatters={"kind": kind_label, "language": language_name},
    ),
    "message_kind_settings": RecordLabels(
        "whether a message is sent",
        "whether messages are sent",
        labels={"kind": "Message", "enabled": "Sent"},
        formatters={"kind": kind_label},
    ),
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
            "offset_minutes": "Minutes before or after",
        },
        formatters={
            "kind": str.capitalize,
            "state": str.capitalize,
            "channel": lambda name: "Email" if name == "email" else name,
        },
        action_labels={"created": "Queued a message"},
    ),
    "calls": RecordLabels(
        "a call",
        "calls",
        labels={
            "patient_id": "Patient",
            "appointment_id": "Appointment",
            "result": "Result",
            "note": "Note",
            "made_at": "Made",
        },
        formatters={"result": lambda name: RESULT_LABELS.get(name, name)},
        references={"appointment_id": "appointments"},
        action_labels={"created": "Recorded a call"},
    ),
    "notification_settings": RecordLabels(
        "the settings of messages",
        "settings of messages",
        labels={
            "reminder_offsets": "Reminders",
            "payment_reminder_days": "Payment reminders",
            "quiet": "Quiet hours",
            "quiet_from": "Quiet from",
            "quiet_until": "Quiet until",
            "grace_seconds": "Seconds to undo",
        },
        formatters={
            "reminder_offsets": offset_text,
            "payment_reminder_days": lambda day: f"{day} days",
            "quiet_from": clock_text,
            "quiet_until": clock_text,
        },
    ),
    "service_reminders": RecordLabels(
        "the reminders of a service",
        "reminders of services",
        labels={"service_id": "Service", "offsets": "Reminders"},
        formatters={"offsets": offset_text},
        references={"service_id": "services"},
    ),
}
