"""Amounts are divided exactly, whatever they are: random lines, parts, taxes and currencies."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clinic.billing.part_rules import divided, part_text
from clinic.billing.rules import LONGEST_DESCRIPTION
from clinic.billing.service import Invoice, billing_service, billing_settings_service
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.money import Money
from clinic.core.tenancy import clinic_scope
from tests.billing.prices import a_tax, an_exemption
from tests.billing.split_drafts import INSURER
from tests.builders import a_clinic, somebody

RATES = ("4.5", "6", "23")
bounded = settings(
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
discounts = st.sampled_from([None, Fraction(5), Fraction("12.5"), Fraction("33.333"), Fraction(100)])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "minor": st.integers(min_value=0, max_value=300_000),
            "quantity": st.integers(min_value=1, max_value=9_999).map(lambda one: Fraction(one, 1000)),
            "discount": discounts,
            "rate": st.sampled_from([*RATES, "exempt", "none"]),
        }
    ),
    min_size=1,
    max_size=6,
)
percents = st.integers(min_value=1, max_value=99_999).map(lambda one: Fraction(one, 1000))
shares = st.lists(st.one_of(percents, st.floats(min_value=0.001, max_value=0.999)), min_size=1, max_size=3)
"""Parts that are split off one after the other: a percentage, or an amount as a fraction of the total."""


@pytest.fixture(params=["EUR", "JPY", "KWD"])
def taxes(request: pytest.FixtureRequest, app: Flask) -> Iterator[dict[str, Any]]:
    """A clinic with a currency, and its taxes by rate."""
    with app.app_context():
        clinic = a_clinic(name=request.param, currency=request.param)
        with clinic_scope(clinic.id):
            found = {rate: a_tax(rate).id for rate in RATES} | {"exempt": an_exemption().id, "none": None}
            yield {"patient": somebody().id, "currency": request.param, **found}


@pytest.mark.slow
@given(
    amounts=st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=300).filter(any),
    share=st.fractions(min_value=0, max_value=1),
)
def test_shares_add_up_and_are_never_below_zero_or_above_their_amounts(amounts: list[int], share: Fraction) -> None:
    part = int(sum(amounts) * share)

    found = divided(amounts, part)

    assert sum(found) == part
    assert all(0 <= one <= amount for one, amount in zip(found, amounts, strict=True))
    assert all(abs(one - Fraction(amount * part, sum(amounts))) < 1 for one, amount in zip(found, amounts, strict=True))


@pytest.mark.slow
@pytest.mark.breadth
def test_the_lines_of_all_parts_add_up_to_the_former_ones(taxes: dict[str, Any]) -> None:
    @settings(bounded, max_examples=40)
    @given(rows=rows, include=st.booleans(), shares=shares)
    def run(rows: list[dict[str, Any]], include: bool, shares: list[Any]) -> None:
        _split_and_compare(taxes, rows, include, shares)

    run()
    assert billing_service.audit() == []


def test_a_long_text_is_cut_so_that_the_part_is_still_said() -> None:
    text = part_text("x" * LONGEST_DESCRIPTION, 2500, "80 %", "€65.00")

    assert len(text) == LONGEST_DESCRIPTION
    assert text.startswith("2.5 × xxx")
    assert text.endswith("x, 80 % of €65.00")


def _split_and_compare(taxes: dict[str, Any], rows: list[dict[str, Any]], include: bool, shares: list[Any]) -> None:
    draft = _drafted(taxes, rows, include)
    before = {(line.position, line.tax): line.amount_minor for line in draft.lines}
    net = draft.totals.net.minor

    parts = [part for share in shares if (part := _split(draft, share))]

    db.session.expire_all()
    every = [billing_service.get(one.id) for one in [draft, *parts]]
    assert sum(line.amount_minor for one in every for line in one.lines) == sum(before.values())
    for group in {tax for _, tax in before}:
        expected = sum(minor for (_, tax), minor in before.items() if tax == group)
        assert sum(line.amount_minor for one in every for line in one.lines if line.tax == group) == expected
    if not include:
        assert sum(one.totals.net.minor for one in every) == net
    assert [one.total_minor for one in every] == [one.totals.gross.minor for one in every]
    assert all(line.amount_minor >= 0 for one in every for line in one.lines)


def _drafted(taxes: dict[str, Any], rows: list[dict[str, Any]], include: bool) -> Invoice:
    version = billing_settings_service.current().version
    billing_settings_service.update(version=version, prices_include_tax=include)
    lines: Any = [
        {
            "description": "Visit",
            "quantity": row["quantity"],
            "unit_price": Money(row["minor"], taxes["currency"]),
            "discount_percent": row["discount"],
            "tax_rate_id": taxes[row["rate"]],
        }
        for row in rows
    ]
    return billing_service.create(patient_id=taxes["patient"], lines=lines)


def _split(draft: Invoice, share: Any) -> Invoice | None:
    """Split off a part, None if the draft is too small for it; an amount is met but for the rounding of tax."""
    total = billing_service.get(draft.id).total
    if not total.minor:
        return None
    amount = None if isinstance(share, Fraction) else Money(int(total.minor * share), total.currency)
    if amount is not None and not amount.minor:
        return None
    percent = share if isinstance(share, Fraction) else None
    part = None
    with suppress(InvalidInput):
        part = billing_service.split(draft.id, payer=INSURER, percent=percent, amount=amount)
    if part is None:
        return None
    rates = len({line.tax for line in billing_service.get(draft.id).lines})
    assert amount is None or abs(part.total_minor - amount.minor) <= (0 if part.prices_include_tax else rates + 1)
    return part
