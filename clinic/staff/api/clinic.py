"""JSON endpoint of the current clinic."""

from flask.typing import ResponseReturnValue

from clinic.identity.clinics import clinic_service
from clinic.staff.schemas import ClinicSchema
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, single
from clinic.web.openapi import RECORD_HEADERS

blueprint = ApiBlueprint("staff", __name__, path="clinic", noun="clinic", description="The clinic of the API key")


@blueprint.get("")
@requires("clinic:read")
@blueprint.problems()
@blueprint.conditional()
@blueprint.response(200, ClinicSchema, headers=RECORD_HEADERS)
def show() -> ResponseReturnValue:
    """Return the clinic with its time zone and currency."""
    return single(clinic_service.current())
