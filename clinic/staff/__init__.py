"""Pages, JSON and commands about people, clinics, roles and API keys."""

from collections.abc import Mapping, Sequence
from typing import cast

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from clinic.core.idempotency import forget_expired as forget_expired_keys
from clinic.core.modules import BaseModule, NavigationEntry, PeriodicJob, RecordLabels, SettingsTab
from clinic.core.rate_limit import forget_expired
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.saved_forms import saved_form_service
from clinic.identity.sessions import session_service
from clinic.staff import api, commands, pages
from clinic.staff.audit_labels import AUDIT_LABELS
from clinic.staff.commands import keys
from clinic.staff.mail_worker import send_due


class StaffModule(BaseModule):
    """Staff, clinics, roles and API keys."""

    name = "staff"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "clinic:read": "View the clinic's settings",
            "clinic:write": "Change the clinic's settings",
            "staff:read": "View staff and their roles",
            "staff:write": "Invite and deactivate staff, change roles",
            "keys:write": "Create and revoke API keys",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the staff pages."""
        return (NavigationEntry("Staff", "staff.members", "a", 90, settings=True),)

    def get_settings_tabs(self) -> Sequence[SettingsTab]:
        """Return the tabs of staff, roles, API keys and the clinic's settings."""
        return (
            SettingsTab("Staff", "staff.members", 10),
            SettingsTab("Roles", "staff.roles", 20),
            SettingsTab("API keys", "staff.api_keys", 30),
            SettingsTab("Clinic", "staff.clinic", 40, entry=False),
        )

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the sending of mail, and the deletion of expired rows."""
        return (
            PeriodicJob("old sessions", session_service.delete_old),
            PeriodicJob("saved forms", saved_form_service.delete_old),
            PeriodicJob("old staff mail", staff_mail_queue.forget_old),
            PeriodicJob("send staff mail", send_due, is_due=staff_mail_queue.is_due),
            PeriodicJob("rate limits", forget_expired),
            PeriodicJob("idempotency keys", forget_expired_keys),
        )

    def register(self, state: BlueprintSetupState) -> None:
        """Register the module and both of its command groups."""
        super().register(state)
        app = cast(Flask, state.app)
        app.cli.add_command(commands.group)
        app.cli.add_command(keys.group)


module = StaffModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
