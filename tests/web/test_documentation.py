"""The API's description: OpenAPI 3.1, complete, and a page to read."""

import json
import re
from functools import cache
from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator

from clinic.identity.api_keys import api_key_service
from tests.billing.invoices import KEY, an_invoice, money
from tests.builders import an_appointment, appointment_fields

OPERATION_IDS = {
    "GET /api/v1/appointments": "list_appointments",
    "POST /api/v1/appointments": "create_appointment",
    "GET /api/v1/appointments/{appointment_id}": "get_appointment",
    "PATCH /api/v1/appointments/{appointment_id}": "update_appointment",
    "POST /api/v1/appointments/{appointment_id}/arrive": "arrive_appointment",
    "POST /api/v1/appointments/{appointment_id}/cancel": "cancel_appointment",
    "POST /api/v1/appointments/{appointment_id}/check-in": "check_in",
    "POST /api/v1/appointments/{appointment_id}/fulfil": "fulfil_appointment",
    "POST /api/v1/appointments/{appointment_id}/no-show": "no_show",
    "POST /api/v1/appointments/{appointment_id}/reschedule": "reschedule_appointment",
    "POST /api/v1/appointments/{appointment_id}/undo": "undo_appointment",
    "GET /api/v1/availability": "list_availability",
    "GET /api/v1/clinic": "get_clinic",
    "PATCH /api/v1/clinic": "update_clinic",
    "POST /api/v1/clinic/time-zone/preview": "preview_time_zone",
    "GET /api/v1/closures": "list_closures",
    "POST /api/v1/closures": "create_closure",
    "POST /api/v1/closures/preview": "preview_closure",
    "GET /api/v1/closures/{closure_id}": "get_closure",
    "PATCH /api/v1/closures/{closure_id}": "update_closure",
    "DELETE /api/v1/closures/{closure_id}": "delete_closure",
    "GET /api/v1/hours-exceptions": "list_hours_exceptions",
    "POST /api/v1/hours-exceptions": "create_hours_exception",
    "POST /api/v1/hours-exceptions/preview": "preview_hours_exception",
    "GET /api/v1/hours-exceptions/{exception_id}": "get_hours_exception",
    "PATCH /api/v1/hours-exceptions/{exception_id}": "update_hours_exception",
    "DELETE /api/v1/hours-exceptions/{exception_id}": "delete_hours_exception",
    "GET /api/v1/billing-settings": "get_billing_settings",
    "PATCH /api/v1/billing-settings": "update_billing_settings",
    "GET /api/v1/price-items": "list_price_items",
    "POST /api/v1/price-items": "create_price_item",
    "GET /api/v1/price-items/{item_id}": "get_price_item",
    "PATCH /api/v1/price-items/{item_id}": "update_price_item",
    "POST /api/v1/price-items/{item_id}/archive": "archive_price_item",
    "POST /api/v1/price-items/{item_id}/restore": "restore_price_item",
    "GET /api/v1/tax-rates": "list_tax_rates",
    "POST /api/v1/tax-rates": "create_tax_rate",
    "GET /api/v1/tax-rates/{tax_rate_id}": "get_tax_rate",
    "PATCH /api/v1/tax-rates/{tax_rate_id}": "update_tax_rate",
    "POST /api/v1/tax-rates/{tax_rate_id}/archive": "archive_tax_rate",
    "POST /api/v1/tax-rates/{tax_rate_id}/restore": "restore_tax_rate",
    "GET /api/v1/invoices": "list_invoices",
    "GET /api/v1/invoices/summary": "summarize_invoices",
    "GET /api/v1/invoices/export": "export_invoices",
    "POST /api/v1/invoices": "create_invoice",
    "GET /api/v1/invoices/{invoice_id}": "get_invoice",
    "GET /api/v1/unbilled-visits": "list_unbilled_visits",
    "POST /api/v1/unbilled-visits/invoice": "bill_unbilled_visit",
    "PATCH /api/v1/invoices/{invoice_id}": "update_invoice",
    "DELETE /api/v1/invoices/{invoice_id}": "delete_invoice",
    "POST /api/v1/invoices/{invoice_id}/duplicate": "duplicate_invoice",
    "GET /api/v1/invoices/{invoice_id}/parts": "list_parts",
    "POST /api/v1/invoices/{invoice_id}/parts": "split_invoice",
    "POST /api/v1/invoices/{invoice_id}/issue": "issue_invoice",
    "GET /api/v1/invoices/{invoice_id}/payments": "list_payments",
    "POST /api/v1/invoices/{invoice_id}/payments": "pay_invoice",
    "POST /api/v1/invoices/{invoice_id}/use-credit": "use_credit",
    "GET /api/v1/invoices/{invoice_id}/credit-notes": "list_credit_notes",
    "POST /api/v1/invoices/{invoice_id}/credit-notes": "credit_invoice",
    "POST /api/v1/invoices/{invoice_id}/write-off": "write_off",
    "GET /api/v1/invoices/{invoice_id}/write-offs": "list_write_offs",
    "POST /api/v1/write-offs/{write_off_id}/undo": "undo_write_off",
    "GET /api/v1/credit-notes/{credit_note_id}": "get_credit_note",
    "GET /api/v1/patients/{patient_id}/statement": "get_statement",
    "GET /api/v1/patients/{patient_id}/opening-balances": "list_opening_balances",
    "POST /api/v1/patients/{patient_id}/opening-balances": "create_opening_balance",
    "GET /api/v1/opening-balances/{opening_id}": "get_opening_balance",
    "POST /api/v1/opening-balances/{opening_id}/reverse": "reverse_opening_balance",
    "GET /api/v1/payments": "list_all_payments",
    "POST /api/v1/payments": "create_payment",
    "GET /api/v1/payments/{payment_id}": "get_payment",
    "POST /api/v1/payments/{payment_id}/reverse": "reverse_payment",
    "GET /api/v1/payments/{payment_id}/refunds": "list_refunds",
    "POST /api/v1/payments/{payment_id}/refunds": "refund_payment",
    "GET /api/v1/notifications": "list_notifications",
    "POST /api/v1/notifications/retry": "retry_notifications",
    "POST /api/v1/notifications/invoices/{invoice_id}/send": "mail_invoice",
    "GET /api/v1/notifications/{notification_id}": "get_notification",
    "POST /api/v1/notifications/{notification_id}/retry": "retry_notification",
    "GET /api/v1/opening-hours": "get_opening_hours",
    "PUT /api/v1/opening-hours": "update_opening_hours",
    "POST /api/v1/opening-hours/preview": "preview_opening_hours",
    "GET /api/v1/patients": "list_patients",
    "POST /api/v1/patients": "create_patient",
    "GET /api/v1/patients/candidates": "list_candidates",
    "GET /api/v1/patients/duplicates": "list_duplicates",
    "GET /api/v1/patients/{patient_id}/merge-preview/{other_id}": "preview_merge",
    "POST /api/v1/patients/{patient_id}/merge": "merge_patient",
    "POST /api/v1/patients/{patient_id}/unmerge": "unmerge_patient",
    "POST /api/v1/patients/duplicates/{pair_id}/dismiss": "dismiss_duplicate",
    "POST /api/v1/patients/duplicates/{pair_id}/reopen": "reopen_duplicate",
    "GET /api/v1/patients/{patient_id}": "get_patient",
    "PATCH /api/v1/patients/{patient_id}": "update_patient",
    "POST /api/v1/patients/{patient_id}/archive": "archive_patient",
    "GET /api/v1/patients/{patient_id}/consent": "get_consent",
    "POST /api/v1/patients/{patient_id}/consent": "record_consent",
    "GET /api/v1/patients/{patient_id}/timeline": "list_timeline",
    "GET /api/v1/patients/{patient_id}/consent/history": "list_consent_answers",
    "POST /api/v1/patients/{patient_id}/consent/undo": "undo_consent",
    "POST /api/v1/patients/{patient_id}/consent/withdraw": "withdraw_consent",
    "POST /api/v1/patients/{patient_id}/use-contact": "use_contact",
    "GET /api/v1/patients/{patient_id}/notes": "list_notes",
    "POST /api/v1/patients/{patient_id}/notes": "create_note",
    "GET /api/v1/patient-notes/{note_id}": "get_note",
    "PATCH /api/v1/patient-notes/{note_id}": "update_note",
    "POST /api/v1/patient-notes/{note_id}/end": "end_note",
    "POST /api/v1/patient-notes/{note_id}/restore": "restore_note",
    "GET /api/v1/patients/{patient_id}/related-persons": "list_related_persons",
    "POST /api/v1/patients/{patient_id}/related-persons": "create_related_person",
    "GET /api/v1/related-persons/{person_id}": "get_related_person",
    "PATCH /api/v1/related-persons/{person_id}": "update_related_person",
    "POST /api/v1/related-persons/{person_id}/end": "end_related_person",
    "POST /api/v1/related-persons/{person_id}/restore": "restore_related_person",
    "GET /api/v1/recalls": "list_recalls",
    "POST /api/v1/patients/{patient_id}/recalls": "create_recall",
    "GET /api/v1/recalls/{recall_id}": "get_recall",
    "PATCH /api/v1/recalls/{recall_id}": "update_recall",
    "POST /api/v1/recalls/{recall_id}/complete": "complete_recall",
    "POST /api/v1/recalls/{recall_id}/drop": "drop_recall",
    "POST /api/v1/recalls/{recall_id}/reopen": "reopen_recall",
    "POST /api/v1/patients/{patient_id}/death": "record_death",
    "POST /api/v1/patients/{patient_id}/death/undo": "undo_death",
    "POST /api/v1/patients/{patient_id}/restore": "restore_patient",
    "GET /api/v1/practitioners": "list_practitioners",
    "POST /api/v1/practitioners": "create_practitioner",
    "GET /api/v1/practitioners/{practitioner_id}": "get_practitioner",
    "PATCH /api/v1/practitioners/{practitioner_id}": "update_practitioner",
    "POST /api/v1/practitioners/{practitioner_id}/deactivate": "deactivate_practitioner",
    "GET /api/v1/practitioners/{practitioner_id}/hours": "get_hours",
    "PUT /api/v1/practitioners/{practitioner_id}/hours": "update_hours",
    "POST /api/v1/practitioners/{practitioner_id}/hours/preview": "preview_hours",
    "POST /api/v1/practitioners/{practitioner_id}/reactivate": "reactivate_practitioner",
    "GET /api/v1/rooms": "list_rooms",
    "POST /api/v1/rooms": "create_room",
    "GET /api/v1/rooms/{room_id}": "get_room",
    "PATCH /api/v1/rooms/{room_id}": "update_room",
    "POST /api/v1/rooms/{room_id}/deactivate": "deactivate_room",
    "POST /api/v1/rooms/{room_id}/reactivate": "reactivate_room",
    "GET /api/v1/services": "list_services",
    "POST /api/v1/services": "create_service",
    "GET /api/v1/services/{service_id}": "get_service",
    "PATCH /api/v1/services/{service_id}": "update_service",
    "POST /api/v1/services/{service_id}/deactivate": "deactivate_service",
    "POST /api/v1/services/{service_id}/reactivate": "reactivate_service",
    "POST /api/v1/appointments/{appointment_id}/confirmation": "confirm_appointment",
    "POST /api/v1/appointments/{appointment_id}/confirmation/withdrawal": "withdraw_confirmation",
    "GET /api/v1/calls": "list_calls",
    "POST /api/v1/calls/{appointment_id}/results": "record_result",
    "GET /api/v1/message-kinds": "list_kinds",
    "GET /api/v1/message-kinds/{kind}": "get_kind",
    "PATCH /api/v1/message-kinds/{kind}": "update_kind",
    "GET /api/v1/message-templates": "list_message_templates",
    "GET /api/v1/message-templates/{kind}/{channel}/{language}": "get_message_template",
    "PUT /api/v1/message-templates/{kind}/{channel}/{language}": "update_message_template",
    "DELETE /api/v1/message-templates/{kind}/{channel}/{language}": "delete_message_template",
    "POST /api/v1/message-templates/{kind}/{channel}/{language}/preview": "preview_message_template",
    "GET /api/v1/notification-settings": "get_notification_settings",
    "PATCH /api/v1/notification-settings": "update_notification_settings",
    "GET /api/v1/notifications/explain": "explain_message",
    "GET /api/v1/notifications/next": "next_messages",
    "POST /api/v1/notifications/{notification_id}/hold-back": "hold_back",
    "POST /api/v1/notifications/{notification_id}/other-channel": "send_by",
    "POST /api/v1/notifications/{notification_id}/printed": "record_printed",
    "POST /api/v1/notifications/{notification_id}/resolve": "resolve_notification",
}
"""Generated clients name their methods after these: one that is changed breaks them."""


@cache
def _description(app: Flask) -> Any:
    return app.test_client().get("/api/openapi.json").json


@pytest.fixture
def spec(app):
    """The description as programs get it."""
    return _description(app)


def operations(spec):
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in spec["paths"].items()
        for method in ("get", "post", "put", "patch", "delete")
        if method in item
    ]


def resolved(spec, part):
    """Return a part of the document, or the component that it refers to."""
    found = part
    for name in part["$ref"].split("/")[1:] if "$ref" in part else ():
        found = spec[name] if found is part else found[name]
    return found


def test_it_is_openapi_3_1_with_a_name_and_a_version(spec):
    assert spec["openapi"] == "3.1.0"
    assert spec["info"].items() >= {"title": "clinic", "version": "v1"}.items()


def test_it_describes_every_route_of_the_api_and_no_other(app, spec):
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {tuple(name.split(" ", 1)) for name, _operation in operations(spec)} == routes


def test_every_reference_leads_somewhere(spec):
    references = set(re.findall(r'"\$ref": "#/([^"]*)"', json.dumps(spec)))

    assert references
    for reference in references:
        found = spec
        for part in reference.split("/"):
            assert part in found, reference
            found = found[part]


def test_every_operation_has_a_summary_a_success_and_its_problems(spec):
    for name, operation in operations(spec):
        answers = operation["responses"]
        assert operation["summary"], name
        assert {"200", "201", "204"} & set(answers), name
        assert "application/problem+json" in resolved(spec, answers["503"])["content"], name
        if "{" in name:
            assert "404" in answers, name
        if operation.get("requestBody"):
            assert {"415", "422"} <= set(answers), name


def test_every_place_in_a_path_is_described(spec):
    for path, item in spec["paths"].items():
        described = {one["name"] for one in item.get("parameters", []) if one["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", path)), path


def test_operations_have_ids_of_verb_and_noun(spec):
    assert {name: operation["operationId"] for name, operation in operations(spec)} == OPERATION_IDS


def test_operations_have_one_tag_with_a_description(spec):
    described = {tag["name"] for tag in spec["tags"] if tag["description"]}

    assert {tuple(operation["tags"]) for _name, operation in operations(spec)} == {(name,) for name in described}


@pytest.mark.slow
def test_every_component_is_used(spec):
    written = json.dumps(spec)

    unused = [
        f"#/components/{kind}/{name}"
        for kind, components in spec["components"].items()
        for name in components
        if kind != "securitySchemes" and f'"#/components/{kind}/{name}"' not in written
    ]

    assert unused == []


def test_operations_describe_the_headers_that_they_read(spec):
    read = {
        operation["operationId"]: [
            (one["name"], one.get("required", False))
            for one in (resolved(spec, part) for part in operation.get("parameters", []))
            if one["in"] == "header"
        ]
        for _name, operation in operations(spec)
    }

    assert {name: headers for name, headers in read.items() if headers} == {
        "arrive_appointment": [("If-Match", False), ("Idempotency-Key", False)],
        "create_note": [("Idempotency-Key", False)],
        "end_note": [("If-Match", False), ("Idempotency-Key", False)],
        "get_note": [("If-None-Match", False)],
        "restore_note": [("If-Match", False), ("Idempotency-Key", False)],
        "update_note": [("If-Match", True)],
        "create_related_person": [("Idempotency-Key", False)],
        "end_related_person": [("If-Match", False), ("Idempotency-Key", False)],
        "get_related_person": [("If-None-Match", False)],
        "restore_related_person": [("If-Match", False), ("Idempotency-Key", False)],
        "update_related_person": [("If-Match", True)],
        "complete_recall": [("If-Match", False), ("Idempotency-Key", False)],
        "create_recall": [("Idempotency-Key", False)],
        "drop_recall": [("If-Match", False), ("Idempotency-Key", False)],
        "get_recall": [("If-None-Match", False)],
        "reopen_recall": [("If-Match", False), ("Idempotency-Key", False)],
        "update_recall": [("If-Match", True)],
        "archive_patient": [("If-Match", False), ("Idempotency-Key", False)],
        "record_death": [("If-Match", False), ("Idempotency-Key", False)],
        "restore_patient": [("If-Match", False), ("Idempotency-Key", False)],
        "undo_death": [("If-Match", False), ("Idempotency-Key", False)],
        "use_credit": [("Idempotency-Key", True)],
        "credit_invoice": [("If-Match", False), ("Idempotency-Key", True)],
        "write_off": [("If-Match", False), ("Idempotency-Key", True)],
        "undo_write_off": [("Idempotency-Key", True)],
        "create_payment": [("Idempotency-Key", True)],
        "reverse_payment": [("Idempotency-Key", True)],
        "create_opening_balance": [("Idempotency-Key", True)],
        "reverse_opening_balance": [("Idempotency-Key", True)],
        "refund_payment": [("Idempotency-Key", True)],
        "get_billing_settings": [("If-None-Match", False)],
        "update_billing_settings": [("If-Match", True)],
        "get_price_item": [("If-None-Match", False)],
        "update_price_item": [("If-Match", True)],
        "create_price_item": [("Idempotency-Key", False)],
        "archive_price_item": [("If-Match", False), ("Idempotency-Key", False)],
        "restore_price_item": [("If-Match", False), ("Idempotency-Key", False)],
        "get_tax_rate": [("If-None-Match", False)],
        "update_tax_rate": [("If-Match", True)],
        "create_tax_rate": [("Idempotency-Key", False)],
        "archive_tax_rate": [("If-Match", False), ("Idempotency-Key", False)],
        "restore_tax_rate": [("If-Match", False), ("Idempotency-Key", False)],
        "cancel_appointment": [("If-Match", False), ("Idempotency-Key", False)],
        "check_in": [("If-Match", False), ("Idempotency-Key", False)],
        "create_appointment": [("Idempotency-Key", False)],
        "create_closure": [("Idempotency-Key", False)],
        "create_hours_exception": [("Idempotency-Key", False)],
        "create_invoice": [("Idempotency-Key", False)],
        "update_invoice": [("If-Match", True)],
        "bill_unbilled_visit": [("Idempotency-Key", False)],
        "delete_invoice": [("If-Match", True)],
        "duplicate_invoice": [("Idempotency-Key", False)],
        "split_invoice": [("If-Match", False), ("Idempotency-Key", False)],
        "create_patient": [("Idempotency-Key", False)],
        "create_practitioner": [("Idempotency-Key", False)],
        "create_room": [("Idempotency-Key", False)],
        "create_service": [("Idempotency-Key", False)],
        "deactivate_practitioner": [("If-Match", False), ("Idempotency-Key", False)],
        "deactivate_room": [("If-Match", False), ("Idempotency-Key", False)],
        "deactivate_service": [("If-Match", False), ("Idempotency-Key", False)],
        "delete_closure": [("If-Match", True)],
        "delete_hours_exception": [("If-Match", True)],
        "fulfil_appointment": [("If-Match", False), ("Idempotency-Key", False)],
        "get_appointment": [("If-None-Match", False)],
        "get_clinic": [("If-None-Match", False)],
        "get_consent": [("If-None-Match", False)],
        "get_closure": [("If-None-Match", False)],
        "get_hours": [("If-None-Match", False)],
        "get_hours_exception": [("If-None-Match", False)],
        "get_invoice": [("If-None-Match", False)],
        "get_opening_hours": [("If-None-Match", False)],
        "get_patient": [("If-None-Match", False)],
        "get_practitioner": [("If-None-Match", False)],
        "get_room": [("If-None-Match", False)],
        "get_service": [("If-None-Match", False)],
        "issue_invoice": [("If-Match", False), ("Idempotency-Key", False)],
        "no_show": [("If-Match", False), ("Idempotency-Key", False)],
        "pay_invoice": [("Idempotency-Key", True)],
        "reactivate_practitioner": [("If-Match", False), ("Idempotency-Key", False)],
        "reactivate_room": [("If-Match", False), ("Idempotency-Key", False)],
        "reactivate_service": [("If-Match", False), ("Idempotency-Key", False)],
        "record_consent": [("If-Match", False), ("Idempotency-Key", False)],
        "reschedule_appointment": [("If-Match", False), ("Idempotency-Key", False)],
        "retry_notification": [("Idempotency-Key", False)],
        "retry_notifications": [("Idempotency-Key", False)],
        "mail_invoice": [("Idempotency-Key", False)],
        "merge_patient": [("If-Match", False), ("Idempotency-Key", False)],
        "unmerge_patient": [("Idempotency-Key", False)],
        "dismiss_duplicate": [("Idempotency-Key", False)],
        "reopen_duplicate": [("Idempotency-Key", False)],
        "undo_appointment": [("If-Match", False), ("Idempotency-Key", False)],
        "undo_consent": [("If-Match", False), ("Idempotency-Key", False)],
        "use_contact": [("If-Match", False), ("Idempotency-Key", False)],
        "withdraw_consent": [("If-Match", False), ("Idempotency-Key", False)],
        "update_appointment": [("If-Match", True)],
        "update_clinic": [("If-Match", True)],
        "update_closure": [("If-Match", True)],
        "update_hours": [("If-Match", True)],
        "update_hours_exception": [("If-Match", True)],
        "update_opening_hours": [("If-Match", True)],
        "update_patient": [("If-Match", True)],
        "update_practitioner": [("If-Match", True)],
        "update_room": [("If-Match", True)],
        "update_service": [("If-Match", True)],
        "confirm_appointment": [("If-Match", False), ("Idempotency-Key", False)],
        "withdraw_confirmation": [("If-Match", False), ("Idempotency-Key", False)],
        "record_result": [("Idempotency-Key", False)],
        "get_kind": [("If-None-Match", False)],
        "update_kind": [("If-Match", True)],
        "get_message_template": [("If-None-Match", False)],
        "update_message_template": [("If-Match", True)],
        "delete_message_template": [("If-Match", True)],
        "get_notification_settings": [("If-None-Match", False)],
        "update_notification_settings": [("If-Match", True)],
        "hold_back": [("Idempotency-Key", False)],
        "send_by": [("Idempotency-Key", False)],
        "record_printed": [("Idempotency-Key", False)],
        "resolve_notification": [("Idempotency-Key", False)],
    }


def header_names(spec, operation, status):
    return set(resolved(spec, operation["responses"][status]).get("headers", {}))


def test_operations_describe_the_headers_that_they_send(spec):
    by_id = {operation["operationId"]: operation for _name, operation in operations(spec)}

    assert header_names(spec, by_id["create_patient"], "201") == {"ETag", "Location", "Idempotency-Replayed"}
    assert header_names(spec, by_id["create_patient"], "409") == {"Retry-After"}
    assert header_names(spec, by_id["issue_invoice"], "200") == {"ETag", "Idempotency-Replayed"}
    assert header_names(spec, by_id["get_patient"], "200") == {"ETag"}
    assert header_names(spec, by_id["get_patient"], "304") == {"ETag"}
    assert header_names(spec, by_id["list_patients"], "200") == {"Link"}
    assert header_names(spec, by_id["update_patient"], "412") == {"ETag"}
    assert header_names(spec, by_id["pay_invoice"], "201") == {"Idempotency-Replayed"}
    assert header_names(spec, by_id["list_patients"], "503") == {"Retry-After"}
    assert header_names(spec, by_id["list_patients"], "401") == {"WWW-Authenticate"}


def test_constraints_of_fields_are_described(spec):
    patient = spec["components"]["schemas"]["Patient"]["properties"]
    line = spec["components"]["schemas"]["InvoiceLine"]["properties"]

    assert patient["family_name"]["maxLength"] == 200
    assert patient["version"]["minimum"] == 1
    assert patient["sex"]["anyOf"][0]["enum"] == ["female", "male", "other", "unknown"]
    assert line["description"].items() >= {"type": ["string", "null"], "maxLength": 200}.items()
    assert line["amount"]["$ref"] == "#/components/schemas/Money"
    assert line["unit_price"]["anyOf"] == [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]
    assert re.fullmatch(line["quantity"]["pattern"], "2.125")
    assert not re.fullmatch(line["quantity"]["pattern"], "2.1255")


def test_a_query_parameter_is_never_null(spec):
    schemas = [
        one["schema"]
        for _name, operation in operations(spec)
        for one in operation.get("parameters", [])
        if one.get("in") == "query"
    ]

    assert schemas
    assert all(isinstance(schema["type"], str) and "anyOf" not in schema for schema in schemas)


def test_an_id_in_a_response_is_linked_to_the_operations_of_its_record(spec):
    links = spec["paths"]["/api/v1/patients"]["post"]["responses"]["201"]["links"]

    of_consent = {"get_consent", "record_consent", "list_consent_answers", "undo_consent", "withdraw_consent"}
    of_states = {"archive_patient", "restore_patient", "record_death", "undo_death"}
    of_cards = {"list_notes", "create_note", "list_related_persons", "create_related_person", "list_timeline"}
    of_cards.add("create_recall")
    of_merges = {"preview_merge", "merge_patient", "unmerge_patient"}
    of_record = {"get_patient", "update_patient", "use_contact"}
    of_account = {"get_statement", "list_opening_balances", "create_opening_balance"}
    assert set(links) == of_record | of_consent | of_states | of_cards | of_merges | of_account
    assert links["get_patient"]["parameters"] == {"patient_id": "$response.body#/id"}


def test_there_is_one_schema_of_errors(spec):
    responses = spec["components"]["responses"].items()

    schemas = {json.dumps(response["content"]) for name, response in responses if "content" in response}

    assert schemas == {'{"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}'}


@pytest.mark.slow
def test_every_member_of_a_problem_is_described(client, here, spec):
    with here():
        invoice_id, appointment = an_invoice().id, an_appointment()
        taken = appointment_fields(appointment.patient_id, appointment.practitioner_id)
        patient_id = appointment.patient_id
        _, key = api_key_service.create(label="Reader", scopes=["clinic:read"])
    payment = {"amount": money("99.00"), "method": "card"}
    validator = OAS31Validator({"$ref": "#/components/schemas/Problem", "components": spec["components"]})

    problems = {
        "scope": client.get("/api/v1/patients", headers={"Authorization": f"Bearer {key}"}),
        "conflicts": client.post("/api/v1/appointments", json=taken),
        "due": client.post(f"/api/v1/invoices/{invoice_id}/payments", json=payment, headers={"Idempotency-Key": KEY}),
        "present": client.patch(f"/api/v1/patients/{patient_id}", json={}, headers={"If-Match": '"9"'}),
        "errors": client.post("/api/v1/patients", json={}),
    }

    for member, response in problems.items():
        assert member in response.json, response.json
        assert [error.message for error in validator.iter_errors(response.json)] == [], member


@pytest.mark.slow
def test_the_pages_show_every_operation_and_schema_and_load_nothing_from_outside(client, spec):
    page, schemas = client.get("/api/docs").text, client.get("/api/docs/schemas").text

    for name, _operation in operations(spec):
        assert name in page
    for schema in spec["components"]["schemas"]:
        assert f'id="{schema}"' in schemas
    assert {*re.findall(r'"/api/docs/schemas#(\w+)"', page)} <= {*spec["components"]["schemas"]}
    assert '"/api/docs/schemas#Patient"' in page
    assert re.findall(r'(?:src|href)="(?!/|#|icons)[^"]*"', page + schemas) == []


def test_the_page_describes_shared_responses_once_and_links_every_operation_to_them(client, spec):
    page = client.get("/api/docs").text

    with_scope = sum("403" in operation["responses"] for _name, operation in operations(spec))
    assert page.count("The API key lacks the scope") == 1
    assert page.count('<a href="#status-403">403</a>') == with_scope
    assert page.count('id="status-403"') == 1
    assert len(page.encode()) <= 1408 * len(operations(spec))


def test_the_description_needs_no_clinic(app):
    assert app.test_client().get("/api/openapi.json").status_code == 200
    assert app.test_client().get("/api/docs").status_code == 200
    assert app.test_client().get("/api/docs/schemas").status_code == 200


def test_every_operation_documents_its_scope(app, spec):
    assert spec["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for name, operation in operations(spec):
        ((scheme, scopes),) = operation["security"][0].items()
        assert scheme == "apiKey", name
        assert len(scopes) == 1, name
        assert {"401", "403"} <= set(operation["responses"]), name


@pytest.mark.slow
def test_the_page_to_read_names_the_scopes(client):
    assert "<code>patients:write</code>" in client.get("/api/docs").text
