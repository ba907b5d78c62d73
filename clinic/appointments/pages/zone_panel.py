"""The appointments to come, as the page that changes the clinic's time zone shows them before it is saved."""

from datetime import timedelta

from flask import request

from clinic.appointments.pages.outside import MOST_SHOWN, MOST_SHOWN_AT_ALL
from clinic.appointments.service import UpcomingPreview, practitioner_service
from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.core.modules import Panel
from clinic.patients.service import patient_service


def zone_panel(preview: UpcomingPreview) -> Panel:
    """Return what becomes of the appointments to come; patients only to those who may see appointments."""
    if not current_actor().has_permission(preview.permission):
        return Panel("appointments/zone_panel.html", {"preview": preview, "rows": ()})
    rows = preview.active[: MOST_SHOWN_AT_ALL if "all" in request.form else MOST_SHOWN]
    record_listing("appointments", (one.appointment.patient_id for one in rows))
    context = {
        "preview": preview,
        "rows": rows,
        "difference": difference_text,
        "patients": patient_service.get_many(one.appointment.patient_id for one in rows),
        "practitioner_names": practitioner_service.names(one.appointment.practitioner_id for one in rows),
    }
    return Panel("appointments/zone_panel.html", context)


def difference_text(by: timedelta) -> str:
    """Return how much later something is: `1 h earlier`, `4 h 30 min later`, `At the same moment`."""
    if not by:
        return "At the same moment"
    hours, minutes = divmod(abs(by) // timedelta(minutes=1), 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join([*filter(None, parts), "later" if by > timedelta(0) else "earlier"])
