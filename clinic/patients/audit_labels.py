"""Labels of patients in the audit trail."""

from clinic.core.modules import RecordLabels
from clinic.patients.consent_rules import CHANNELS, PURPOSES, SOURCES, STATES
from clinic.patients.pages.patients import LABELS, birth_date_text
from clinic.patients.rules import sex_label
from clinic.patients.service import patient_service

AUDIT_LABELS = {
    "patients": RecordLabels(
        "a patient",
        "patients",
        labels={
            "mrn": "Number",
            **LABELS,
            "messages_agreed": "Agreed to messages",
            "messages_agreed_source": "Source of the agreement",
            "messages_agreed_at": "Agreed on",
        },
        formatters={"birth_date": birth_date_text, "sex": sex_label},
        action_labels={"created": "Registered a patient"},
        endpoint="patients.show",
        argument="patient_id",
        names=patient_service.numbers,
    ),
    "consent_answers": RecordLabels(
        "an answer about consent",
        "answers about consent",
        labels={
            "patient_id": "Patient",
            "purpose": "Purpose",
            "channel": "Channel",
            "state": "Answer",
            "source": "Source",
            "answered_on": "Answered on",
            "note": "Note",
        },
        formatters={"purpose": PURPOSES.get, "channel": CHANNELS.get, "state": STATES.get, "source": SOURCES.get},
        action_labels={"created": "Recorded an answer about consent"},
    ),
}
