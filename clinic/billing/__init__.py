"""What each visit costs, and who has paid."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint

from clinic.appointments.service import appointment_service
from clinic.billing import api, commands, pages
from clinic.billing.audit_labels import AUDIT_LABELS
from clinic.billing.payments import INVOICE_PAID
from clinic.billing.service import billing_service
from clinic.core.context import current_actor
from clinic.core.events.types import EventType
from clinic.core.modules import BaseModule, NavigationEntry, Panel, RecordLabels


class BillingModule(BaseModule):
    """Invoices and payments."""

    name = "billing"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def get_published_events(self) -> Sequence[EventType]:
        """Return the events that the module publishes."""
        return (INVOICE_PAID,)

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "invoices:read": "View invoices and balances",
            "invoices:write": "Create and issue invoices",
            "payments:write": "Take payments",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the list of invoices."""
        return (NavigationEntry("Invoices", "billing.index", "i", 40),)

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return the invoices of a patient or of a visit, and the way to a new one, to those who may see them."""
        if not current_actor().has_permission("invoices:read"):
            return ()
        if page == "patients.show":
            return _panels_of_patient(subject_id)
        return _panels_of_visit(subject_id) if page == "appointments.show" else ()


def _panels_of_patient(patient_id: UUID) -> Sequence[Panel]:
    """Return what a patient has still to pay, and the way to a new invoice."""
    context = {
        "patient_id": patient_id,
        "balance": billing_service.balance_of(patient_id),
        "open_invoices": billing_service.open_of(patient_id),
    }
    panels = [Panel("billing/panel.html", context, "aside")]
    if current_actor().has_permission("invoices:write"):
        panels.append(Panel("billing/action.html", context, "actions"))
    return panels


def _panels_of_visit(appointment_id: UUID) -> Sequence[Panel]:
    """Return the invoices of a visit, the way to its first one, and what the patient has to pay besides."""
    appointment = appointment_service.get(appointment_id)
    found = billing_service.of_visit(appointment)
    context = {
        "appointment": appointment,
        "own": [one for one in found if one.appointment_id == appointment_id],
        "others": [one for one in found if one.appointment_id != appointment_id],
    }
    return [Panel("billing/visit_panel.html", context, "aside")]


module = BillingModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
