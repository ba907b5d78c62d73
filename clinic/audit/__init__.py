"""The audit trail: who changed or viewed what, sealed against later changes."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint

from clinic.audit import commands, pages
from clinic.audit.audit_labels import AUDIT_LABELS
from clinic.audit.hash_chain import seal_due
from clinic.audit.timeline import SOURCES
from clinic.core.context import current_actor
from clinic.core.modules import BaseModule, NavigationEntry, Panel, PeriodicJob, RecordLabels
from clinic.core.timeline_sources import TimelineSource


class AuditModule(BaseModule):
    """Pages, commands and sealing of the audit trail."""

    name = "audit"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages."""
        return (pages.blueprint,)

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the audit trail itself, whose views and exports are audited."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "audit:read": "View the audit trail and access logs",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the navigation entry of the audit trail."""
        return (NavigationEntry("Audit trail", "audit.index", "l", 95),)

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return the link from a patient's page to the patient's entries, for those who may read them."""
        if page != "patients.show" or not current_actor().has_permission("audit:read"):
            return ()
        return (Panel("audit/panel.html", {"patient_id": subject_id}, "menu"),)

    def get_timeline_sources(self) -> Sequence[TimelineSource]:
        """Return the changes of a subject's records."""
        return SOURCES

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the job that seals new entries."""
        return (PeriodicJob("seal audit entries", seal_due, counted=False),)


module = AuditModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
