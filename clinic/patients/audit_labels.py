"""Labels of patients in the audit trail."""

from clinic.core.modules import RecordLabels
from clinic.patients.consent_rules import CHANNELS, PURPOSES, SOURCES, STATES
from clinic.patients.contact_rules import CONTACT_KINDS, USES
from clinic.patients.identifier_rules import identifier_label
from clinic.patients.models.details import ADDRESS, EMAIL, FORMER_NAME, IDENTIFIER, PHONE
from clinic.patients.note_rules import NOTE_KINDS
from clinic.patients.pages.record_texts import FORMATTERS, LABELS
from clinic.patients.recall_rules import RECALL_STATES
from clinic.patients.schemas.duplicates import STATES as STATES_OF_PAIRS
from clinic.patients.schemas.patient_fields import CONTACT
from clinic.patients.service import patient_service

KINDS = {
    FORMER_NAME: "Former name",
    PHONE: "Other phone",
    EMAIL: "Other email",
    ADDRESS: "Other address",
    IDENTIFIER: "Identifier",
}

AUDIT_LABELS = {
    "patients": RecordLabels(
        "a patient",
        "patients",
        labels={
            "mrn": "Number",
            "merged_into_id": "Merged into",
            **LABELS,
            "state": "Record",
            "deceased_on": "Died on",
            "messages_agreed": "Agreed to messages",
            "messages_agreed_source": "Source of the agreement",
            "messages_agreed_at": "Agreed on",
        },
        formatters={**FORMATTERS, "state": str.capitalize},
        references={"merged_into_id": "patients"},
        action_labels={"created": "Registered a patient"},
        endpoint="patients.show",
        argument="patient_id",
        names=patient_service.numbers,
        timeline_permission="patients:read",
        field_permissions={name: CONTACT for kind in CONTACT_KINDS for name in (kind, f"{kind}_use")},
    ),
    "patient_details": RecordLabels(
        "a detail of a patient’s record",
        "details of patients’ records",
        labels={
            "patient_id": "Patient",
            "kind": "Kind",
            "family_name": "Family name",
            "given_name": "Given names",
            "until": "Until",
            "reason": "Reason",
            "type": "Type",
            "value": "Value",
            "issuer": "Issued by",
            "use": "Use",
            "valid_from": "Valid from",
            "valid_until": "Valid until",
        },
        formatters={"kind": KINDS.get, "use": USES.get, "type": identifier_label},
        action_labels={
            "created": "Added to the record",
            "changed": "Changed in the record",
            "deleted": "Removed from the record",
        },
        timeline_permission=CONTACT,
    ),
    "patient_notes": RecordLabels(
        "a note about a patient",
        "notes about patients",
        labels={"patient_id": "Patient", "kind": "Kind", "text": "Text", "ended_at": "Ended"},
        references={"patient_id": "patients"},
        formatters={"kind": NOTE_KINDS.get},
        action_labels={"created": "Added a note about a patient"},
        timeline_permission="patients:read",
    ),
    "related_persons": RecordLabels(
        "a related person",
        "related persons",
        labels={
            "patient_id": "Patient",
            "other_id": "Other patient",
            "name": "Name",
            "phone": "Phone",
            "email": "Email",
            "relationship": "Relationship",
            "is_contact": "Contact person",
            "is_guardian": "Guardian",
            "is_payer": "Payer",
            "ended_at": "Ended",
        },
        references={"patient_id": "patients", "other_id": "patients"},
        action_labels={"created": "Added a related person"},
        timeline_permission="patients:read",
        field_permissions=dict.fromkeys(("phone", "email"), CONTACT),
    ),
    "recalls": RecordLabels(
        "a recall",
        "recalls",
        labels={
            "patient_id": "Patient",
            "due_on": "Due on",
            "reason": "What for",
            "practitioner": "Practitioner",
            "service": "Service",
            "state": "State",
            "appointment_id": "Appointment",
        },
        references={"patient_id": "patients", "appointment_id": "appointments"},
        formatters={"state": RECALL_STATES.get},
        action_labels={"created": "Added a recall"},
        timeline_permission="patients:read",
    ),
    "patient_merges": RecordLabels(
        "a merge of two records",
        "merges of two records",
        labels={
            "survivor_id": "Into",
            "merged_id": "Merged record",
            "merged_at": "Merged at",
            "unmerged_at": "Undone at",
        },
        references={"survivor_id": "patients", "merged_id": "patients"},
        action_labels={"created": "Merged two records", "changed": "Undid a merge of two records"},
        timeline_permission="patients:read",
    ),
    "duplicate_pairs": RecordLabels(
        "a pair of possible duplicates",
        "pairs of possible duplicates",
        labels={"state": "Decision", "before": "Decision before", "other": "Other patient"},
        formatters={"state": STATES_OF_PAIRS.get, "before": STATES_OF_PAIRS.get},
        references={"other": "patients"},
        action_labels={"changed": "Decided about possible duplicates"},
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
            "by_guardian": "By the guardian",
            "note": "Note",
        },
        formatters={"purpose": PURPOSES.get, "channel": CHANNELS.get, "state": STATES.get, "source": SOURCES.get},
        action_labels={"created": "Recorded an answer about consent"},
    ),
}
