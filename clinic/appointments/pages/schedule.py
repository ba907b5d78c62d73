"""The page of a day."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.schemas.pages import EVERYBODY, ScheduleQuery
from clinic.appointments.service import Appointment, Practitioner, appointment_service, practitioner_service
from clinic.core.audit import record_listing
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.authentication import current_session
from clinic.web.authorization import requires
from clinic.web.list_views import parse_list_query


@blueprint.get("")
@requires("appointments:read")
def index() -> ResponseReturnValue:
    """List a day's appointments by practitioner: one's own for a practitioner who has chosen no other."""
    filters, _ = parse_list_query(ScheduleQuery())
    day: date = filters.get("day") or today(clinic_service.current().zone)
    chosen = _chosen_practitioner(filters.get("practitioner"))
    appointments = appointment_service.day(day)
    if chosen:
        appointments = [one for one in appointments if one.practitioner_id == chosen.id]
    record_listing("appointments", (appointment.patient_id for appointment in appointments))
    return render_template(
        "appointments/index.html",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        practitioners=[chosen] if chosen else practitioner_service.active(),
        chosen=chosen,
        filters={"practitioner": filters["practitioner"]} if "practitioner" in filters else {},
        appointments=_by_practitioner(appointments),
        patients=patient_service.get_many(appointment.patient_id for appointment in appointments),
    )


def _chosen_practitioner(wanted: UUID | str | None) -> Practitioner | None:
    """Return the practitioner to whom the day is limited: the wanted one, else the one who has signed in."""
    if wanted is None:
        return practitioner_service.of_member(current_session().member.id)
    return practitioner_service.get(UUID(str(wanted))) if wanted != EVERYBODY else None


def _by_practitioner(appointments: Iterable[Appointment]) -> dict[UUID, list[Appointment]]:
    """Return appointments by the id of their practitioner, each list in the given order."""
    found: dict[UUID, list[Appointment]] = {}
    for appointment in appointments:
        found.setdefault(appointment.practitioner_id, []).append(appointment)
    return found
