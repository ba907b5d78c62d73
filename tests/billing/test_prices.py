"""Taxes and the price list: histories, concessions, what a category allows, archive instead of delete."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import text

from clinic.billing.price_rules import NEEDLESS_RATES, NEEDLESS_REASON, NO_RATE, NO_REASON
from clinic.billing.service import (
    ItemCodeTaken,
    PriceItemNotFound,
    TaxNameTaken,
    price_list,
    tax_rate_service,
)
from clinic.core.db import db
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.money import Money
from tests.appointments.schedule import a_service
from tests.billing.invoices import euros
from tests.billing.prices import REASON, a_tax, an_exemption, an_item

pytestmark = pytest.mark.usefixtures("inside")

JANUARY, JUNE, DECEMBER = date(2026, 1, 1), date(2026, 6, 1), date(2026, 12, 1)


def price(start, cents, concession=None):
    """A price as the service takes it."""
    return {"valid_from": start, "concession": concession, "price": euros(cents)}


def test_a_price_is_valid_from_its_first_day_on():
    item = price_list.create(code="1102", label="Consultation", prices=[price(JUNE, 5500), price(JANUARY, 5000)])

    days = (date(2025, 12, 31), JANUARY, date(2026, 5, 31), JUNE, DECEMBER)
    assert [item.price_on(day) for day in days] == [None, euros(5000), euros(5000), euros(5500), euros(5500)]


def test_a_concession_without_a_price_of_its_own_has_the_standard_price():
    item = price_list.create(code="1102", label="Visit", prices=[price(JANUARY, 5000), price(JUNE, 4000, "child")])

    assert item.price_on(DECEMBER, "child") == euros(4000)
    assert item.price_on(JANUARY, "child") == euros(5000)
    assert item.price_on(DECEMBER, "senior") == euros(5000)


def test_a_new_price_leaves_the_earlier_ones_in_the_history():
    item = an_item(5000)

    price_list.set_price(item.id, valid_from=JUNE, price=euros(5500))
    price_list.set_price(item.id, valid_from=JUNE, price=euros(5600))

    assert [one.price.minor for one in price_list.get(item.id).prices] == [5000, 5600]


def test_a_change_of_prices_is_audited_row_by_row():
    item = price_list.create(code="1102", label="Visit", prices=[price(JANUARY, 5000), price(JUNE, 5500)])

    price_list.update(item.id, version=1, prices=[price(JANUARY, 5100)])

    rows = db.session.execute(text("SELECT action FROM audit_entries WHERE record = 'item_prices' ORDER BY id")).all()
    assert sorted(row.action for row in rows) == ["changed", "created", "created", "deleted"]
    assert price_list.get(item.id).version == 2


@pytest.mark.parametrize("wrong", [euros(-1), Money(100, "USD"), euros(10**15)])
def test_a_price_below_zero_too_large_or_of_another_currency_is_refused(wrong):
    with pytest.raises(InvalidInput) as caught:
        price_list.create(code="1", label="A", prices=[{"valid_from": JUNE, "concession": None, "price": wrong}])

    assert list(caught.value.problems) == ["prices"]


def test_two_prices_of_one_day_are_refused():
    with pytest.raises(InvalidInput):
        price_list.create(code="1", label="A", prices=[price(JUNE, 1), price(JUNE, 2)])


@pytest.mark.both_databases
def test_a_code_and_a_name_are_taken_once():
    an_item(code="1102")
    a_tax(name="VAT")

    with pytest.raises(ItemCodeTaken):
        an_item(code="1102")
    with pytest.raises(TaxNameTaken):
        a_tax(name="VAT")


def test_an_archived_item_is_kept_and_offered_no_more():
    service = a_service()
    item = an_item(service_ids=[service.id])

    price_list.archive(item.id)

    assert price_list.active() == []
    assert price_list.of_services([service.id]) == {}
    assert price_list.get(item.id).service_ids == [service.id]
    price_list.restore(item.id)
    assert price_list.of_services([service.id]) == {service.id: [item]}


def test_a_service_of_another_clinic_and_an_archived_tax_are_refused():
    tax = a_tax()
    tax_rate_service.archive(tax.id)

    with pytest.raises(InvalidInput) as caught:
        an_item(tax=tax)
    assert list(caught.value.problems) == ["tax_rate_id"]
    with pytest.raises(InvalidInput) as caught:
        an_item(service_ids=[tax.id])
    assert list(caught.value.problems) == ["service_ids"]


def test_a_rate_changes_on_its_day():
    rates: Any = [{"valid_from": JANUARY, "rate": Fraction("5.5")}, {"valid_from": JUNE, "rate": Fraction(6)}]

    tax = tax_rate_service.create(name="Reduced", category="S", rates=rates)

    days = (date(2025, 12, 31), JANUARY, JUNE)
    assert [tax.rate_on(day) for day in days] == [None, Fraction("5.5"), Fraction(6)]
    assert an_exemption().rate_on(JANUARY) == 0


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"category": "S"}, "rates", NO_RATE),
        ({"category": "E"}, "reason", NO_REASON),
        ({"category": "O"}, "reason", NO_REASON),
        ({"category": "Z", "reason": REASON}, "reason", NEEDLESS_REASON),
        ({"category": "Z", "rates": [{"valid_from": JUNE, "rate": Fraction(1)}]}, "rates", NEEDLESS_RATES),
    ],
)
def test_a_category_says_whether_a_tax_has_rates_or_a_reason(fields, field, message):
    with pytest.raises(InvalidInput) as caught:
        tax_rate_service.create(name="VAT", **fields)

    assert caught.value.problems == {field: [message]}


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-1), Fraction("100.001"), Fraction(1, 3)])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(InvalidInput):
        tax_rate_service.create(name="VAT", category="S", rates=[{"valid_from": JUNE, "rate": rate}])


def test_a_stale_version_is_refused_and_an_unknown_item_not_found():
    item = an_item()
    price_list.update(item.id, version=1, label="Visit")

    with pytest.raises(StaleVersion):
        price_list.update(item.id, version=1, label="Other")
    with pytest.raises(PriceItemNotFound):
        price_list.identify("none")
