"""The page of a day."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.schemas.appointments import DayQuery
from clinic.appointments.service import Appointment, appointment_service, practitioner_service
from clinic.core.audit import record_listing
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.list_views import parse_list_query


@blueprint.get("")
@requires("appointments:read")
def index() -> ResponseReturnValue:
    """List a day's appointments by practitioner."""
    filters, _ = parse_list_query(DayQuery())
    day: date = filters.get("day") or today(clinic_service.current().zone)
    appointments = appointment_service.day(day)
    record_listing("appointments", (appointment.patient_id for appointment in appointments))
    return render_template(
        "appointments/index.html",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        practitioners=practitioner_service.active(),
        appointments=_by_practitioner(appointments),
        patients=patient_service.get_many(appointment.patient_id for appointment in appointments),
    )


def _by_practitioner(appointments: Iterable[Appointment]) -> dict[UUID, list[Appointment]]:
    """Return appointments by the id of their practitioner, each list in the given order."""
    found: dict[UUID, list[Appointment]] = {}
    for appointment in appointments:
        found.setdefault(appointment.practitioner_id, []).append(appointment)
    return found
