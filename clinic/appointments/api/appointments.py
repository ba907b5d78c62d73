"""JSON endpoints of appointments."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.schemas.appointments import (
    AppointmentQuery,
    AppointmentSchema,
    CancellationSchema,
)
from clinic.appointments.service import Appointment, appointment_service
from clinic.core.audit import record_listing, record_view
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    after_cursor,
    created,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import ACTION_HEADERS, CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "appointments",
    __name__,
    path="appointments",
    noun="appointment",
    description="Appointments of patients with practitioners",
)


def _get_and_record_view(appointment_id: UUID) -> Appointment:
    """Return an appointment, and record the view in the audit trail."""
    appointment = appointment_service.get(appointment_id)
    record_view("appointments", appointment.id, appointment.patient_id)
    return appointment


handle_stale_version(blueprint, _get_and_record_view, AppointmentSchema)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(AppointmentQuery)
@blueprint.response(200, list_schema(AppointmentSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List appointments in order of their start."""
    filters = {name: value for name, value in query.items() if name not in {"limit", "cursor"}}
    filter_texts = sorted(f"{name}={value}" for name, value in filters.items() if value)
    after: Any = after_cursor(query, *filter_texts)
    found = appointment_service.list(**filters, limit=query["limit"], after=after)
    record_listing("appointments", (appointment.patient_id for appointment in found.rows))
    return listed(found, *filter_texts)


@blueprint.post("")
@requires("appointments:write")
@blueprint.idempotent()
@blueprint.problems(409)
@blueprint.body(AppointmentSchema)
@blueprint.response(201, AppointmentSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Book an appointment; 409 if the practitioner or the patient has another one at that time."""
    appointment = appointment_service.create(**fields)
    return created(appointment, ".show", appointment_id=appointment.id)


@blueprint.get("/<uuid:appointment_id>")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, AppointmentSchema, headers=RECORD_HEADERS)
def show(appointment_id: UUID) -> ResponseReturnValue:
    """Return an appointment."""
    return single(_get_and_record_view(appointment_id))


@blueprint.post("/<uuid:appointment_id>/cancel")
@requires("appointments:write")
@blueprint.idempotent()
@blueprint.problems(404, 409)
@blueprint.versioned()
@blueprint.body(CancellationSchema, required=False)
@blueprint.response(200, AppointmentSchema, headers=ACTION_HEADERS)
def cancel(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Cancel an appointment; the body may be empty."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.cancel(appointment_id, version=version, **fields))
