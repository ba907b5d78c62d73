"""Who pays a draft, as its form shows it."""

from collections.abc import Sequence
from typing import Any

from clinic.billing.payer_rules import OTHER, PATIENT
from clinic.billing.schemas.invoices import PAYER_FIELDS
from clinic.billing.service import (
    Invoice,
    PayerChoice,
    chosen_payer,
    default_payer,
    payer_choices,
    payer_problem,
)
from clinic.core.context import current_actor
from clinic.patients.service import Patient
from clinic.web.forms import Form

PAYER_NAMES = [f"payer-{name}" for name in PAYER_FIELDS]
"""The fields of a payer who is typed."""


def with_payers(form: Form, patient: Patient | None, invoice: Invoice | None) -> dict[str, Any]:
    """Return who can be chosen to pay, and why the stored payer has to be chosen again; the form gets its choice."""
    choices = payer_choices(patient) if patient else ()
    if not form.value("payer"):
        form.values = {**form.values, **stored_payer(invoice, choices)}
    return {"payers": choices, "payer_problem": payer_problem(invoice, choices) if invoice else None}


def stored_payer(invoice: Invoice | None, choices: Sequence[PayerChoice]) -> dict[str, str]:
    """Return the payer of a draft as its form sends it; without one the default of the patient."""
    if invoice is not None and invoice.payer_kind == OTHER:
        stored = {f"payer-{name}": getattr(invoice, f"payer_{name}") or "" for name in PAYER_FIELDS}
        return {"payer": OTHER} | stored
    is_chosen = invoice is not None and invoice.payer_kind is not None
    found = chosen_payer(invoice, choices) if invoice and is_chosen else default_payer(choices)
    return {"payer": found.key if found and not found.problem else ""}


def payer_text(key: str, choices: Sequence[PayerChoice]) -> str:
    """Return in words who is meant by a choice of the form."""
    if key in {PATIENT, OTHER}:
        return "The patient" if key == PATIENT else "Another person or firm"
    relation = next((one.relation for one in choices if one.relation and one.key == key), None)
    if relation is None:
        return "Not chosen"
    return relation.calling_name if current_actor().has_permission("patients:read") else relation.role_text
