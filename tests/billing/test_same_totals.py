"""The totals of an invoice are the same on its page, in print, over JSON and in CSV, whatever its lines are."""

import csv
import re
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from clinic.billing.service import CreditedLine, Invoice, billing_service, billing_settings_service
from clinic.core.money import Money
from tests.billing.invoices import a_seller
from tests.billing.prices import a_tax, an_exemption
from tests.builders import a_clinic, somebody
from tests.databases import is_on_sqlite
from tests.fixtures import Here
from tests.page_client import PageClient

AMOUNTS = ("net", "tax", "total", "credited", "written_off", "paid", "due")
RATES = ("4.5", "6", "23")
EXAMPLES, FEW = 12, 3
"""How many invoices are made of each currency: on PostgreSQL few, as no total is reckoned by the database."""

bounded = settings(
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

lines = st.lists(
    st.fixed_dictionaries(
        {
            "minor": st.integers(min_value=0, max_value=2_000_000),
            "quantity": st.sampled_from(["1", "2", "0.5", "1.333", "7", "12.25"]).map(Fraction),
            "discount": st.sampled_from([None, Fraction(5), Fraction("12.5"), Fraction(100)]),
            "rate": st.sampled_from([*RATES, "exempt", "none"]),
        }
    ),
    min_size=1,
    max_size=6,
)
steps = st.lists(st.sampled_from(["pay", "credit", "write off"]), unique=True, max_size=3)
cases = st.tuples(lines, st.booleans(), steps)
"""Lines, whether prices include the tax, and what is done with the issued invoice."""

EVERYTHING: Any = (
    [
        {"minor": minor, "quantity": Fraction(quantity), "discount": discount, "rate": rate}
        for minor, quantity, discount, rate in (
            (123_457, "1.333", Fraction("12.5"), "23"),
            (9_999, "7", None, "6"),
            (5_000, "0.5", Fraction(100), "4.5"),
            (101, "12.25", Fraction(5), "exempt"),
            (4_321, "2", None, "none"),
        )
    ],
    False,
    ["pay", "credit", "write off"],
)
"""Lines of every rate, and every step."""


@pytest.fixture(params=["EUR", "JPY", "KWD"])
def taxes(request: pytest.FixtureRequest, app: Flask, client: PageClient, here: Here) -> dict[str, Any]:
    """A clinic with a currency, in which the client works, and its taxes by rate."""
    with app.app_context():
        clinic = a_clinic(name=request.param, currency=request.param)
    client.work_in(clinic)
    with here(clinic.id):
        a_seller()
        patient_id = somebody(address="Rua Nova 1, Lisboa").id
        found = {rate: a_tax(rate).id for rate in RATES} | {"exempt": an_exemption().id, "none": None}
    return {"clinic": clinic.id, "patient": patient_id, "currency": request.param, **found}


@pytest.mark.slow
@pytest.mark.row(83)
def test_page_print_json_and_csv_show_the_same_totals(
    client: PageClient, here: Here, taxes: dict[str, Any], app: Flask
) -> None:
    @settings(bounded, max_examples=EXAMPLES if is_on_sqlite(app) else FEW)
    @given(case=cases)
    @example(case=EVERYTHING)
    def run(case: Any) -> None:
        _make_and_compare(client, here, taxes, case)

    run()


def _make_and_compare(client: PageClient, here: Here, taxes: dict[str, Any], case: Any) -> None:
    rows, include, steps = case
    with here(taxes["clinic"]):
        draft = _drafted(taxes, rows, include)
    _check(client, draft)

    with here(taxes["clinic"]):
        invoice = billing_service.issue(draft.id)
        for step in steps:
            _correct(invoice, step)
    _check(client, invoice)


def _drafted(taxes: dict[str, Any], rows: list[dict[str, Any]], include: bool) -> Invoice:
    version = billing_settings_service.current().version
    billing_settings_service.update(version=version, prices_include_tax=include)
    given: Any = [
        {
            "description": "Visit",
            "quantity": row["quantity"],
            "unit_price": Money(row["minor"], taxes["currency"]),
            "discount_percent": row["discount"],
            "tax_rate_id": taxes[row["rate"]],
        }
        for row in rows
    ]
    return billing_service.create(patient_id=taxes["patient"], lines=given)


def _correct(invoice: Invoice, step: str) -> None:
    """Pay a third, credit half of the first line, or write off the rest, if there is something to pay."""
    due = billing_service.get(invoice.id).due
    first = invoice.lines[0]
    if step == "pay" and due.minor >= 3:
        billing_service.record_payment(invoice.id, amount=Money(due.minor // 3, due.currency), method="card")
    if step == "credit" and due.minor and due.minor > 2 * first.amount.minor > 1:
        half = [CreditedLine(first.id, first.quantity / 2)]
        billing_service.credit_invoice(invoice.id, reason="goodwill", lines=half)
    if step == "write off" and due.minor:
        billing_service.write_off(invoice.id, reason="Moved away")


def _check(client: PageClient, invoice: Invoice) -> None:
    read = client.get(f"/api/v1/invoices/{invoice.id}").get_json()
    page, printed = (client.get(f"/invoices/{invoice.id}{path}").text for path in ("", "/print"))
    shown = _shown(page)
    assert shown == _shown(printed)
    assert shown == _of_json(read)
    exported = client.get("/api/v1/invoices/export").text.splitlines()
    (row,) = [one for one in csv.DictReader(exported) if one["id"] == str(invoice.id)]
    for name in AMOUNTS:
        assert {"amount": row[name], "currency": row["currency"]} == read[name], name


def _of_json(read: dict[str, Any]) -> dict[str, Any]:
    """Return what JSON says, in minor units, after checking that it adds up."""
    minor = {name: _minor(read[name]) for name in AMOUNTS}
    groups = [[_minor(group[name]) for name in ("net", "tax", "gross")] for group in read["taxes"]]
    sums = [minor["net"], minor["tax"], minor["total"]]
    assert [sum(column) for column in zip(*groups, strict=True)] == sums
    assert minor["net"] + minor["tax"] == minor["total"]
    assert minor["due"] == minor["total"] - minor["credited"] - minor["written_off"] - minor["paid"]
    has_taxes = any(group["category"] for group in read["taxes"])
    after = {name: minor[name] for name in ("credited", "written_off", "paid") if minor[name]}
    if read["status"] != "draft":
        after["due"] = minor["due"]
    return {
        "lines": [_minor(line["amount"]) for line in read["lines"]],
        "taxes": [*groups, sums] if has_taxes else [],
        "totals": {"total": minor["total"], **after},
    }


def _minor(amount: dict[str, str]) -> int:
    return Money.parse(amount["amount"], amount["currency"]).minor


LABELS = {
    "Total": "total",
    "Credited": "credited",
    "Written off": "written_off",
    "Paid until": "paid",
    "Still to pay": "due",
}


def _shown(page: str) -> dict[str, Any]:
    """Return what the document on a page says, in minor units: the digits of what is shown."""
    document = _part(page, '<article class="card document"', "</article>")
    items = _part(document, '<table class="items">', "</table>")
    taxes = _part(document, '<table class="taxes">', "</table>")
    pairs = re.findall(r"<dt[^>]*>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", _part(document, '<dl class="totals">', "</dl>"))
    return {
        "lines": [_digits(cells[-1]) for row in _rows(items) if (cells := _cells(row))],
        "taxes": [[_digits(cell) for cell in cells] for row in _rows(taxes) if (cells := _cells(row))],
        "totals": {_label(label): _digits(text) for label, text in pairs},
    }


def _label(text: str) -> str:
    return next(name for label, name in LABELS.items() if text.startswith(label))


def _part(page: str, begin: str, end: str) -> str:
    _, found, rest = page.partition(begin)
    return rest.partition(end)[0] if found else ""


def _rows(table: str) -> list[str]:
    return re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)


def _cells(row: str) -> list[str]:
    return re.findall(r'<td class="num[^"]*">(.*?)</td>', row)


def _digits(text: str) -> int:
    """Return an amount that is shown with all digits of its currency, in minor units."""
    return int(re.sub(r"\D", "", text))
