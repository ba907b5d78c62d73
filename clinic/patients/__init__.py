"""Who the patients are and how to reach them."""

from collections.abc import Mapping, Sequence

from flask import Blueprint

from clinic.core.events.types import EventType
from clinic.core.modules import BaseModule, NavigationEntry, RecordLabels
from clinic.patients import api, commands, pages
from clinic.patients.audit_labels import AUDIT_LABELS
from clinic.patients.service import PATIENT_CREATED


class PatientsModule(BaseModule):
    """The register of patients."""

    name = "patients"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, *api.BLUEPRINTS)

    def get_published_events(self) -> Sequence[EventType]:
        """Return the events that the module publishes."""
        return (PATIENT_CREATED,)

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "patients:read": "View patients",
            "patients:contact": "View contact details: phone, email, address",
            "patients:write": "Register and edit patients",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the list of patients."""
        return (NavigationEntry("Patients", "patients.index", "p", 30),)


module = PatientsModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
