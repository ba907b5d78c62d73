"""JSON endpoint of free times."""

from typing import Any

from flask.typing import ResponseReturnValue

from clinic.appointments.schemas.availability import AvailabilityQuery, FreeTimesSchema
from clinic.appointments.service import availability_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint

blueprint = ApiBlueprint(
    "availability",
    __name__,
    path="availability",
    noun="availability",
    description="Times at which appointments can be booked, and why they can't at others",
)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(AvailabilityQuery)
@blueprint.response(200, FreeTimesSchema)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List free starts by day, those of one time by the practitioner's name; `explain` adds the reasons of others."""
    found = availability_service.find(**query)
    days = [{"day": day, "slots": slots} for day, slots in found.by_day().items()]
    return {"time_zone": found.zone.key, "data": days, "refused": found.refused}
