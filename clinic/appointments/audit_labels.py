"""Labels of appointments, practitioners, rooms and services in the audit trail."""

from flask import get_template_attribute

from clinic.appointments.hours.weeks import WEEKDAYS, clock_text
from clinic.appointments.pages.appointment import REASONS
from clinic.appointments.service import practitioner_service, room_service, service_catalogue
from clinic.core.modules import RecordLabels


def _state_label(state: str) -> str:
    states: dict[str, tuple[str, str, str]] = get_template_attribute("appointments/_states.html", "states")
    return states[state][0] if state in states else state


KINDS = {"leave": "Leave", "extra": "Extra hours", "hours": "Other hours"}

_PLANNED_LABELS = {"first_day": "First day", "last_day": "Last day", "starts": "From", "ends": "To", "room_id": "Room"}

AUDIT_LABELS = {
    "appointments": RecordLabels(
        "an appointment",
        "appointments",
        labels={
            "patient_id": "Patient",
            "practitioner_id": "Practitioner",
            "starts_at": "Start",
            "ends_at": "End",
            "status": "Status",
            "cancel_reason": "Cancelled by",
            "cancel_note": "Note on the cancellation",
            "late": "Cancelled late",
            "confirmed_at": "Confirmed by the patient",
            "wall_start": "Local start",
            "zone": "Time zone",
            "service_id": "Service",
            "room_id": "Room",
            "place": "Place in the room",
            "lane": "Lane",
            "blocked_from": "Kept free from",
            "blocked_until": "Kept free until",
            "reason": "Reason for the visit",
            "note": "Note",
            "overbook_reason": "Reason for overbooking",
        },
        formatters={"status": _state_label, "cancel_reason": REASONS.get},
        references={"practitioner_id": "practitioners", "service_id": "services", "room_id": "rooms"},
        action_labels={"created": "Booked an appointment"},
        endpoint="appointments.show",
        argument="appointment_id",
    ),
    "practitioners": RecordLabels(
        "a practitioner",
        "practitioners",
        labels={"name": "Name", "speciality": "Speciality", "active": "Active", "member_id": "Staff member"},
        references={"member_id": "staff_members"},
        names=practitioner_service.names,
    ),
    "rooms": RecordLabels(
        "a room",
        "rooms",
        labels={"name": "Name", "places": "Places", "active": "Active"},
        names=room_service.names,
    ),
    "services": RecordLabels(
        "a service",
        "services",
        labels={
            "name": "Name",
            "short_name": "Short name",
            "lengths": "Lengths in minutes",
            "buffer_before": "Minutes before",
            "buffer_after": "Minutes after",
            "notice_minutes": "Notice in minutes",
            "horizon_days": "Days ahead",
            "colour": "Colour",
            "active": "Active",
        },
        names=service_catalogue.names,
    ),
    "service_practitioners": RecordLabels(
        "who offers a service",
        "practitioners of services",
        labels={"service_id": "Service", "practitioner_id": "Practitioner"},
        references={"service_id": "services", "practitioner_id": "practitioners"},
    ),
    "service_rooms": RecordLabels(
        "where a service takes place",
        "rooms of services",
        labels={"service_id": "Service", "room_id": "Room"},
        references={"service_id": "services", "room_id": "rooms"},
    ),
    "weekly_hours": RecordLabels(
        "weekly hours",
        "weekly hours",
        labels={
            "practitioner_id": "Practitioner",
            "weekday": "Day",
            "starts": "From",
            "ends": "To",
            "room_id": "Room",
            "valid_from": "Valid from",
            "valid_until": "Valid until",
        },
        formatters={"weekday": WEEKDAYS.__getitem__, "starts": clock_text, "ends": clock_text},
        references={"practitioner_id": "practitioners", "room_id": "rooms"},
    ),
    "hours_exceptions": RecordLabels(
        "an exception from the weekly hours",
        "exceptions from the weekly hours",
        labels={
            "practitioner_id": "Practitioner",
            "kind": "What",
            **_PLANNED_LABELS,
            "note": "Note",
        },
        formatters={"kind": KINDS.get, "starts": clock_text, "ends": clock_text},
        references={"practitioner_id": "practitioners", "room_id": "rooms"},
    ),
    "closures": RecordLabels(
        "a closure",
        "closures",
        labels={"name": "Name", **_PLANNED_LABELS, "holiday": "Public holiday"},
        formatters={"starts": clock_text, "ends": clock_text},
        references={"room_id": "rooms"},
    ),
}
