"""What the schema of a patient accepts, normalises and refuses, with its messages."""

from typing import Any

import pytest

from clinic.patients.schemas.patients import PatientSchema
from clinic.web.forms import with_dates
from tests.builders import patient_fields
from tests.schema_loading import loaded, problems

TEXT_FIELDS = ["family_name", "given_name", "birth_date", "sex", "email", "phone", "address", "language"]
NO_DATE = "Date of birth must be a real date, like 27 3 1987"
NO_EMAIL = "Enter an email address like name@example.org"
NO_PHONE = "Enter a phone number with its country code, like +351 912 345 678"
CONTROL = "Leave out control characters"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("birth_date", "2031-01-01", "Date of birth must be in the past"),
        ("birth_date", "1991-13-21", NO_DATE),
        ("birth_date", "1991-02-30", NO_DATE),
        ("birth_date", "0000", NO_DATE),
        ("birth_date", "1700", "Date of birth must be less than 130 years ago"),
        ("birth_date", "21.06.1991", NO_DATE),
        ("birth_date", "١٩٩١", NO_DATE),
        ("email", "nobody", NO_EMAIL),
        ("email", "a@b", NO_EMAIL),
        ("email", "a b@example.org", NO_EMAIL),
        ("email", "a@example.org,b@example.org", NO_EMAIL),
        ("email", "Inês <a@example.org>", NO_EMAIL),
        ("phone", "12", NO_PHONE),
        ("phone", "call me", NO_PHONE),
        ("phone", "+999 1234567", NO_PHONE),
        ("phone", "555-0100 mom", NO_PHONE),
        ("phone", "555 014 Ana", NO_PHONE),
        ("phone", "000000000", NO_PHONE),
        ("sex", "yes", "Choose one of: female, male, other, unknown"),
        ("language", "Portuguese", "Enter a language code like pt or pt-BR"),
        ("family_name", "x" * 201, "Enter at most 200 characters"),
        ("family_name", "a\ufffdb", "Some characters could not be read: enter them again"),
        ("family_name", "a\nb", CONTROL),
        ("family_name", "a\u2028b", CONTROL),
        ("family_name", "a\x1b[31m", CONTROL),
        ("family_name", "Inês\r\nBcc: x@example.org", CONTROL),
        ("given_name", "Inês\r\nBcc: all@example.org", CONTROL),
        ("given_name", "Inês\nX: y", CONTROL),
        ("address", "x" * 501, "Enter at most 500 characters"),
    ],
)
def test_an_invalid_value_is_refused_with_one_message(field: str, value: str, message: str) -> None:
    assert problems(PatientSchema(), patient_fields(**{field: value})) == [(f"#/{field}", message)]


@pytest.mark.row(32)
@pytest.mark.row(56)
@pytest.mark.parametrize(
    "field", ["clinic_id", "id", "mrn", "is_admin", "role", "version", "created_at", "messages_agreed", "sort_name"]
)
@pytest.mark.parametrize("partial", [False, True])
def test_a_field_that_clients_may_not_set_is_unknown(field: str, partial: bool) -> None:
    found = problems(PatientSchema(partial=partial), patient_fields(**{field: "1"}))

    assert found == [(f"#/{field}", "Unknown field.")]


@pytest.mark.row(56)
def test_a_field_without_a_name_is_unknown() -> None:
    assert problems(PatientSchema(), patient_fields(**{"": "1"})) == [("#", "Unknown field.")]


@pytest.mark.breadth
@pytest.mark.row(64)
@pytest.mark.parametrize("field", TEXT_FIELDS)
@pytest.mark.parametrize("value", [1, 1.5, True, [], ["x"], {}, {"x": "y"}, 10**30], ids=repr)
def test_another_type_than_text_is_refused(field: str, value: Any) -> None:
    assert (f"#/{field}", "Enter text") in problems(PatientSchema(), patient_fields(**{field: value}))


@pytest.mark.row(66)
@pytest.mark.parametrize("field", TEXT_FIELDS)
@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "a\udfffb", "a\x7fb"], ids=ascii)
def test_text_that_can_not_be_stored_is_refused(field: str, text: str) -> None:
    assert (f"#/{field}", CONTROL) in problems(PatientSchema(), patient_fields(**{field: text}))


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_million_characters_are_refused(field: str) -> None:
    [(pointer, message)] = problems(PatientSchema(), patient_fields(**{field: "a" * 1_000_000}))

    assert pointer == f"#/{field}"
    assert message.startswith("Enter at most ")


@pytest.mark.row(66)
@pytest.mark.parametrize("name", [" ", "\u00a0\u2003", "\t", "\u200b", "\u200d\u200e", "\ufeff", "\u00ad"], ids=ascii)
def test_a_name_without_a_visible_character_is_none(name: str) -> None:
    assert problems(PatientSchema(), {"family_name": name}) == [
        ("#/family_name", "Enter the family name or the given name")
    ]


@pytest.mark.parametrize("field", ["birth_date", "email", "phone", "sex", "language", "family_name"])
def test_no_message_repeats_what_was_sent(field: str) -> None:
    value = "Canary4711\x00" if field == "family_name" else "Canary4711"

    [(_, message)] = problems(PatientSchema(), patient_fields(**{field: value}))

    assert "Canary4711" not in message


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (("30", "2", "1991"), NO_DATE),
        (("13", "21", "1991"), NO_DATE),
        (("1", "", "1990"), "Enter the month of birth"),
        (("", "3", ""), "Enter the year of birth"),
        (("5", "", ""), "Enter the year of birth"),
        (("1", "2", "91"), NO_DATE),
        (("²", "2", "1990"), NO_DATE),
    ],
)
def test_parts_that_make_no_date_are_refused(typed: tuple[str, str, str], message: str) -> None:
    [(pointer, found)] = problems(PatientSchema(), with_dates({"family_name": "X"} | parts(typed)))

    assert (pointer, message in found) == ("#/birth_date", True)


@pytest.mark.parametrize(
    ("typed", "birth_date"),
    [
        (("1", "2", "1990"), "1990-02-01"),
        (("", "2", "1990"), "1990-02"),
        (("", "", "1990"), "1990"),
        (("", "", ""), None),
        (("\u200e1", "\u202a2\u202c", "1990\u200f"), "1990-02-01"),
    ],
)
def test_parts_of_a_birth_date_may_be_unknown(typed: tuple[str, str, str], birth_date: str | None) -> None:
    assert loaded(PatientSchema(), with_dates({"family_name": "X"} | parts(typed)))["birth_date"] == birth_date


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        ({"family_name": "  Pereira  "}, {"family_name": "Pereira"}),
        ({"family_name": "Nguye\u0302\u0303n"}, {"family_name": "Nguyễn"}),
        ({"phone": "912 555 014"}, {"phone": "+351912555014"}),
        ({"phone": "+49 30 901820"}, {"phone": "+4930901820"}),
        ({"phone": "912 555 014 ext. 5"}, {"phone": "+351912555014;ext=5"}),
        ({"phone": "\u202a+351 912 555 014\u202c"}, {"phone": "+351912555014"}),
        ({"email": "\ufeffines@exam\u00adple.org\u200b"}, {"email": "ines@example.org"}),
        ({"birth_date": "\u200e1991\u200e-06"}, {"birth_date": "1991-06"}),
        ({"family_name": "\u2067Pe\u200breira\u2069"}, {"family_name": "Pereira"}),
        ({"family_name": "Mir\u200czadeh"}, {"family_name": "Mir\u200czadeh"}),
        ({"preferred_name": "❤\ufe0f 👩\u200d⚕"}, {"preferred_name": "❤\ufe0f 👩\u200d⚕"}),
        ({"address": "\u202aRua 1\u202c\r\nPorto"}, {"address": "Rua 1\nPorto"}),
        ({"email": "Ines@EXAMPLE.org"}, {"email": "Ines@example.org"}),
        ({"birth_date": "1991-06"}, {"birth_date": "1991-06"}),
        ({"birth_date": "2000-02-29"}, {"birth_date": "2000-02-29"}),
        ({"address": "Rua das Flores 18\r\n1200-195 Lisboa"}, {"address": "Rua das Flores 18\n1200-195 Lisboa"}),
        ({"sex": None}, {"sex": "unknown"}),
        ({"email": "", "phone": " "}, {"email": None, "phone": None}),
        ({"language": "pt-BR"}, {"language": "pt-BR"}),
    ],
)
def test_input_is_normalised(sent: dict[str, Any], data: dict[str, Any]) -> None:
    assert loaded(PatientSchema(), patient_fields(**sent)).items() >= data.items()


def parts(typed: tuple[str, str, str]) -> dict[str, str]:
    """Return a birth date as the three fields of a form."""
    return dict(zip(("birth_date.day", "birth_date.month", "birth_date.year"), typed, strict=True))
