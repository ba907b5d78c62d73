"""What the schedule adds to the pages of patients and staff members."""

from collections.abc import Sequence
from uuid import UUID

from clinic.appointments.pages.booked import booked_context
from clinic.appointments.service import appointment_service, practitioner_service
from clinic.core.context import current_actor
from clinic.core.modules import Panel
from clinic.identity.members import member_service
from clinic.patients.service import patient_service
from clinic.web.forms import Form


def panels_of_patient(patient_id: UUID) -> Sequence[Panel]:
    """Return the patient's appointments, upcoming and past, and the way to book another one, to those who may."""
    if not current_actor().has_permission("appointments:read"):
        return ()
    upcoming, past = appointment_service.upcoming_of(patient_id), appointment_service.past_of(patient_id)
    context = {
        "upcoming": upcoming,
        "past": past,
        "practitioners": practitioner_service.of([*upcoming, *past]),
        "patient": patient_service.get(patient_id),
    }
    panels = [Panel("appointments/panel.html", context)]
    if current_actor().has_permission("appointments:write"):
        panels.append(Panel("appointments/action.html", context, "actions"))
    return panels


def panels_of_member(membership_id: UUID) -> Sequence[Panel]:
    """Return the practitioner who is a staff member, or the form that links one to a member of that role."""
    person = member_service.get(membership_id)
    linked = practitioner_service.linked_to(person.member.id)
    writes = current_actor().has_permission("schedule:write")
    if not linked and not (writes and person.membership.active and person.membership.role == "practitioner"):
        return ()
    unlinked = () if linked else practitioner_service.unlinked()
    context = {"person": person, "linked": linked, "unlinked": unlinked, "form": Form()}
    return (Panel("appointments/member_panel.html", context, "aside"),)


def panels_of_deactivation(membership_id: UUID) -> Sequence[Panel]:
    """Return what is still booked with the practitioner who is a staff member."""
    linked = practitioner_service.linked_to(member_service.get(membership_id).member.id)
    if linked is None:
        return ()
    context = {"linked": linked, **booked_context(practitioner_service.upcoming(linked.id))}
    return (Panel("appointments/booked_panel.html", context),)


PANELS = {
    "patients.show": panels_of_patient,
    "staff.member": panels_of_member,
    "staff.deactivation": panels_of_deactivation,
}
"""The panels by the endpoint of their page."""
