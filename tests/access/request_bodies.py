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

OTHER_ADDRESS = "Rua das Flores 7"
"""Of a patient who has two."""

_LINE = {"description": "Consultation", "quantity": "1", "unit_price": {"amount": "50.00", "currency": "EUR"}}
_ANSWER = {"purpose": "news", "channel": "email", "answer": "yes"}
_RECALL_PARTS = {"due_on.year": "2030", "due_on.month": "1", "due_on.day": "2"}
_DEATH_PARTS = {"deceased_on.year": "2026", "deceased_on.month": "11", "deceased_on.day": "2"}
_DAY = {"day": "2029-11-26", "time": "9:00", "minutes": "30"}


def _nothing(_the: Ids) -> dict[str, Any]:
    return {}


def _patient(_the: Ids) -> dict[str, Any]:
    """Return somebody who is like nobody on file."""
    name = uuid4().hex
    return patient_fields(family_name=name, given_name=name[::-1], email=f"{name}@example.org")


def _service_form(the: Ids) -> dict[str, Any]:
    practitioner_id, room_id = the("practitioner_id"), the("room_id")
    numbers = {"lengths": "30", "buffer_before": "0", "buffer_after": "5"}
    return {"name": room_id, "colour": "red", "practitioner_ids": practitioner_id, "room_ids": room_id, **numbers}


def _payment_form(_the: Ids) -> dict[str, Any]:
    return {"amount": "50.00", "method": "card", "key": uuid4().hex}


def _draft_form(the: Ids) -> dict[str, Any]:
    line = {"lines-0-description": "Consultation", "lines-0-quantity": "1", "lines-0-unit_price": "50.00"}
    return {**line, "lines-0-tax_rate_id": the("tax_rate_id"), "version": "1"}


def _tax_form(_the: Ids) -> dict[str, Any]:
    return {"name": uuid4().hex, "category": "S", "rates-0-valid_from": "2026-01-01", "rates-0-rate": "23"}


def _item_form(the: Ids) -> dict[str, Any]:
    price = {"prices-0-valid_from": "2026-01-01", "prices-0-concession": "child", "prices-0-price": "50.00"}
    links = {"tax_rate_id": the("tax_rate_id"), "service_ids": the("service_id")}
    return {"code": uuid4().hex[:12], "label": "Visit", **price, **links}


def _item(the: Ids) -> dict[str, Any]:
    price = {"valid_from": "2026-01-01", "price": {"amount": "50.00", "currency": "EUR"}}
    links = {"tax_rate_id": the("tax_rate_id"), "service_ids": [the("service_id")]}
    return {"code": uuid4().hex[:12], "label": "Visit", "prices": [price], **links}


def _week(_the: Ids) -> dict[str, Any]:
    return {"ranges": [{"day": "mon", "starts": "09:00", "ends": "12:00"}]}


def _week_form(_the: Ids) -> dict[str, Any]:
    return {"ranges-0-day": "mon", "ranges-0-starts": "9", "ranges-0-ends": "12", "version": "1"}


def _leave(the: Ids) -> dict[str, Any]:
    return {"practitioner_id": the("practitioner_id"), "kind": "leave", "first_day": "2030-01-02"}


def _closure(_the: Ids) -> dict[str, Any]:
    return {"name": "Fire drill", "first_day": "2030-01-02"}


_PAYMENT = {"amount": {"amount": "50.00", "currency": "EUR"}, "method": "card"}
_WITH_KEY = {
    *(f"api_billing.{verb}" for verb in ("pay", "use_credit", "credit", "write_off")),
    *(f"api_payments.{verb}" for verb in ("create", "reverse", "refund")),
    "api_write_offs.undo",
    *(f"api_opening_balances.{verb}" for verb in ("create", "reverse")),
}
"""Routes that require a key."""

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
    "appointments.update": lambda _: {"reason": "Referral", "note": "", "version": "1"},
    "appointments.cancel": lambda _: {"reason": "patient", "version": "1"},
    "appointments.arrive": lambda _: {"version": "1"},
    "appointments.check_in": lambda _: {"version": "1"},
    "appointments.fulfil": lambda _: {"version": "1"},
    "appointments.no_show": lambda _: {"version": "1"},
    "appointments.undo": lambda _: {"version": "1"},
    "appointments.confirm": lambda _: {"version": "1"},
    "appointments.withdraw_confirmation": lambda _: {"version": "1"},
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
    "billing.update": _draft_form,
    "billing.duplicate": _nothing,
    "billing.split": lambda _: {"payer": "other", "payer-name": "Médis Seguros", "share": "80 %", "version": "1"},
    "billing.bill_visits": lambda the: {"appointment_ids": the("billable_id")},
    "billing.delete": lambda _: {"version": "1"},
    "notifications.update_settings": lambda _: {
        "reminder_offsets": "2 days",
        "payment_reminder_days": "7, 21",
        "quiet": "1",
        "quiet_from": "21",
        "quiet_until": "8",
        "version": "1",
    },
    "billing.update_settings": lambda _: {"number_pattern": "INV-YYYY-#####", "payment_days": "14", "version": "0"},
    "billing.create_tax": _tax_form,
    "billing.update_tax": lambda the: {**_tax_form(the), "version": "1"},
    "billing.archive_tax": _nothing,
    "billing.restore_tax": _nothing,
    "billing.create_item": _item_form,
    "billing.update_item": lambda the: {**_item_form(the), "version": "1"},
    "billing.archive_item": _nothing,
    "billing.restore_item": _nothing,
    "billing.pay": _payment_form,
    "billing.use_credit": lambda _: {"credit": "10.00", "key": uuid4().hex},
    "billing.take_several": lambda _: {"amount": "50.00", "method": "card", "keep_credit": "1", "key": uuid4().hex},
    "billing.refund": lambda _: {"amount": "1.00", "method": "cash", "reason": "goodwill", "key": uuid4().hex},
    "billing.reverse": lambda _: {"reason": "Typed twice", "key": uuid4().hex},
    "billing.store_opening_balance": lambda _: {"side": "owed", "amount": "45.00", "key": uuid4().hex},
    "billing.reverse_opening_balance": lambda _: {"reason": "Typed twice", "key": uuid4().hex},
    "billing.credit": lambda _: {"what": "whole", "version": "2", "reason": "goodwill", "key": uuid4().hex},
    "billing.undo_write_off": lambda _: {"reason": "It came", "key": uuid4().hex},
    "billing.write_off": lambda _: {"reason": "Moved away", "version": "2", "key": uuid4().hex},
    "notifications.retry": _nothing,
    "notifications.retry_all": _nothing,
    "notifications.resolve": lambda _: {"outcome": "arrived"},
    "notifications.hold_back": _nothing,
    "notifications.send_by": lambda _: {"channel": "post"},
    "notifications.record_printed": _nothing,
    "notifications.mail_invoice": _nothing,
    "notifications.record_call": lambda _: {"result": "no-answer"},
    "patients.create": _patient,
    "patients.update": lambda the: {**_patient(the), "version": "1"},
    "patients.candidates": _patient,
    "patients.check_duplicates": _nothing,
    "patients.dismiss_duplicate": _nothing,
    "patients.reopen_duplicate": _nothing,
    "patients.merge_records": lambda _: {"act": "merge", "version": "1", "merged_version": "1"},
    "patients.unmerge": _nothing,
    "patients.archive": lambda _: {"version": "1"},
    "patients.restore": lambda _: {"version": "1"},
    "patients.record_death": lambda _: {**_DEATH_PARTS, "version": "1"},
    "patients.undo_death": lambda _: {"version": "1"},
    "patients.create_note": lambda _: {"text": "Prefers mornings", "kind": "alert"},
    "patients.update_note": lambda _: {"text": "Prefers evenings", "version": "1"},
    "patients.end_note": lambda _: {"version": "1"},
    "patients.restore_note": lambda _: {"version": "1"},
    "patients.use_contact": lambda _: {"kind": "address", "row": "0", "version": "1"},
    "patients.create_related": lambda _: {"name": "Rui Matrix", "roles": "guardian"},
    "patients.update_related": lambda _: {"name": "Rui Matrix", "roles": "payer", "version": "1"},
    "patients.end_related": lambda _: {"version": "1"},
    "patients.restore_related": lambda _: {"version": "1"},
    "patients.create_recall": lambda _: {"in_months": "6", "reason": "Check-up"},
    "patients.update_recall": lambda _: {**_RECALL_PARTS, "reason": "Check-up of teeth", "version": "1"},
    "patients.complete_recall": lambda _: {"version": "1"},
    "patients.drop_recall": lambda _: {"version": "1"},
    "patients.reopen_recall": lambda _: {"version": "1"},
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
    "links.answer": lambda _: {"answer": "yes"},
    "links.enter_birth_date": lambda _: {"day": "21", "month": "6", "year": "1991"},
    "links.move": lambda _: {"start": "2029-11-26T09:00:00+00:00"},
    "links.stop": lambda _: {"what": "reminders"},
    "links.unsubscribe": lambda _: {"List-Unsubscribe": "One-Click"},
    "api_appointments.confirm": _nothing,
    "api_appointments.withdraw_confirmation": _nothing,
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
    "api_billing.update": lambda the: {"lines": [{"item_id": the("item_id"), "quantity": "2", "unit_price": None}]},
    "api_billing.duplicate": _nothing,
    "api_billing.split": lambda _: {"payer": {"kind": "other", "name": "Médis Seguros"}, "percent": "80"},
    "api_unbilled_visits.bill": lambda the: {"appointment_ids": [the("billable_id")]},
    "api_billing.delete": _nothing,
    "api_billing_settings.update": lambda _: {"footer": "Reg. 1"},
    "api_notification_settings.update": lambda _: {"quiet": False},
    "api_tax_rates.create": lambda _: {"name": uuid4().hex, "category": "Z"},
    "api_tax_rates.update": lambda _: {"name": uuid4().hex},
    "api_tax_rates.archive": _nothing,
    "api_tax_rates.restore": _nothing,
    "api_price_items.create": _item,
    "api_price_items.update": lambda _: {"label": "Visit"},
    "api_price_items.archive": _nothing,
    "api_price_items.restore": _nothing,
    "api_billing.pay": lambda _: _PAYMENT,
    "api_billing.use_credit": _nothing,
    "api_billing.credit": lambda _: {"reason": "goodwill"},
    "api_write_offs.undo": lambda _: {"reason": "It came"},
    "api_billing.write_off": lambda _: {"reason": "Moved away"},
    "api_opening_balances.create": lambda _: {"side": "credit", "amount": _PAYMENT["amount"]},
    "api_opening_balances.reverse": lambda _: {"reason": "Typed twice"},
    "api_payments.create": lambda the: {"patient_id": the("patient_id"), "keep_credit": True, **_PAYMENT},
    "api_payments.reverse": lambda _: {"reason": "Typed twice"},
    "api_payments.refund": lambda _: {**_PAYMENT, "reason": "goodwill"},
    "api_message_templates.update": lambda _: {"subject": "Hello", "text": "{{greeting}}"},
    "api_message_templates.delete": _nothing,
    "api_message_templates.preview": _nothing,
    "api_message_kinds.update_kind": lambda _: {"enabled": False},
    "notifications.save_template": lambda the: {
        "subject": "Hello",
        "text": "{{greeting}}",
        "version": the("own_text_version"),
    },
    "notifications.preview_typed": lambda _: {"subject": "Hello", "text": "{{greeting}}"},
    "notifications.send_test": lambda _: {"subject": "Hello", "text": "{{greeting}}"},
    "notifications.reset_template": lambda the: {"version": the("own_text_version")},
    "notifications.restore_template": lambda the: {"version": the("default_text_version")},
    "notifications.switch_kind": lambda _: {"enabled": "no", "version": "0"},
    "api_notifications.retry": _nothing,
    "api_notifications.retry_notifications": _nothing,
    "api_notifications.resolve": lambda _: {"outcome": "arrived"},
    "api_notifications.hold_back": _nothing,
    "api_notifications.send_by": lambda _: {"channel": "post"},
    "api_notifications.record_printed": _nothing,
    "api_notifications.mail_invoice": _nothing,
    "api_calls.record_result": lambda _: {"result": "no-answer"},
    "api_patients.create": _patient,
    "api_patients.update": lambda _: {"given_name": "Rita"},
    "api_merges.merge_patient": lambda the: {"merged_patient_id": the("other_id")},
    "api_merges.unmerge_patient": _nothing,
    "api_duplicates.dismiss": _nothing,
    "api_duplicates.reopen": _nothing,
    "api_patients.use_contact": lambda _: {"kind": "address", "value": OTHER_ADDRESS},
    "api_patients.archive": _nothing,
    "api_patients.restore": _nothing,
    "api_patients.record_death": lambda _: {"deceased_on": "2026-11-02"},
    "api_patients.undo_death": _nothing,
    "api_consent.record": lambda _: {"answers": [_ANSWER], "source": "phone"},
    "api_consent.withdraw": _nothing,
    "api_consent.undo": _nothing,
    "api_notes.create": lambda _: {"text": "Prefers mornings"},
    "api_notes.update": lambda _: {"kind": "alert"},
    "api_notes.end": _nothing,
    "api_notes.restore": _nothing,
    "api_related_persons.create": lambda the: {"other_patient_id": the("patient_id"), "roles": ["guardian"]},
    "api_related_persons.update": lambda _: {"relationship": "mother"},
    "api_related_persons.end": _nothing,
    "api_related_persons.restore": _nothing,
    "api_recalls.create": lambda _: {"in_months": 6, "reason": "Check-up"},
    "api_recalls.update": lambda _: {"reason": "Check-up of teeth"},
    "api_recalls.complete": _nothing,
    "api_recalls.drop": _nothing,
    "api_recalls.reopen": _nothing,
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
    return {"Idempotency-Key": uuid4().hex} if endpoint in _WITH_KEY else {}
