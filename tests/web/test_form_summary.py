"""How a form reads that was sent too late."""

import pytest
from flask import Flask

from clinic.web.authorization import access_to
from clinic.web.form_summary import read_form, wording_of
from clinic.web.request_hooks import API_PREFIX
from tests.builders import MONDAY, a_patient, a_practitioner, an_appointment

NOWHERE = "00000000-0000-0000-0000-000000000000"


def kept_endpoints(app: Flask) -> list[str]:
    """Return every endpoint whose form is kept when it comes too late."""
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    pages = [rule.endpoint for rule in posts if not rule.rule.startswith(API_PREFIX)]
    return [endpoint for endpoint in pages if access_to(app, endpoint).permission is not None]


@pytest.fixture
def reading(app, here, clinic):
    """Read a form as somebody does who may do everything."""

    def read(address, **fields):
        with here(), app.test_request_context():
            return read_form(address, list(fields.items()))

    return read


def test_every_form_that_is_kept_has_words(app):
    endpoints = kept_endpoints(app)

    assert {"billing.pay", "patients.update", "staff.revoke_api_key"} <= set(endpoints)
    assert [endpoint for endpoint in endpoints if wording_of(app, endpoint) is None] == []


def test_a_booking_is_told_with_the_names_and_days_that_people_know(reading, here):
    with here():
        patient, practitioner = a_patient(), a_practitioner("Dr Okafor")
        number, page, with_whom = patient.mrn, f"/patients/{patient.id}", str(practitioner.id)

    form = reading("/appointments", patient=number, practitioner_id=with_whom, day="2026-11-25", minutes="30")

    assert (form.act, form.record.name, form.record.url) == ("New appointment for", f"patient {number}", page)
    assert form.rows == [
        ("Patient", number),
        ("With", "Dr Okafor"),
        ("Date", "Wed 25 Nov 2026"),
        ("Length", "30 minutes"),
    ]


def test_a_birth_date_in_three_parts_is_one_row(reading):
    typed = {"birth_date.day": "1", "birth_date.month": "2", "birth_date.year": "1900", "version": "3"}
    form = reading("/patients", family_name="Pereira", sex="unknown", **typed)

    assert (form.act, form.record) == ("New patient", None)
    assert [label for label, _ in form.rows] == ["Family name", "Date of birth", "Sex recorded for care"]
    assert form.rows[1][1].startswith("01-Feb-1900")
    assert form.rows[2][1] == "Not known"


def test_a_cancellation_names_its_appointment(reading, here):
    with here():
        appointment = an_appointment(starts_at=MONDAY)

    form = reading(f"/appointments/{appointment.id}/cancellation", reason="clinic", version="1")

    assert (form.act, form.record.name) == ("Cancellation of", "the appointment on Mon 30 Nov 2026, 09:00")
    assert form.rows == [("Who can’t make it", "The clinic")]


def test_the_rows_of_an_invoice_are_lines(reading, here):
    with here():
        patient = a_patient()

    form = reading(
        "/invoices",
        **{"patient": patient.mrn, "lines-0-description": "Consultation", "lines-0-quantity": "1"},
        **{"lines-0-unit_price": "45,00", "lines-1-description": "", "lines-1-quantity": "1"},
    )

    assert form.rows == [("Patient", patient.mrn), ("Line 1", "1 × Consultation, 45,00 each")]


@pytest.mark.parametrize(
    ("address", "typed", "act", "rows"),
    [
        ("/appointments", {"patient": "P-9", "day": "soon"}, "New appointment", [("Patient", "P-9"), ("Date", "soon")]),
        ("/appointments", {"practitioner_id": "x"}, "New appointment", [("With", "x")]),
        (f"/invoices/{NOWHERE}/payments", {"amount": "1", "key": "k" * 20}, "Payment", [("Amount", "1")]),
        (f"/patients/{NOWHERE}", {"birth_date.day": "x"}, "Change", [("Date of birth", "-00-0x")]),
        ("/nowhere", {"name": "x"}, "What you sent", []),
    ],
)  # fmt: skip
def test_nonsense_is_told_as_it_was_typed(reading, address, typed, act, rows):
    form = reading(address, **typed)

    assert (form.act, form.record, form.rows) == (act, None, rows)


def test_what_is_denied_and_permitted_is_told_in_plain_words(app, here, clinic):
    with here(), app.test_request_context():
        form = read_form("/api-keys", [("label", "Website"), ("scopes", "patients:read"), ("scopes", "audit:read")])

    assert form.rows[1] == ("What it may do", "See who the patients are; See who saw and changed what")
