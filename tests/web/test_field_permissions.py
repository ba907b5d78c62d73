"""Fields that not everybody may see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from marshmallow import Schema, ValidationError, fields

from clinic.core.context import current_actor, reset_actor, set_actor
from clinic.identity.roles import permission_names
from clinic.patients.schemas.patients import PatientSchema
from clinic.web.field_permissions import NOT_PERMITTED, FieldPermissionSchema, requires_permission
from clinic.web.fields import Line

CARD = {"name": "Inês", "phone": "+351912555014"}


class CardSchema(FieldPermissionSchema):
    """A card with a field that needs a permission, and another name in what is sent."""

    name = Line(required=True)
    number = requires_permission("patients:contact", Line(data_key="phone", attribute="phone", max_length=20))


class DrawerSchema(Schema):
    """Cards inside something that knows of no permission."""

    cards = fields.List(fields.Nested(CardSchema))


@contextmanager
def permitted_only(*permissions: str) -> Iterator[None]:
    """Act as somebody who has these permissions."""
    token = set_actor(replace(current_actor(), permissions=frozenset(permissions)))
    yield
    reset_actor(token)


@pytest.mark.row(38)
def test_what_one_may_not_see_is_left_out_however_deep_it_is():
    with permitted_only("patients:read"):
        assert CardSchema().dump(CARD) == {"name": "Inês"}
        assert CardSchema(many=True).dump([CARD]) == [{"name": "Inês"}]
        assert DrawerSchema().dump({"cards": [CARD]}) == {"cards": [{"name": "Inês"}]}


def test_who_has_the_permission_and_the_program_itself_see_everything():
    with permitted_only("patients:contact"):
        assert CardSchema().dump(CARD) == CARD

    assert CardSchema().dump(CARD) == CARD


@pytest.mark.row(38)
@pytest.mark.parametrize("sent", ["+351912555014", None, "", 7, "x" * 50])
def test_what_one_may_not_see_can_not_be_set_whatever_is_sent(sent):
    with permitted_only("patients:read"), pytest.raises(ValidationError) as refused:
        CardSchema().load({"name": "Inês", "phone": sent})

    assert list(refused.value.messages_dict) == ["phone"]
    assert NOT_PERMITTED in refused.value.messages_dict["phone"]


def test_other_mistakes_are_reported_with_it():
    with permitted_only(), pytest.raises(ValidationError) as refused:
        CardSchema().load({"phone": "1"})

    assert set(refused.value.messages_dict) == {"name", "phone"}


def test_who_has_the_permission_sets_the_field():
    with permitted_only("patients:contact"):
        assert CardSchema().load(CARD) == CARD


def test_the_description_of_the_api_shows_which_permission_a_field_needs(client):
    spec = client.get("/api/openapi.json").json["components"]["schemas"]

    needed = {
        (name, field): described["x-permission"]
        for name, schema in spec.items()
        for field, described in schema.get("properties", {}).items()
        if "x-permission" in described
    }
    contact = {
        (name, field): "patients:contact"
        for name in ("Patient", "PatientPatch", "RegisteredPatient")
        for field in (
            *("phone", "phone_use", "other_phones", "email", "email_use", "other_emails"),
            *("address", "address_use", "other_addresses"),
        )
    } | {("UseContact", "value"): "patients:contact"}
    contact |= {
        (name, field): "patients:contact"
        for name in ("RelatedPerson", "RelatedPersonPatch")
        for field in ("phone", "email")
    }
    notes = {
        (name, field): "appointments:notes"
        for name, fields_of in {
            "Appointment": ("cancel_note", "note", "overbook_reason", "reason"),
            "NewAppointment": ("cancel_note", "note", "overbook_reason", "reason"),
            "NotesPatch": ("note", "reason"),
            "Cancellation": ("note",),
            "Move": ("overbook_reason",),
        }.items()
        for field in fields_of
    }
    practitioners = ("Practitioner", "PractitionerPatch", "DeactivatedPractitioner")
    members = {(name, "member_id"): "staff:read" for name in practitioners}
    booked = {(name, "appointments:read") for name in (("Preview", "appointments"), ("Upcoming", "appointment_ids"))}
    contact |= {(name, field): "patients:contact" for name in ("Guardian",) for field in ("phone", "email")}
    contact |= {("NotificationDetail", "recipient"): "patients:contact", ("ToCall", "phone"): "patients:contact"}
    contact |= {("BilledTo", field): "patients:contact" for field in ("address", "tax_number")}
    billed = {("billed_to", "patients:read"), ("visits", "appointments:read")}
    printed = {(name, field): permission for name in ("Invoice", "DraftPatch") for field, permission in billed}
    printed["CreditNote", "billed_to"] = "patients:read"
    assert needed == contact | notes | members | dict(booked) | printed
    assert set(needed.values()) <= set(permission_names())
    assert "patients:contact" in spec["Patient"]["properties"]["phone"]["description"]


def test_a_guarded_field_of_one_schema_guards_no_field_of_another():
    assert "x-permission" not in PatientSchema().fields["language"].metadata
