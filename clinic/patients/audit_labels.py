"""How people speak of patients, where it is told what was done with them."""

from clinic.core.modules import RecordLabels
from clinic.patients.pages import LABELS, birth_date_text
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
            "messages_agreed_source": "Said so at",
            "messages_agreed_at": "Said so on",
        },
        formatters={"birth_date": birth_date_text, "sex": sex_label},
        action_labels={"created": "Registered a patient"},
        endpoint="patients.show",
        argument="patient_id",
        names=patient_service.numbers,
    )
}
