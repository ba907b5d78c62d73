"""Clinics, who works in them, and who did or saw what."""

from collections.abc import Sequence

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from clinic.core.modules import BaseModule
from clinic.core.tenancy import choose_clinics_by
from clinic.staff import api, commands, pages
from clinic.staff.commands import audit
from clinic.staff.service import clinic_service


class StaffModule(BaseModule):
    """Who runs the clinic: for now the clinics themselves."""

    name = "staff"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def register(self, state: BlueprintSetupState) -> None:
        """Register the module and its second group of commands; it says which clinic a request or command means."""
        super().register(state)
        choose_clinics_by(state.app, clinic_service.choose)
        state.app.cli.add_command(audit.group)


module = StaffModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
