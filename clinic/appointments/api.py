"""Appointments and practitioners as JSON."""

from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from clinic.appointments.schemas import (
    AppointmentQuery,
    AppointmentSchema,
    CancellationSchema,
    PractitionerSchema,
)
from clinic.appointments.service import Appointment, appointment_service, practitioner_service
from clinic.core.audit import record_listing, record_view
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    ListQuery,
    after_cursor,
    created,
    document,
    expected_version,
    list_schema,
    listed,
    single,
    tell_present,
)

blueprint = ApiBlueprint("appointments", __name__, path="appointments", description="Who comes when, and to whom")
practitioners = ApiBlueprint("practitioners", __name__, path="practitioners", description="Those to whom patients come")


def _looked_at(appointment_id: UUID) -> Appointment:
    """Return an appointment that is about to be shown, which is noted."""
    appointment = appointment_service.get(appointment_id)
    record_view("appointments", appointment.id, appointment.patient_id)
    return appointment


tell_present(blueprint, _looked_at, AppointmentSchema)


@blueprint.get("")
@requires("appointments:read")
@document(blueprint, 400, 422)
@blueprint.arguments(AppointmentQuery, location="query")
@blueprint.response(200, list_schema(AppointmentSchema))
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List appointments by their start."""
    filters = {name: value for name, value in query.items() if name not in {"limit", "cursor"}}
    about = sorted(f"{name}={value}" for name, value in filters.items() if value)
    after: Any = after_cursor(query, *about)
    found = appointment_service.list(**filters, limit=query["limit"], after=after)
    record_listing("appointments", (appointment.patient_id for appointment in found.rows))
    return listed(found, *about)


@blueprint.post("")
@requires("appointments:write")
@document(blueprint, 400, 409, 415, 422)
@blueprint.arguments(AppointmentSchema)
@blueprint.response(201, AppointmentSchema)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Book an appointment; a time that is taken is a conflict."""
    appointment = appointment_service.create(**fields)
    return created(appointment, ".show", appointment_id=appointment.id)


@blueprint.get("/<uuid:appointment_id>")
@requires("appointments:read")
@document(blueprint, 404)
@blueprint.response(200, AppointmentSchema)
def show(appointment_id: UUID) -> ResponseReturnValue:
    """Return an appointment."""
    return single(_looked_at(appointment_id))


@blueprint.post("/<uuid:appointment_id>/cancel")
@requires("appointments:write")
@document(blueprint, 400, 404, 409, 412, 415, 422)
@blueprint.arguments(CancellationSchema, required=False)
@blueprint.response(200, AppointmentSchema)
def cancel(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Cancel an appointment; the body may be empty."""
    version = expected_version(appointment_service.get) if "If-Match" in request.headers else None
    return single(appointment_service.cancel(appointment_id, version=version, **fields))


@practitioners.get("")
@requires("appointments:read")
@document(practitioners, 400, 422)
@practitioners.arguments(ListQuery, location="query")
@practitioners.response(200, list_schema(PractitionerSchema))
def index_practitioners(query: dict[str, Any]) -> ResponseReturnValue:
    """List practitioners by name."""
    after: Any = after_cursor(query)
    return listed(practitioner_service.list(limit=query["limit"], after=after))


@practitioners.post("")
@requires("practitioners:write")
@document(practitioners, 400, 415, 422)
@practitioners.arguments(PractitionerSchema)
@practitioners.response(201, PractitionerSchema)
def create_practitioner(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add a practitioner."""
    practitioner = practitioner_service.create(**fields)
    return created(practitioner, ".show_practitioner", practitioner_id=practitioner.id)


@practitioners.get("/<uuid:practitioner_id>")
@requires("appointments:read")
@document(practitioners, 404)
@practitioners.response(200, PractitionerSchema)
def show_practitioner(practitioner_id: UUID) -> ResponseReturnValue:
    """Return a practitioner."""
    return single(practitioner_service.get(practitioner_id))
