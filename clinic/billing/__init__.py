"""What each visit costs, and who has paid."""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from clinic.billing import api, commands, pages, patient_list, visit_badges
from clinic.billing.allocations import INVOICE_PAID
from clinic.billing.audit_labels import AUDIT_LABELS
from clinic.billing.credit_notes import INVOICE_CREDITED
from clinic.billing.issuing import INVOICE_ISSUED
from clinic.billing.merging import INVOICES, PAYMENTS
from clinic.billing.pages.panels import PANELS
from clinic.billing.payments import PAYMENT_RECORDED
from clinic.billing.refunds import PAYMENT_REFUNDED
from clinic.billing.reversals import PAYMENT_REVERSED
from clinic.billing.timeline_texts import SOURCES
from clinic.core.context import current_actor
from clinic.core.events.types import EventType
from clinic.core.modules import BaseModule, NavigationEntry, Panel, RecordLabels, SettingsTab
from clinic.core.subject_lists import ListBadges, ListFilter
from clinic.core.subject_merge import KeptRows, MergeFollower
from clinic.core.timeline_sources import TimelineSource
from clinic.patients.service import LIST


class BillingModule(BaseModule):
    """Invoices and payments."""

    name = "billing"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, *api.BLUEPRINTS)

    def get_published_events(self) -> Sequence[EventType]:
        """Return the events that the module publishes."""
        return (INVOICE_ISSUED, INVOICE_PAID, INVOICE_CREDITED, PAYMENT_RECORDED, PAYMENT_REFUNDED, PAYMENT_REVERSED)

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "invoices:read": "View invoices and balances",
            "invoices:write": "Create and issue invoices",
            "payments:write": "Take payments",
            "refunds:write": "Refund payments and credit",
            "credits:write": "Issue credit notes and write off",
            "prices:write": "Set prices and taxes",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the list of invoices."""
        return (NavigationEntry("Invoices", "billing.index", "i", 40),)

    def get_settings_tabs(self) -> Sequence[SettingsTab]:
        """Return the tabs of the settings of billing, the price list and the taxes."""
        return (
            SettingsTab("Billing", "billing.settings", 90, entry=False),
            SettingsTab("Prices", "billing.prices", 92),
            SettingsTab("Taxes", "billing.taxes", 94),
        )

    def get_list_filters(self, page: str) -> Sequence[ListFilter]:
        """Return the module's filters of the list of patients."""
        return patient_list.FILTERS if page == LIST else ()

    def get_list_badges(self, page: str, subject_ids: Sequence[UUID]) -> ListBadges:
        """Return the module's columns of the list of patients, and what is to pay of visits in the schedule."""
        badges = {LIST: patient_list.badges, visit_badges.PAGE: visit_badges.badges}
        return badges[page](subject_ids) if page in badges else ListBadges()

    def get_merge_followers(self) -> Sequence[MergeFollower | KeptRows]:
        """Return the invoices and payments of a patient; lines and allocations follow them."""
        return (INVOICES, PAYMENTS)

    def get_timeline_sources(self) -> Sequence[TimelineSource]:
        """Return a patient's invoices and payments."""
        return SOURCES

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return the invoices of a patient or of a visit, and the way to a new one, to those who may see them."""
        return PANELS[page](subject_id) if page in PANELS and current_actor().has_permission("invoices:read") else ()

    def register(self, state: BlueprintSetupState) -> None:
        """Register the module and its command groups."""
        super().register(state)
        app = cast(Flask, state.app)
        for group in commands.OTHER_GROUPS:
            app.cli.add_command(group)


module = BillingModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
