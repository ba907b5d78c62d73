"""JSON endpoints of the current clinic and its settings."""

from typing import Any

from flask.typing import ResponseReturnValue

from clinic.identity.clinics import clinic_service
from clinic.identity.zone_change import ZoneChange
from clinic.staff.schemas import ClinicPatch, ClinicSchema, TimeZoneSchema, ZonePreviewSchema
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, expected_version, handle_stale_version, single
from clinic.web.openapi import RECORD_HEADERS

blueprint = ApiBlueprint("staff", __name__, path="clinic", noun="clinic", description="The clinic of the API key")
handle_stale_version(blueprint, clinic_service.current, ClinicSchema)


@blueprint.get("")
@requires("clinic:read")
@blueprint.problems()
@blueprint.conditional()
@blueprint.response(200, ClinicSchema, headers=RECORD_HEADERS)
def show() -> ResponseReturnValue:
    """Return the clinic with its time zone and currency."""
    return single(clinic_service.current())


@blueprint.patch("")
@requires("clinic:write")
@blueprint.problems(409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(ClinicPatch)
@blueprint.response(200, ClinicSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any]) -> ResponseReturnValue:
    """Update the clinic's settings; 409 if another clinic has that name, or something is in the way of the time zone.

    With another `time_zone`, appointments to come keep their local time.
    """
    return single(clinic_service.update(version=expected_version(clinic_service.current), **fields))


@blueprint.post("/time-zone/preview")
@requires("clinic:write")
@blueprint.problems()
@blueprint.body(TimeZoneSchema)
@blueprint.response(200, ZonePreviewSchema)
def preview_time_zone(fields: dict[str, Any]) -> ZoneChange:
    """Return what another time zone would change, and what is in its way; nothing is changed."""
    return clinic_service.preview_zone(fields["zone"])
