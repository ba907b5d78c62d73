"""The list of booked appointments that fall outside changed hours, as pages show it before saving."""

from typing import Any

from flask import request

from clinic.appointments.service import Preview, practitioner_service
from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.patients.service import patient_service

MOST_SHOWN, MOST_SHOWN_AT_ALL = 20, 1000


def outside_context(preview: Preview | None) -> dict[str, Any]:
    """Return what the template `appointments/_outside.html` shows; patients only to those who may see appointments."""
    if preview is None or not current_actor().has_permission("appointments:read"):
        return {"preview": preview, "outside": ()}
    shown = preview.outside[: MOST_SHOWN_AT_ALL if "all" in request.form else MOST_SHOWN]
    record_listing("appointments", (one.appointment.patient_id for one in shown))
    return {
        "preview": preview,
        "outside": shown,
        "patients": patient_service.get_many(one.appointment.patient_id for one in shown),
        "practitioner_names": practitioner_service.names(one.appointment.practitioner_id for one in shown),
    }
