"""JSON endpoints of appointments."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.schemas.appointments import (
    AppointmentQuery,
    AppointmentSchema,
    CancellationSchema,
    HappenedSchema,
    MoveSchema,
    NewAppointmentSchema,
    NotesSchema,
)
from clinic.appointments.service import Appointment, appointment_service
from clinic.core.audit import record_listing, record_view
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    NothingSchema,
    after_cursor,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

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
@blueprint.body(NewAppointmentSchema)
@blueprint.response(201, AppointmentSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Book an appointment; 409 if the practitioner, the room or the patient has another one, or it is not offered.

    With the status `arrived` it is one of a patient who has come without one, with `fulfilled` a visit that is over.
    """
    appointment = appointment_service.add(**fields)
    return created(appointment, ".show", appointment_id=appointment.id)


@blueprint.get("/<uuid:appointment_id>")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, AppointmentSchema, headers=RECORD_HEADERS)
def show(appointment_id: UUID) -> ResponseReturnValue:
    """Return an appointment."""
    return single(_get_and_record_view(appointment_id))


@blueprint.patch("/<uuid:appointment_id>")
@requires("appointments:write")
@blueprint.problems(404)
@blueprint.versioned(required=True)
@blueprint.merge_patch(NotesSchema)
@blueprint.response(200, AppointmentSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Update the reason of the visit and the note; `reschedule` changes the time."""
    version = expected_version(appointment_service.get)
    return single(appointment_service.update(appointment_id, version=version, **fields))


@blueprint.post("/<uuid:appointment_id>/reschedule")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=MoveSchema, required=True)
def reschedule(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Move an appointment; its own time is not in the way, and 409 names what is."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.reschedule(appointment_id, version=version, **fields))


@blueprint.post("/<uuid:appointment_id>/cancel")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=CancellationSchema)
def cancel(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Cancel an appointment; the body may be empty."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.cancel(appointment_id, version=version, **fields))


@blueprint.post("/<uuid:appointment_id>/arrive")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=HappenedSchema)
def arrive(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient has arrived."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.arrive(appointment_id, version=version, **fields))


@blueprint.post("/<uuid:appointment_id>/check-in")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=HappenedSchema)
def check_in(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Record that the visit has begun."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.check_in(appointment_id, version=version, **fields))


@blueprint.post("/<uuid:appointment_id>/fulfil")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=HappenedSchema)
def fulfil(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Record that the visit has taken place."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.fulfil(appointment_id, version=version, **fields))


@blueprint.post("/<uuid:appointment_id>/no-show")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=HappenedSchema)
def no_show(fields: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient did not come; 409 before the start."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.mark_no_show(appointment_id, version=version, **fields))


@blueprint.post("/<uuid:appointment_id>/confirmation")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=NothingSchema)
def confirm(_nothing: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient said that they come; once is enough."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.confirm(appointment_id, version=version))


@blueprint.post("/<uuid:appointment_id>/confirmation/withdrawal")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=NothingSchema)
def withdraw_confirmation(_nothing: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Record that the patient has not said whether they come."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.withdraw_confirmation(appointment_id, version=version))


@blueprint.post("/<uuid:appointment_id>/undo")
@requires("appointments:write")
@blueprint.action(AppointmentSchema, 409, body=NothingSchema)
def undo(_nothing: dict[str, Any], appointment_id: UUID) -> ResponseReturnValue:
    """Take back the last change of an appointment; what messages wait for it are not sent."""
    version = optional_version(appointment_service.get)
    return single(appointment_service.undo(appointment_id, version=version))
