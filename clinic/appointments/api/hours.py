"""JSON endpoints of the weekly hours of practitioners, and of the clinic's opening hours."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.schemas.hours import (
    MOST_PROPOSED,
    MOST_SHOWN,
    HoursSchema,
    PreviewSchema,
    WeekChange,
    WeekSchema,
)
from clinic.appointments.service import Hours, Preview, hours_service, propose_times
from clinic.core.audit import record_listing
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, expected_version, handle_stale_version, single
from clinic.web.openapi import RECORD_HEADERS

blueprint = ApiBlueprint(
    "hours",
    __name__,
    path="practitioners",
    noun="hours",
    description="Weekly working hours of practitioners",
)
opening_blueprint = ApiBlueprint(
    "opening_hours",
    __name__,
    path="opening-hours",
    noun="opening_hours",
    description="When the clinic is open",
)


def _opening_hours() -> Hours:
    return hours_service.get(None)


handle_stale_version(blueprint, hours_service.get, HoursSchema)
handle_stale_version(opening_blueprint, _opening_hours, HoursSchema)


def previewed(preview: Preview) -> ResponseReturnValue:
    """Return a preview with proposals, and record which patients it lists."""
    shown = propose_times(preview, MOST_PROPOSED).outside[:MOST_SHOWN]
    record_listing("appointments", (one.appointment.patient_id for one in shown))
    return {"count": len(preview.outside), "appointments": shown}


@blueprint.get("/<uuid:practitioner_id>/hours")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, HoursSchema, headers=RECORD_HEADERS)
def show(practitioner_id: UUID) -> ResponseReturnValue:
    """Return the weekly hours of a practitioner; their version is that of the practitioner."""
    return single(hours_service.get(practitioner_id))


@blueprint.put("/<uuid:practitioner_id>/hours")
@requires("schedule:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.body(WeekChange)
@blueprint.response(200, HoursSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], practitioner_id: UUID) -> ResponseReturnValue:
    """Let a week hold from one day to another, instead of what held there.

    Appointments that fall outside stay as booked, except those that `appointments` moves or cancels.
    """
    version = expected_version(hours_service.get)
    return single(hours_service.set_week(practitioner_id, version=version, **fields))


@blueprint.post("/<uuid:practitioner_id>/hours/preview")
@requires("schedule:write")
@blueprint.problems(404)
@blueprint.body(WeekSchema)
@blueprint.response(200, PreviewSchema)
def preview(fields: dict[str, Any], practitioner_id: UUID) -> ResponseReturnValue:
    """Return the booked appointments that such a week would leave outside; nothing is changed."""
    return previewed(hours_service.preview_week(practitioner_id, **fields))


@opening_blueprint.get("")
@requires("appointments:read")
@opening_blueprint.problems()
@opening_blueprint.conditional()
@opening_blueprint.response(200, HoursSchema, headers=RECORD_HEADERS)
def show_opening_hours() -> ResponseReturnValue:
    """Return the opening hours; their version is that of the clinic. Without any, it is always open."""
    return single(_opening_hours())


@opening_blueprint.put("")
@requires("schedule:write")
@opening_blueprint.problems(409)
@opening_blueprint.versioned(required=True)
@opening_blueprint.body(WeekChange)
@opening_blueprint.response(200, HoursSchema, headers=RECORD_HEADERS)
def update_opening_hours(fields: dict[str, Any]) -> ResponseReturnValue:
    """Let opening hours hold from one day to another, instead of what held there.

    Appointments that fall outside stay as booked, except those that `appointments` moves or cancels.
    """
    version = expected_version(_opening_hours)
    return single(hours_service.set_week(None, version=version, **fields))


@opening_blueprint.post("/preview")
@requires("schedule:write")
@opening_blueprint.problems()
@opening_blueprint.body(WeekSchema)
@opening_blueprint.response(200, PreviewSchema)
def preview_opening_hours(fields: dict[str, Any]) -> ResponseReturnValue:
    """Return the booked appointments that such opening hours would leave outside; nothing is changed."""
    return previewed(hours_service.preview_week(None, **fields))
