"""Clinics, and who works in them."""

from collections.abc import Sequence

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from clinic.core.modules import BaseModule, PeriodicJob
from clinic.core.tenancy import choose_clinics_by
from clinic.core.throttle import forget_expired
from clinic.staff import api, commands, pages
from clinic.staff.service import clinic_service


class StaffModule(BaseModule):
    """Who runs the clinic: for now the clinics themselves."""

    name = "staff"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the sweeping of tries that count no more."""
        return (PeriodicJob("throttle", forget_expired),)

    def register(self, state: BlueprintSetupState) -> None:
        """Register the module, and let it say which clinic a request or command means."""
        super().register(state)
        choose_clinics_by(state.app, clinic_service.choose)


module = StaffModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
