"""The card of a patient's page with the contact details, and to whom messages and invoices go."""

from collections.abc import Mapping, Sequence
from typing import Any

from clinic.core.clock import wall_day
from clinic.identity.clinics import clinic_service
from clinic.patients.recipients import choose_guardian, choose_payer
from clinic.patients.related_rules import adult_from
from clinic.patients.service import Patient, Relation, counts_as_minor


def contact_card(patient: Patient, relations: Sequence[Relation]) -> Mapping[str, Any]:
    """Return who gets the messages and the invoices of a patient instead of the patient, since and until which days."""
    zone = clinic_service.current().zone
    is_child = patient.deceased_on is None and counts_as_minor(patient)
    guardian = choose_guardian(relations) if is_child else None
    payer = choose_payer(patient, relations) if patient.deceased_on is None else None
    return {
        "is_child": is_child,
        "guardian": guardian,
        "payer": payer,
        "adult_from": adult_from(patient.birth_date),
        "since": {one.person.id: wall_day(one.person.created_at, zone) for one in (guardian, payer) if one},
    }
