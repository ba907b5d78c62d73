"""The panels around a patient's record on the patient's page."""

from collections.abc import Sequence
from uuid import UUID

from clinic.core.clock import today
from clinic.core.modules import Panel
from clinic.identity.clinics import clinic_service
from clinic.patients.note_rules import ALERT
from clinic.patients.pages.merging import merge_panels
from clinic.patients.recipients import choose_guardian, choose_payer
from clinic.patients.related_rules import adult_from
from clinic.patients.service import (
    Patient,
    counts_as_minor,
    note_service,
    patient_service,
    recall_service,
    related_person_service,
)
from clinic.web.forms import Form


def panels_of_patient(patient_id: UUID) -> Sequence[Panel]:
    """Return the notices below the banner of a patient's page, and the cards beside the record."""
    patient = patient_service.get(patient_id)
    return (
        Panel("patients/_record_notices.html", {"patient": patient}, "top"),
        *(merge_panels(patient) if patient.merged_ids else ()),
        *_panels_of_relations(patient),
        *_panels_of_notes(patient),
        _panel_of_recalls(patient),
        Panel("patients/_record_menu.html", {"patient": patient}, "menu"),
    )


def _panels_of_relations(patient: Patient) -> Sequence[Panel]:
    """Return the notice about a minor's guardian, and the card of related persons."""
    relations = related_person_service.relations(patient.id)
    card = Panel("patients/_related.html", {"patient": patient, "relations": relations}, "end")
    if patient.deceased_on or not counts_as_minor(patient):
        return (card,)
    context = {
        "patient": patient,
        "guardian": choose_guardian(relations),
        "payer": choose_payer(patient, relations),
        "unusable": [one for one in relations if one.person.is_guardian and not one.is_reverse],
        "adult_from": adult_from(patient.birth_date),
    }
    return (Panel("patients/_guardian.html", context, "top"), card)


def _panels_of_notes(patient: Patient) -> Sequence[Panel]:
    """Return the alerts, and the card of the other notes with the form of a new one."""
    found = note_service.current(patient.id)
    notes = [note for note in found if note.kind != ALERT]
    alerts = [note for note in found if note.kind == ALERT]
    context = {"patient": patient, "notes": notes, "form": Form()}
    return (
        Panel("patients/_alerts.html", {"alerts": alerts}, "top"),
        Panel("patients/_notes.html", context, "notes"),
    )


def _panel_of_recalls(patient: Patient) -> Panel:
    """Return the card of when the patient is to be seen again."""
    day = today(clinic_service.current().zone)
    context = {"patient": patient, "recalls": recall_service.open_of(patient.id), "today": day}
    return Panel("patients/_recalls.html", context, "end")
