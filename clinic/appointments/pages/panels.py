"""What the schedule adds to the pages of patients and staff members."""

from collections.abc import Sequence
from uuid import UUID

from clinic.appointments.pages.booked import booked_context
from clinic.appointments.pages.patient_visits import visits_of
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
    context = {"visits": visits_of(patient_id), "patient": patient_service.get(patient_id)}
    panels = [Panel("appointments/panel.html", context)]
    if current_actor().has_permission("appointments:write"):
        panels.append(Panel("appointments/action.html", context, "actions"))
    return panels


def panels_of_registration(_clinic_id: UUID) -> Sequence[Panel]:
    """Return the button that registers a patient and goes on to the booking, for those who may book."""
    if not current_actor().has_permission("appointments:write"):
        return ()
    return (Panel("appointments/register_and_book.html", {"endpoint": "appointments.new"}, place="actions"),)


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


def panels_of_death(patient_id: UUID) -> Sequence[Panel]:
    """Return what is still booked for a patient, to be cancelled, to those who may see appointments."""
    if not current_actor().has_permission("appointments:read"):
        return ()
    context = booked_context(appointment_service.still_booked(patient_id))
    return (Panel("appointments/death_panel.html", context),)


PANELS = {
    "patients.show": panels_of_patient,
    "patients.new": panels_of_registration,
    "patients.death": panels_of_death,
    "staff.member": panels_of_member,
    "staff.deactivation": panels_of_deactivation,
}
"""The panels by the endpoint of their page."""
