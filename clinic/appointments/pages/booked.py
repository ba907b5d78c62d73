"""What is still booked, as the pages show it that deactivate something."""

from collections.abc import Mapping
from typing import Any

from clinic.appointments.service import Upcoming, practitioner_service
from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.patients.service import patient_service


def booked_context(upcoming: Upcoming) -> Mapping[str, Any]:
    """Return the template context of upcoming appointments; those who may not see appointments get only the number."""
    if not current_actor().has_permission("appointments:read"):
        return {"upcoming": Upcoming(upcoming.count, upcoming.last, ()), "patients": {}, "practitioners": {}}
    patient_ids = [appointment.patient_id for appointment in upcoming.appointments]
    if patient_ids:
        record_listing("appointments", patient_ids)
    return {
        "upcoming": upcoming,
        "patients": patient_service.get_many(patient_ids),
        "practitioners": practitioner_service.of(upcoming.appointments),
    }
