"""What the schemas and forms of invoices and payments accept and refuse, with their messages."""

from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest

from clinic.billing.schemas.corrections import CreditNoteSchema, RefundSchema
from clinic.billing.schemas.invoice_list import InvoiceQuery
from clinic.billing.schemas.invoices import InvoiceForm, InvoiceSchema
from clinic.billing.schemas.issue import IssueSchema
from clinic.billing.schemas.payments import NewPaymentSchema, PaymentForm, PaymentSchema
from clinic.billing.schemas.typed import typed_amount
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic
from tests.billing.invoices import euros, line_fields, money, payment_fields, typed_lines
from tests.schema_loading import loaded, problems

PATIENT_ID = "01900000-0000-7000-8000-000000000001"
NO_AMOUNT = "Enter an amount like 45.00"
NO_TEXT = "Enter the amount as text, like 45.00"
NO_QUANTITY = "Enter a quantity like 1 or 2.5"
TWO_DIGITS = "EUR has 2 digits after the point"


@pytest.mark.row(82)
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"lines": []}, "#/lines"),
        ({"lines": None}, "#/lines"),
        ({"lines": [7]}, "#/lines/0"),
        ({"lines": [line_fields()] * 301}, "#/lines"),
        ({"lines": [line_fields(description="x" * 201)]}, "#/lines/0/description"),
        ({"lines": [line_fields(discount_percent="100.5")]}, "#/lines/0/discount_percent"),
        ({"lines": [line_fields(tax_rate="23")]}, "#/lines/0/tax_rate"),
        ({"lines": [line_fields(quantity="-1")]}, "#/lines/0/quantity"),
        ({"lines": [line_fields(quantity=1)]}, "#/lines/0/quantity"),
        ({"lines": [line_fields(unit_price=money("-5.00"))]}, "#/lines/0/unit_price"),
        ({"lines": [line_fields(amount=money("1.00"))]}, "#/lines/0/amount"),
        ({"total": money("1.00")}, "#/total"),
        ({"patient_id": "P-000001"}, "#/patient_id"),
    ],
)
def test_an_invalid_invoice_is_refused_at_its_field(fields: dict[str, Any], pointer: str) -> None:
    sent = {"patient_id": PATIENT_ID, "lines": [line_fields()]} | fields

    assert [found for found, _ in problems(InvoiceSchema(), sent)] == [pointer]


@pytest.mark.parametrize("value", [None, "perhaps"])
@pytest.mark.parametrize(
    ("schema", "name", "message"),
    [
        (NewPaymentSchema(), "keep_credit", "Enter true or false"),
        (RefundSchema(), "from_credit", "Enter true or false"),
        (IssueSchema(), "confirm_date", "Enter true or false"),
        (NewPaymentSchema(), "allocations", "Enter a list"),
        (CreditNoteSchema(), "lines", "Enter a list"),
    ],
)
def test_what_is_no_boolean_and_no_list_is_told_in_words(schema: Any, name: str, message: str, value: Any) -> None:
    assert (f"#/{name}", message) in problems(schema, {name: value})


@pytest.mark.row(81)
@pytest.mark.parametrize(
    ("amount", "message"),
    [
        *((text, NO_AMOUNT) for text in ("NaN", "Infinity", "-Infinity", "1e400", "1_000", "٤٥", "1,5", "", " 1")),
        *((text, NO_AMOUNT) for text in ("+1", "0x1F", ".5", "1.")),
        ("0.005", TWO_DIGITS),
        *((text, NO_AMOUNT) for text in ("9" * 16, "1000000000000000")),
        *((value, NO_TEXT) for value in (True, 45, None, ["1"], {"amount": "1"})),
    ],
)
def test_an_invalid_amount_is_refused(amount: Any, message: str) -> None:
    sent = {"amount": {"amount": amount, "currency": "EUR"}, "method": "card"}

    assert problems(PaymentSchema(), sent) == [("#/amount/amount", message)]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        (payment_fields("5.00") | {"amount": money("5.00", "XXZ")}, "#/amount/currency"),
        (payment_fields("5.00", "cheque"), "#/method"),
        (payment_fields("5.00", reference="x" * 101), "#/reference"),
        (payment_fields("5.00", currency="EUR"), "#/currency"),
        ({"method": "card"}, "#/amount"),
    ],
)
def test_an_invalid_payment_is_refused_at_its_field(fields: dict[str, Any], pointer: str) -> None:
    assert [found for found, _ in problems(PaymentSchema(), fields)] == [pointer]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"status": "void"}, ("#/status", "Choose one of: draft, issued, balanced, cancelled")),
        ({"patient_id": "7"}, ("#/patient_id", "Choose a patient")),
        ({"limit": "0"}, ("#/limit", "Enter a whole number from 1 to 200")),
    ],
)
def test_an_invalid_filter_is_refused(query: dict[str, str], problem: tuple[str, str]) -> None:
    assert problems(InvoiceQuery(), query) == [problem]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("", "1", "5")], ("#/lines/0/description", "Enter an item or a description")),
        ([("X-ray", "0", "5")], ("#/lines/0/quantity", NO_QUANTITY)),
        ([("", "1", ""), ("X-ray", "1", "five")], ("#/lines/0/unit_price", NO_AMOUNT)),
        ([("X-ray", "1", "-5")], ("#/lines/0/unit_price", "Enter a price that is not below zero")),
        ([("X-ray", "1", "0.005")], ("#/lines/0/unit_price", TWO_DIGITS)),
        ([("", "1", "")], ("#/lines", "Enter at least one line")),
    ],
)
def test_an_invalid_line_of_the_form_is_refused(rows: list[tuple[str, str, str]], problem: tuple[str, str]) -> None:
    assert problems(InvoiceForm(), {"patient": "P-000001"} | typed_lines(*rows)) == [problem]


def test_the_form_of_an_invoice_needs_a_patient() -> None:
    assert problems(InvoiceForm(), {"patient": ""} | typed_lines(("X-ray", "1", "5"))) == [
        ("#/patient", "Enter the patient’s number")
    ]


@pytest.mark.row(81)
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        *((text, NO_AMOUNT) for text in ("", "NaN", "inf", "1e400", "1_000", "٤٥", "1.500.00", "1,2,3", "1 000", "€5")),
        *((text, TWO_DIGITS) for text in ("0.005", "1.1250", "1,500.125")),
        *((text, f"{text} can mean 1500 or 1.5: enter one of these") for text in ("1.500", "1,500")),
        ("-1.500", "-1.500 can mean -1500 or -1.5: enter one of these"),
        ("12.345", "12.345 can mean 12345 or 12.3450: enter one of these"),
        ("9" * 16, NO_AMOUNT),
    ],
)
def test_an_invalid_amount_of_the_form_is_refused(typed: str, message: str) -> None:
    sent = {"amount": typed, "method": "card", "reference": ""}

    assert problems(PaymentForm(), sent) == [("#/amount", message)]


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        *(("45", 4500), ("45.0", 4500), ("45,00", 4500), (" 45,5 ", 4550), ("\u202a45,00\u202c", 4500)),
        *((text, 150000) for text in ("1500", "1.500,00", "1,500.00", "1 500,0", "1\u00a0500,00", "1’500.00")),
        *((text, 150000000) for text in ("1.500.000", "1,500,000", "15,00,000", "1.500.000,00")),
    ],
)
def test_amounts_are_read_as_people_type_them(typed: str, cents: int) -> None:
    sent = {"amount": typed, "method": "card", "reference": ""}

    assert loaded(PaymentForm(), sent)["amount"] == euros(cents)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("1.500", "1.500 can mean 1500 or 1.5: enter one of these"),
        ("1,125", "1,125 can mean 1125 or 1.1250: enter one of these"),
        ("1.12345", NO_QUANTITY),
        ("", NO_QUANTITY),
    ],
)
def test_an_invalid_quantity_of_the_form_is_refused(typed: str, message: str) -> None:
    sent = {"patient": "P-000001"} | typed_lines(("X-ray", typed, "5"))

    assert problems(InvoiceForm(), sent) == [("#/lines/0/quantity", message)]


@pytest.mark.parametrize(
    ("typed", "quantity"),
    [("2,5", "2.5"), ("0.500", "0.5"), ("1.1250", "1.125"), ("1.500,5", "1500.5"), ("1500", "1500")],
)
def test_quantities_are_read_as_people_type_them(typed: str, quantity: str) -> None:
    sent = {"patient": "P-000001"} | typed_lines(("X-ray", typed, "5"))

    assert loaded(InvoiceForm(), sent)["lines"][0]["quantity"] == Fraction(quantity)


@pytest.mark.parametrize("quantity", ["1,5", "1.500,0", "1,500", " 1", "1 500"])
def test_json_and_commands_take_a_decimal_point_only(quantity: str) -> None:
    sent = {"patient_id": PATIENT_ID, "lines": [line_fields(quantity=quantity)]}

    assert problems(InvoiceSchema(), sent) == [("#/lines/0/quantity", NO_QUANTITY)]


@pytest.mark.parametrize(("locale", "shown"), [("pt_PT", "4,565"), ("en_GB", "4.565")])
def test_three_decimals_of_a_currency_are_read_as_the_form_shows_them(locale: str, shown: str) -> None:
    clinic = Clinic(name="Kuwait", zone="Asia/Kuwait", country="KW", currency="KWD", locale=locale)
    sent = {"amount": shown, "method": "card", "reference": ""}

    with patch.object(clinic_service, "current", return_value=clinic):
        amount = PaymentForm().load(sent)["amount"]

    assert typed_amount(amount, locale) == shown
    assert amount == Money(4565, "KWD")
