"""The panels of billing on the pages of patients, visits and services."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from clinic.appointments.service import appointment_service
from clinic.billing.pages.invoice_rows import due_note
from clinic.billing.service import billing_service, price_list
from clinic.billing.standings import is_late
from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.core.modules import Panel
from clinic.identity.clinics import clinic_service

_MOST_SHOWN = 5


def panels_of_patient(patient_id: UUID) -> Sequence[Panel]:
    """Return what a patient has still to pay, and the way to a new invoice."""
    invoices, day = billing_service.open_of(patient_id), today(clinic_service.current().zone)
    context = {
        "patient_id": patient_id,
        "balance": billing_service.balance(invoices),
        "credit": billing_service.credit(patient_id),
        "open_invoices": invoices,
        "shown_invoices": invoices[:_MOST_SHOWN],
        "notes": {one.id: due_note(one.due_on, day) for one in invoices if is_late(one.due_on, day)},
    }
    panels = [Panel("billing/panel.html", context, "aside")]
    if current_actor().has_permission("invoices:write"):
        panels.append(Panel("billing/action.html", context, "menu"))
    return panels


def panels_of_visit(appointment_id: UUID) -> Sequence[Panel]:
    """Return the invoices of a visit, the way to its first one, and what the patient has to pay besides."""
    appointment = appointment_service.get(appointment_id)
    own, others = billing_service.of_visit(appointment)
    context = {"appointment": appointment, "own": own, "others": others}
    return [Panel("billing/visit_panel.html", context, "aside")]


def panels_of_service(service_id: UUID) -> Sequence[Panel]:
    """Return the items that a service is charged with, each with today's price."""
    day = today(clinic_service.current().zone)
    items = price_list.of_services([service_id]).get(service_id, ())
    context = {"service_id": service_id, "items": [(item, item.price_on(day)) for item in items]}
    return [Panel("billing/service_panel.html", context, "aside")]


PANELS: Mapping[str, Callable[[UUID], Sequence[Panel]]] = {
    "patients.show": panels_of_patient,
    "appointments.show": panels_of_visit,
    "appointments.edit_service": panels_of_service,
}
"""The panels by the page of the record, for those who may see invoices."""
