"""What each visit costs, and who has paid."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint

from clinic.billing import api, commands, pages
from clinic.billing.payments import INVOICE_PAID
from clinic.billing.records import KINDS
from clinic.billing.service import billing_service
from clinic.core.catalogue import EventType
from clinic.core.context import acting
from clinic.core.modules import BaseModule, NavigationEntry, Panel, RecordKind


class BillingModule(BaseModule):
    """Invoices and payments."""

    name = "billing"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def get_published_events(self) -> Sequence[EventType]:
        """Return what billing tells of."""
        return (INVOICE_PAID,)

    def get_record_kinds(self) -> Mapping[str, RecordKind]:
        """Return how people speak of the module's records."""
        return KINDS

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the list of invoices."""
        return (NavigationEntry("Invoices", "billing.index", "i", 40),)

    def get_patient_panels(self, patient_id: UUID) -> Sequence[Panel]:
        """Return what the patient has still to pay, and the way to a new invoice, to those who may."""
        if not acting().may("invoices:read"):
            return ()
        context = {
            "patient_id": patient_id,
            "balance": billing_service.balance_of(patient_id),
            "open_invoices": billing_service.open_of(patient_id),
        }
        panels = [Panel("billing/panel.html", context, "aside")]
        if acting().may("invoices:write"):
            panels.append(Panel("billing/action.html", context, "actions"))
        return panels


module = BillingModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
