"""What the forms and queries of staff, settings and keys refuse, with their messages."""

from typing import Any

import pytest

from clinic.staff.schemas import ClinicForm, InvitationForm, KeyForm, MemberForm, SwitchForm
from tests.schema_loading import problems

INVITATION = {"email": "rosa@example.org", "name": "Rosa Almeida", "role": "receptionist"}
MEMBER = {"name": "Rosa Almeida", "role": "receptionist"}
SETTINGS = {"name": "Harbour", "country": "PT", "locale": "en_GB", "idle_minutes": "30", "absolute_hours": "8"}
KEY = {"label": "Laboratory", "scopes": ["patients:read"]}
UNKNOWN_FIELD = "Unknown field."
NO_EMAIL = "Enter an email address like name@example.org"
NO_LOCALE = "Enter a language and country, like en_GB or pt_PT"
NO_MINUTES = "Enter the idle timeout in minutes from 1 to 240"
NO_HOURS = "Enter the maximum session length in hours from 1 to 24"
NO_DAY = "Enter a date like 2026-11-23"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "nonsense", NO_EMAIL),
        ("email", "", "Enter the email address"),
        ("name", " ", "Enter the name"),
        ("name", "x" * 201, "Enter at most 200 characters"),
    ],
)
def test_an_invalid_invitation_is_refused(field: str, value: str, message: str) -> None:
    assert problems(InvitationForm(), INVITATION | {field: value}) == [(f"#/{field}", message)]


@pytest.mark.parametrize("form", [InvitationForm, MemberForm])
def test_a_role_is_one_of_those_that_there_are(form: type[InvitationForm | MemberForm]) -> None:
    sent = INVITATION if form is InvitationForm else MEMBER

    [(pointer, message)] = problems(form(), sent | {"role": "owner"})

    assert (pointer, message.startswith("Choose one of: ")) == ("#/role", True)


@pytest.mark.row(56)
@pytest.mark.parametrize("field", ["is_admin", "clinic_id", "id", "active", "member_id", "password_hash", "created_at"])
def test_a_field_that_the_forms_of_staff_do_not_show_is_unknown(field: str) -> None:
    unknown = [(f"#/{field}", UNKNOWN_FIELD)]

    assert problems(InvitationForm(), INVITATION | {field: "1"}) == unknown
    assert problems(MemberForm(), MEMBER | {field: "1"}) == unknown


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", " ", "Enter the clinic's name"),
        ("name", "x" * 201, "Enter at most 200 characters"),
        ("country", "", "Enter a country code of ISO 3166, like PT"),
        ("country", "XX", "Enter a country code of ISO 3166, like PT"),
        ("locale", "english", NO_LOCALE),
        ("locale", "xx_YY", NO_LOCALE),
        ("idle_minutes", "0", NO_MINUTES),
        ("idle_minutes", "241", NO_MINUTES),
        ("idle_minutes", "1e1", NO_MINUTES),
        ("idle_minutes", "١٥", NO_MINUTES),
        ("absolute_hours", "25", NO_HOURS),
        ("absolute_hours", "", NO_HOURS),
    ],
)
def test_an_invalid_setting_is_refused(field: str, value: str, message: str) -> None:
    assert problems(ClinicForm(), SETTINGS | {field: value}) == [(f"#/{field}", message)]


@pytest.mark.row(56)
@pytest.mark.parametrize("field", ["zone", "currency", "id", "clinic_id", "created_at"])
def test_a_setting_that_the_form_does_not_show_is_unknown(field: str) -> None:
    assert problems(ClinicForm(), SETTINGS | {field: "USD"}) == [(f"#/{field}", UNKNOWN_FIELD)]


@pytest.mark.parametrize(
    ("fields", "pointer", "message"),
    [
        ({"label": " "}, "#/label", "Enter a name for the key"),
        ({"scopes": []}, "#/scopes", "Choose the permissions of the key"),
        ({"scopes": ["patients:read", "everything"]}, "#/scopes", "Choose among: all, patients:read"),
        ({"scopes": "patients:read"}, "#/scopes", "Choose among: all, patients:read"),
        ({"expires_on": "soon"}, "#/expires_on", NO_DAY),
    ],
)
def test_an_invalid_key_is_refused(fields: dict[str, Any], pointer: str, message: str) -> None:
    [(found, words)] = problems(KeyForm(), KEY | fields)

    assert (found, words.startswith(message)) == (pointer, True)


@pytest.mark.row(56)
@pytest.mark.parametrize("field", ["clinic_id", "key_hash", "id", "revoked_at", "created_at", "expires_at"])
def test_a_field_that_the_form_of_a_key_does_not_show_is_unknown(field: str) -> None:
    assert problems(KeyForm(), KEY | {field: "1"}) == [(f"#/{field}", UNKNOWN_FIELD)]


@pytest.mark.parametrize("clinic_id", ["", "nonsense"])
def test_the_clinic_to_switch_to_is_named_by_an_id(clinic_id: str) -> None:
    assert problems(SwitchForm(), {"clinic_id": clinic_id}) == [("#/clinic_id", "Choose a clinic")]
