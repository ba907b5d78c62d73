"""The clinic in force, as JSON."""

from flask.typing import ResponseReturnValue

from clinic.identity.clinics import clinic_service
from clinic.staff.schemas import ClinicSchema
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, document, single

blueprint = ApiBlueprint("staff", __name__, path="clinic", description="The clinic in force")


@blueprint.get("")
@requires("clinic:read")
@document(blueprint)
@blueprint.response(200, ClinicSchema)
def show() -> ResponseReturnValue:
    """Return the clinic with its time zone and currency."""
    return single(clinic_service.current())
