"""Clinics, who works in them in which role, and how people and programs prove who they are."""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from clinic.core.context import acting
from clinic.core.modules import BaseModule, NavigationEntry, Panel, PeriodicJob, RecordKind
from clinic.core.tenancy import choose_clinics_by, find_staff_by
from clinic.core.throttle import forget_expired
from clinic.staff import api, commands, pages
from clinic.staff.commands import audit, keys
from clinic.staff.records import KINDS
from clinic.staff.sending import send_due
from clinic.staff.service import clinic_service, kept_forms, member_service, outgoing_letters, session_service
from clinic.web.access import keep_gates


class StaffModule(BaseModule):
    """Who runs the clinic, and the gates that everybody passes."""

    name = "staff"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def get_record_kinds(self) -> Mapping[str, RecordKind]:
        """Return how people speak of the module's records."""
        return KINDS

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of who runs the clinic."""
        return (NavigationEntry("Staff", "staff.members", "a", 90, ("/staff", "/api-keys", "/clinic", "/audit")),)

    def get_patient_panels(self, patient_id: UUID) -> Sequence[Panel]:
        """Return the way to who looked at the record, for those who may know."""
        if not acting().may("audit:read"):
            return ()
        return (Panel("staff/panel.html", {"patient_id": patient_id}, "end"),)

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the sending of letters, and what is forgotten when its time is over."""
        return (
            PeriodicJob("old sessions", session_service.forget_old),
            PeriodicJob("kept forms", kept_forms.forget_old),
            PeriodicJob("old letters", outgoing_letters.forget_old),
            PeriodicJob("send letters", send_due),
            PeriodicJob("throttle", forget_expired),
        )

    def register(self, state: BlueprintSetupState) -> None:
        """Register the module with its commands, and put its gates before every route."""
        super().register(state)
        app = cast(Flask, state.app)
        choose_clinics_by(app, clinic_service.choose)
        find_staff_by(app, member_service.acting)
        keep_gates(app, pages=pages.PageGate(), api=api.ApiGate())
        pages.init_login(app)
        app.cli.add_command(audit.group)
        app.cli.add_command(keys.group)


module = StaffModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
