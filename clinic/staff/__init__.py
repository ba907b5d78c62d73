"""Clinics, who works in them in which role, and how people and programs prove who they are."""

from collections.abc import Mapping, Sequence
from typing import cast

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from clinic.core.modules import BaseModule, NavigationEntry, PeriodicJob, RecordLabels
from clinic.core.rate_limit import forget_expired
from clinic.core.tenancy import choose_clinics_by, find_staff_by
from clinic.identity.clinics import clinic_service
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.members import member_service
from clinic.identity.saved_forms import saved_form_service
from clinic.identity.sessions import session_service
from clinic.staff import api, commands, pages
from clinic.staff.audit_labels import AUDIT_LABELS
from clinic.staff.commands import keys
from clinic.staff.mail_worker import send_due
from clinic.web.authorization import keep_gates


class StaffModule(BaseModule):
    """Who runs the clinic, and the gates that everybody passes."""

    name = "staff"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return how people speak of the module's records."""
        return AUDIT_LABELS

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of who runs the clinic."""
        return (NavigationEntry("Staff", "staff.members", "a", 90, ("/staff", "/api-keys", "/clinic")),)

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the sending of mail, and the deletion of what is too old."""
        return (
            PeriodicJob("old sessions", session_service.forget_old),
            PeriodicJob("kept forms", saved_form_service.forget_old),
            PeriodicJob("old staff mail", staff_mail_queue.forget_old),
            PeriodicJob("send staff mail", send_due, is_due=staff_mail_queue.is_due),
            PeriodicJob("throttle", forget_expired),
        )

    def register(self, state: BlueprintSetupState) -> None:
        """Register the module with its commands, and put its gates before every route."""
        super().register(state)
        app = cast(Flask, state.app)
        choose_clinics_by(app, clinic_service.choose)
        find_staff_by(app, member_service.get_actor)
        keep_gates(app, pages=pages.PageGate(), api=api.ApiGate())
        pages.init_login(app)
        app.cli.add_command(commands.group)
        app.cli.add_command(keys.group)


module = StaffModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
