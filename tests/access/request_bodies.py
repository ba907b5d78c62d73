"""What is sent where something is written: a body with which each route would do its work, if it let one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from clinic.identity.zone_change import ZoneChange
from tests.builders import appointment_fields, patient_fields

Ids = Callable[..., str]
"""Returns the id that stands for an argument, such as `patient_id`; maybe in the state that an endpoint needs."""

EMAIL, PASSWORD = "desk@example.org", "a harbour full of boats"
"""Of somebody who works in the own clinic and signs in."""

_LINE = {"description": "Consultation", "quantity": "1", "unit_price": {"amount": "50.00", "currency": "EUR"}}
_ANSWER = {"purpose": "news", "channel": "email", "answer": "yes"}
_DAY = {"day": "2029-11-26", "time": "9:00", "minutes": "30"}


def _nothing(_the: Ids) -> dict[str, Any]:
    return {}


def _patient(_the: Ids) -> dict[str, Any]:
    return patient_fields(email="matrix@example.org")


def _service_form(the: Ids) -> dict[str, Any]:
    practitioner_id, room_id = the("practitioner_id"), the("room_id")
    numbers = {"lengths": "30", "buffer_before": "0", "buffer_after": "5"}
    return {"name": room_id, "colour": "red", "practitioner_ids": practitioner_id, "room_ids": room_id, **numbers}


def _payment_form(_the: Ids) -> dict[str, Any]:
    return {"amount": "50.00", "method": "card", "key": uuid4().hex}


def _week(_the: Ids) -> dict[str, Any]:
    return {"ranges": [{"day": "mon", "starts": "09:00", "ends": "12:00"}]}


def _week_form(_the: Ids) -> dict[str, Any]:
    return {"ranges-0-day": "mon", "ranges-0-starts": "9", "ranges-0-ends": "12", "version": "1"}


def _leave(the: Ids) -> dict[str, Any]:
    return {"practitioner_id": the("practitioner_id"), "kind": "leave", "first_day": "2030-01-02"}


def _closure(_the: Ids) -> dict[str, Any]:
    return {"name": "Fire drill", "first_day": "2030-01-02"}


BODIES: dict[str, Callable[[Ids], dict[str, Any]]] = {
    "appointments.create": lambda the: {
        "patient": the("patient_id"),
        "practitioner_id": the("practitioner_id"),
        **_DAY,
    },
    "appointments.reschedule": lambda the: {
        "practitioner_id": the("practitioner_id"),
        **_DAY,
        "day": "2029-11-27",
        "version": "1",
    },
    "appointments.cancel": lambda _: {"reason": "patient", "version": "1"},
    "appointments.arrive": lambda _: {"version": "1"},
    "appointments.check_in": lambda _: {"version": "1"},
    "appointments.fulfil": lambda _: {"version": "1"},
    "appointments.no_show": lambda _: {"version": "1"},
    "appointments.undo": lambda _: {"version": "1"},
    "appointments.show_practitioners": lambda _: {"day": "2030-01-02"},
    "appointments.update_practitioner_hours": _week_form,
    "appointments.update_opening_hours": lambda the: {**_week_form(the), "version": the("clinic_version")},
    "appointments.create_exception": lambda _: {"kind": "leave", "first_day": "2030-01-02"},
    "appointments.update_exception": lambda _: {"kind": "leave", "first_day": "2030-01-02", "version": "1"},
    "appointments.create_closure": lambda _: {"name": "Fire drill", "first_day": "2030-01-02"},
    "appointments.update_closure": lambda _: {"name": "Fire drill", "first_day": "2030-01-02", "version": "1"},
    "appointments.save_public_holidays": lambda _: {"holiday": "2030-01-01"},
    "appointments.create_practitioner": lambda _: {"name": "Dr Rui Matrix"},
    "appointments.update_practitioner": lambda _: {"name": "Dr Rui Matrix", "version": "1"},
    "appointments.deactivate_practitioner": lambda _: {"version": "1"},
    "appointments.reactivate_practitioner": _nothing,
    "appointments.create_link": lambda the: {"practitioner_id": the("practitioner_id")},
    "appointments.create_room": lambda _: {"name": uuid4().hex, "places": "2"},
    "appointments.update_room": lambda _: {"name": uuid4().hex, "places": "3", "version": "1"},
    "appointments.deactivate_room": lambda _: {"version": "1"},
    "appointments.reactivate_room": _nothing,
    "appointments.create_service": _service_form,
    "appointments.update_service": lambda the: {**_service_form(the), "version": "1"},
    "appointments.retire_service": lambda _: {"version": "1"},
    "appointments.reactivate_service": _nothing,
    "billing.create": lambda the: {
        "patient": the("patient_id"),
        "lines-0-description": "Consultation",
        "lines-0-quantity": "1",
        "lines-0-unit_price": "50.00",
    },
    "billing.issue": lambda _: {"version": "1"},
    "billing.pay": _payment_form,
    "notifications.retry": _nothing,
    "notifications.retry_all": _nothing,
    "patients.create": _patient,
    "patients.update": lambda the: {**_patient(the), "version": "1"},
    "patients.update_consent": lambda _: {"care": "email", "news": "email", "source": "phone", "version": "1"},
    "patients.withdraw_consent": lambda _: {"version": "1"},
    "patients.undo_consent": lambda _: {"version": "2"},
    "staff.ask_for_link": lambda _: {"email": EMAIL},
    "staff.begin_second_step": _nothing,
    "staff.begin_session": lambda _: {"email": EMAIL, "password": PASSWORD},
    "staff.complete_session": lambda _: {"code": "000000"},
    "staff.confirm_second_step": lambda _: {"code": "000000"},
    "staff.create_api_key": lambda _: {"label": uuid4().hex, "scopes": "patients:read"},
    "staff.create_member": lambda _: {"email": f"{uuid4().hex}@example.org", "name": "Rui Matrix", "role": "read-only"},
    "staff.deactivate_member": _nothing,
    "staff.discard_saved_form": _nothing,
    "staff.end_member_sessions": _nothing,
    "staff.end_second_step": lambda _: {"present_password": PASSWORD},
    "staff.end_session": _nothing,
    "staff.reactivate_member": _nothing,
    "staff.renew_recovery_codes": lambda _: {"present_password": PASSWORD},
    "staff.revoke_api_key": _nothing,
    "staff.save_password": lambda _: {"present_password": PASSWORD, "new_password": "seven grey herons"},
    "staff.save_password_by_link": lambda _: {"new_password": "seven grey herons"},
    "staff.save_preferences": _nothing,
    "staff.see_as_oneself": _nothing,
    "staff.see_as_role": lambda _: {"role": "read-only"},
    "staff.send_password_link": _nothing,
    "staff.sign_out": _nothing,
    "staff.stay": _nothing,
    "staff.switch": lambda the: {"clinic_id": the("clinic_id")},
    "staff.change_time_zone": lambda the: {
        "zone": "Europe/Madrid",
        "seen": ZoneChange("Europe/Lisbon", "Europe/Madrid", ()).seal,
        "version": the("clinic_version"),
        "save": "1",
    },
    "staff.update_clinic": lambda the: {
        "name": "Clínica São João",
        "country": "PT",
        "locale": "pt_PT",
        "idle_minutes": "20",
        "absolute_hours": "10",
        "version": the("clinic_version"),
    },
    "staff.update_member": lambda _: {"name": "Rui Matrix", "role": "read-only", "version": "1"},
    "api_staff.update": lambda _: {"late_cancel_hours": 24},
    "api_staff.preview_time_zone": lambda _: {"time_zone": "Europe/Madrid"},
    "api_appointments.create": lambda the: appointment_fields(UUID(the("patient_id")), UUID(the("practitioner_id"))),
    "api_appointments.update": lambda _: {"reason": "Toothache"},
    "api_appointments.reschedule": lambda _: {"starts_at": "2029-11-27T09:00:00Z"},
    "api_appointments.cancel": lambda _: {"reason": "patient"},
    "api_appointments.arrive": _nothing,
    "api_appointments.check_in": _nothing,
    "api_appointments.fulfil": _nothing,
    "api_appointments.no_show": _nothing,
    "api_appointments.undo": _nothing,
    "api_hours.update": _week,
    "api_hours.preview": _week,
    "api_opening_hours.update_opening_hours": _week,
    "api_opening_hours.preview_opening_hours": _week,
    "api_hours_exceptions.create": _leave,
    "api_hours_exceptions.preview": _leave,
    "api_hours_exceptions.update": lambda _: {"note": "Congress"},
    "api_hours_exceptions.delete": _nothing,
    "api_closures.create": _closure,
    "api_closures.preview": _closure,
    "api_closures.update": lambda _: {"name": "Summer"},
    "api_closures.delete": _nothing,
    "api_billing.create": lambda the: {"patient_id": the("patient_id"), "lines": [_LINE]},
    "api_billing.issue": _nothing,
    "api_billing.pay": lambda _: {"amount": {"amount": "50.00", "currency": "EUR"}, "method": "card"},
    "api_notifications.retry": _nothing,
    "api_notifications.retry_notifications": _nothing,
    "api_patients.create": _patient,
    "api_patients.update": lambda _: {"given_name": "Rita"},
    "api_consent.record": lambda _: {"answers": [_ANSWER], "source": "phone"},
    "api_consent.withdraw": _nothing,
    "api_consent.undo": _nothing,
    "api_practitioners.create": lambda _: {"name": "Dr Rui Matrix"},
    "api_practitioners.update": lambda _: {"speciality": "Skin"},
    "api_practitioners.deactivate": _nothing,
    "api_practitioners.reactivate": _nothing,
    "api_rooms.create": lambda _: {"name": uuid4().hex, "places": 2},
    "api_rooms.update": lambda _: {"places": 3},
    "api_rooms.deactivate": _nothing,
    "api_rooms.reactivate": _nothing,
    "api_services.create": lambda the: {
        "name": uuid4().hex,
        "lengths": [30],
        "practitioner_ids": [the("practitioner_id")],
    },
    "api_services.update": lambda the: {"room_ids": [the("room_id")]},
    "api_services.deactivate": _nothing,
    "api_services.reactivate": _nothing,
}
"""What is sent to each route that writes, with ids of one's own or of others in it."""


def headers_for(endpoint: str) -> dict[str, str]:
    """Return the headers without which a route does not do its work."""
    if endpoint.startswith("api_") and endpoint.endswith((".update", ".update_opening_hours", ".delete")):
        return {"If-Match": "*"}
    return {"Idempotency-Key": uuid4().hex} if endpoint == "api_billing.pay" else {}
