"""How pages write times and birth dates, wherever the clinic is."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from clinic.billing.service import LineFields, billing_service
from clinic.core.money import Money
from clinic.core.tenancy import clinic_scope
from clinic.web.template_filters import born, instant, time
from tests.assertions import spoken
from tests.builders import a_clinic, a_patient, a_practitioner, an_appointment, somebody

LISBON = "Europe/Lisbon"
IN_AUCKLAND = datetime(2026, 2, 2, 20, 0, tzinfo=UTC)
"""Tuesday 3 February, 09:00 there."""


@pytest.fixture
def on_the_third_in_auckland(monkeypatch):
    """It is 3 February in Auckland and still the second in UTC."""
    monkeypatch.setattr("clinic.core.clock.now", lambda: IN_AUCKLAND)


@pytest.mark.parametrize(
    ("hour", "minute", "shown"),
    [(23, 59, "00:59"), (0, 0, "01:00 WEST"), (0, 59, "01:59 WEST"), (1, 0, "01:00 WET"), (2, 0, "02:00")],
)
def test_a_time_that_the_clocks_show_twice_names_which_it_is(hour, minute, shown):
    moment = datetime(2027, 10, 30 if hour == 23 else 31, hour, minute, tzinfo=UTC)

    assert time(moment, LISBON) == shown
    assert instant(moment, LISBON) == f"Sun 31 Oct 2027, {shown}"


@pytest.mark.slow
def test_an_appointment_while_the_clocks_go_back_can_be_read(client, here):
    with here():
        made = an_appointment(somebody(), a_practitioner(), datetime(2027, 10, 31, 0, 30, tzinfo=UTC))

    assert "01:30 WEST–01:00 WET" in spoken(client.get("/appointments?day=2027-10-31").text)
    assert "Sun 31 Oct 2027, 01:30 WEST–01:00 WET" in spoken(client.get(f"/appointments/{made.id}").text)


@pytest.mark.parametrize(("zone", "shown"), [("Pacific/Auckland", "03-Feb-1980 (46 y)"), ("UTC", "03-Feb-1980 (45 y)")])
def test_an_age_is_that_of_the_day_in_the_zone(on_the_third_in_auckland, zone, shown):
    assert born("1980-02-03", zone) == shown


@pytest.mark.parametrize(("written", "shown"), [(None, ""), ("1980", "1980"), ("1980-02", "Feb-1980")])
def test_a_birth_date_that_is_partly_unknown_has_no_age(written, shown):
    assert born(written, LISBON) == shown


@pytest.mark.slow
def test_pages_of_a_clinic_in_auckland_show_the_age_of_its_day(app, visitor, on_the_third_in_auckland):
    with app.app_context():
        clinic = a_clinic(zone="Pacific/Auckland", currency="NZD", locale="en_NZ")
    visitor.work_in(clinic)
    with app.app_context(), clinic_scope(clinic.id):
        patient = somebody(birth_date="1980-02-03")
        line = LineFields(description="Consultation", quantity=Fraction(1), unit_price=Money(5000, "NZD"))
        urls = ["/patients", f"/patients/{patient.id}", f"/invoices/new?patient={patient.mrn}"]
        urls.append(f"/appointments/{an_appointment(patient, a_practitioner()).id}")
        urls.append(f"/invoices/{billing_service.create(patient_id=patient.id, lines=[line]).id}/edit")

    pages = {url: visitor.get(url) for url in urls}

    assert all("03-Feb-1980 (46 y)" in spoken(page.text) for page in pages.values()), pages


@pytest.mark.parametrize(
    ("age_on", "shown"),
    [
        (date(2026, 2, 3), "about 40 y (as of 03-Feb-2026)"),
        (date(2025, 2, 4), "about 40 y (as of 04-Feb-2025)"),
        (date(2024, 2, 3), "about 42 y (40 as of 03-Feb-2024)"),
        (None, ""),
    ],
)
def test_an_estimated_age_goes_on_from_its_day(on_the_third_in_auckland, age_on, shown):
    assert born(None, "Pacific/Auckland", 40, age_on) == shown


@pytest.mark.slow
def test_a_patient_of_whom_only_an_age_is_known_is_shown_with_it(client, here):
    with here():
        patient = a_patient(birth_date=None, estimated_age=40, age_on=date(2026, 1, 31))

    for url in (f"/patients/{patient.id}", "/patients", "/patients?q=pereira"):
        assert "as of 31-Jan-2026)" in spoken(client.get(url).text), url
