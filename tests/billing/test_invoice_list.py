"""Lists of invoices, their counts and their sums agree with what is computed one invoice after the other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.billing.service import ORDERS, Tally, billing_service
from clinic.billing.standings import AGES, STANDINGS
from clinic.core.context import current_actor, reset_actor, set_actor
from clinic.core.errors import PermissionDenied
from tests.billing.invoices import a_draft, a_line, an_invoice, euros
from tests.billing.listed_invoices import Books, Oracle, change_currency, key_of, some_books, sums_of, today_here
from tests.builders import a_clinic, somebody
from tests.fixtures import StoreOnce
from tests.statements import counted_statements, of_rows

TEXTS = ("000", "inv-", "Müller", "muller an", "MÉDIS", "dis seg", "%", "_", "50% off", "nobody", " ", "’")


@pytest.fixture
def books(inside: None, store_once: StoreOnce) -> Books:
    """Invoices of every standing."""
    return store_once(some_books)  # type: ignore[no-any-return]


def _filters(books: Books) -> st.SearchStrategy[dict[str, Any]]:
    days = st.integers(-40, 150).map(lambda days: today_here() - timedelta(days=days))
    optional: dict[str, st.SearchStrategy[Any]] = {
        "standing": st.sampled_from(STANDINGS),
        "age": st.sampled_from([*AGES]),
        "status": st.sampled_from(("draft", "issued", "balanced", "cancelled")),
        "patient_id": st.sampled_from([*books.patients]),
        "practitioner_id": st.sampled_from(books.practitioners),
        "method": st.sampled_from(("card", "cash", "transfer", "other")),
        "issued_from": days,
        "issued_until": days,
        "q": st.sampled_from(TEXTS),
    }
    return st.fixed_dictionaries({}, optional=optional)


def _for_random_filters(books: Books, check: Callable[[dict[str, Any], str, int], None], examples: int) -> None:
    """Run a check with random filters, orders and sizes of a page."""

    @settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=[*HealthCheck])
    @given(_filters(books), st.sampled_from(ORDERS), st.integers(1, 20))
    def run(filters: dict[str, Any], sort: str, limit: int) -> None:
        check(filters, sort, limit)

    run()


@pytest.mark.breadth
@pytest.mark.both_databases
@pytest.mark.parametrize("examples", [8, 150])
def test_every_filter_and_order_lists_what_it_has_to_in_both_directions(books: Books, examples: int) -> None:
    oracle = Oracle(books)

    def check(filters: dict[str, Any], sort: str, limit: int) -> None:
        found = oracle.found(filters)
        wanted = [one.id for one in sorted(found, key=lambda one: key_of(one, sort), reverse=sort.startswith("-"))]
        page = billing_service.list(**filters, sort=sort, limit=limit, whole=False)
        seen, pages = [one.id for one in page.rows], [page]
        while page.next_key:
            page = billing_service.list(**filters, sort=sort, limit=limit, whole=False, after=page.next_key)
            assert page.skipped == len(seen)
            seen += [one.id for one in page.rows]
            pages.append(page)
        assert seen == wanted
        for before in reversed(pages[:-1]):
            page = billing_service.list(**filters, sort=sort, limit=limit, whole=False, after=page.previous_key)
            assert ([one.id for one in page.rows], page.skipped) == ([one.id for one in before.rows], before.skipped)
        assert page.previous_key is None

    _for_random_filters(books, check, examples)


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.both_databases
@pytest.mark.parametrize("examples", [10, 60])
def test_counts_are_the_rows_and_sums_are_their_sums(books: Books, examples: int) -> None:
    oracle = Oracle(books)

    def check(filters: dict[str, Any], _sort: str, _limit: int) -> None:
        shared = {name: value for name, value in filters.items() if name not in {"standing", "age"}}
        summary = billing_service.summary(**filters)
        assert _tally(summary.all) == _wanted(oracle, shared)
        for standing, tally in summary.standings.items():
            assert _tally(tally) == _wanted(oracle, shared | {"standing": standing})
        for age, tally in summary.ages.items():
            assert _tally(tally) == _wanted(oracle, shared | {"age": age})
        chosen = summary.tally(filters.get("standing"), filters.get("age"))
        assert _tally(chosen) == _wanted(oracle, filters)

    _for_random_filters(books, check, examples)


@contextmanager
def acting_with(*permissions: str) -> Iterator[None]:
    """Act as somebody who has only these permissions."""
    token = set_actor(replace(current_actor(), permissions=frozenset(permissions)))
    yield
    reset_actor(token)


def _tally(tally: Tally) -> tuple[int, dict[str, tuple[int, ...]]]:
    names = ("total", "credited", "written_off", "paid", "due")
    return tally.count, {
        currency: tuple(getattr(amounts, name).minor for name in names) for currency, amounts in tally.amounts.items()
    }


def _wanted(oracle: Oracle, filters: dict[str, Any]) -> tuple[int, dict[str, tuple[int, ...]]]:
    found = oracle.found(filters)
    return len(found), sums_of(found)


def test_the_books_have_every_standing_and_age(books: Books) -> None:
    summary = billing_service.summary()

    assert all(tally.count for tally in (*summary.standings.values(), *summary.ages.values()))


def test_another_clinics_invoices_are_never_listed_or_counted(app, here) -> None:
    with app.app_context():
        other_id = a_clinic(name="Other Clinic").id
    with here(other_id):
        an_invoice()
    with here():
        own = an_invoice()

        assert [one.id for one in billing_service.list().rows] == [own.id]
        assert billing_service.summary().all.count == 1
        assert [row["id"] for row in billing_service.export()] == [str(own.id)]


@pytest.mark.slow
def test_amounts_of_two_currencies_are_not_added(inside) -> None:
    an_invoice(cents=5000)
    change_currency("JPY")
    line: Any = a_line() | {"unit_price": euros(0).__class__(700, "JPY")}
    billing_service.issue(a_draft(lines=[line]).id)
    an_open = billing_service.summary().standings["open"]

    assert an_open.count == 2
    assert [(one.due.minor, one.due.currency) for one in an_open.sums] == [(5000, "EUR"), (700, "JPY")]


def test_without_the_permission_to_see_patients_only_numbers_are_found(inside) -> None:
    patient = somebody(family_name="Novák")
    number = str(an_invoice(patient).number)

    with acting_with("invoices:read"):
        assert [one.number for one in billing_service.list(q=number[-5:]).rows] == [number]
        assert billing_service.list(q="novak").rows == []
        with pytest.raises(PermissionDenied):
            billing_service.list(practitioner_id=patient.id)
    assert [one.number for one in billing_service.list(q="novak").rows] == [number]


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_patients_number_finds_the_invoices(inside) -> None:
    own = an_invoice(patient := somebody())
    an_invoice()

    assert [one.id for one in billing_service.list(q=patient.mrn.lower()).rows] == [own.id]


@pytest.mark.slow
def test_a_list_and_its_summary_take_one_statement_each(app, books: Books) -> None:
    filters: dict[str, Any] = {
        "practitioner_id": books.practitioners[0],
        "method": "card",
        "issued_from": today_here() - timedelta(days=400),
        "q": "pereira",
    }
    with counted_statements(app) as seen:
        billing_service.list(**filters, sort="-due", whole=False)
        billing_service.summary(**filters)

    assert len(of_rows(seen)) == 2
