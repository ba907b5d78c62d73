"""Two people at once, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from clinic.billing.service import billing_service
from clinic.core.errors import ClinicError
from tests.billing.invoices import KEY, a_draft, an_invoice, euros, paid_events
from tests.builders import somebody

pytestmark = pytest.mark.both_databases


def at_once(here: Any, *calls: Callable[[], Any]) -> list[Any]:
    """Make all calls at the same time, each in a thread and session of its own; return answers or conflicts."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        with here():
            barrier.wait()
            try:
                return call()
            except ClinicError as error:
                return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def paying(invoice_id: UUID, key: str | None = None, cents: int = 5000) -> Callable[[], Any]:
    return lambda: billing_service.record_payment(invoice_id, amount=euros(cents), method="card", idempotency_key=key)


def codes(answers: list[Any]) -> list[str]:
    return sorted(answer.code if isinstance(answer, ClinicError) else "taken" for answer in answers)


@pytest.mark.breadth
@pytest.mark.row(77)
@pytest.mark.parametrize("attempt", range(5))
def test_two_full_payments_at_once_are_one_payment_and_one_conflict(here, published, attempt: int) -> None:
    with here():
        invoice_id = an_invoice().id

    answers = at_once(here, paying(invoice_id), paying(invoice_id))

    assert codes(answers) == ["invoice-already-paid", "taken"]
    assert len(paid_events(published)) == 1
    with here():
        assert len(billing_service.get(invoice_id).payments) == 1


@pytest.mark.breadth
@pytest.mark.row(71)
@pytest.mark.parametrize("attempt", range(5))
def test_a_key_sent_twice_at_once_takes_one_payment(here, published, attempt: int) -> None:
    with here():
        invoice_id = an_invoice().id

    answers = at_once(here, paying(invoice_id, KEY), paying(invoice_id, KEY))

    assert codes(answers) == ["taken", "taken"]
    assert len({answer.id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False, True]
    assert len(paid_events(published)) == 1


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(72)
@pytest.mark.parametrize("attempt", range(5))
def test_a_key_sent_for_two_invoices_at_once_takes_one_payment(here, attempt: int) -> None:
    with here():
        first, second = an_invoice().id, an_invoice().id

    answers = at_once(here, paying(first, KEY), paying(second, KEY))

    assert codes(answers) == ["idempotency-key-reused", "taken"]
    with here():
        assert billing_service.get(first).paid + billing_service.get(second).paid == euros(5000)


@pytest.mark.breadth
@pytest.mark.row(72)
@pytest.mark.parametrize("attempt", range(3))
def test_a_key_sent_for_deposits_of_two_patients_at_once_takes_one(here, attempt: int) -> None:
    with here():
        patients = [somebody().id, somebody().id]
    given: Any = {"amount": euros(5000), "method": "card", "allocations": [], "keep_credit": True}

    answers = at_once(
        here,
        *[lambda one=one: billing_service.take_payment(one, **given, idempotency_key=KEY) for one in patients],
    )

    assert codes(answers) == ["idempotency-key-reused", "taken"]
    with here():
        assert sum(billing_service.credit(one).minor for one in patients) == 5000


def test_part_payments_at_once_never_add_up_to_more_than_is_due(here, published) -> None:
    with here():
        invoice_id = an_invoice().id

    answers = at_once(here, *[paying(invoice_id, cents=2000)] * 4)

    assert codes(answers) == ["payment-too-large", "payment-too-large", "taken", "taken"]
    assert paid_events(published) == []


@pytest.mark.slow
def test_invoices_issued_at_once_are_numbered_without_a_gap(here) -> None:
    with here():
        drafts = [a_draft().id for _ in range(6)]

    answers = at_once(here, *[lambda draft=draft: billing_service.issue(draft) for draft in drafts])

    assert sorted(invoice.number[-5:] for invoice in answers) == [f"{count:05d}" for count in range(1, 7)]


def test_a_draft_issued_twice_at_once_gets_one_number(here) -> None:
    with here():
        draft = a_draft().id

    answers = at_once(here, lambda: billing_service.issue(draft), lambda: billing_service.issue(draft))

    assert codes(answers) == ["invoice-not-draft", "taken"]
