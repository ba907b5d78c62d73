"""A write-off that was a mistake is undone in the open, on pages, over JSON and as a command: both rows stay."""

import json
from typing import Any

import pytest

from clinic.billing.service import OpeningBalanceReversed, WriteOffNotFound, WriteOffUndone, billing_service
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.ids import new_id
from tests.assertions import spoken
from tests.billing.corrections import credited, paid, refunded, state
from tests.billing.guards import is_refused
from tests.billing.invoices import KEY, a_draft, a_line, an_invoice, euros, money, paid_events
from tests.billing.test_races import at_once, codes
from tests.builders import somebody
from tests.statements import counted_statements, of_rows

HEADERS = {"Idempotency-Key": KEY}


def written_off(invoice: Any) -> Any:
    """Write off the rest of an invoice, and return the row."""
    billing_service.write_off(invoice.id, reason="Moved away")
    return billing_service.write_offs_of(invoice.id)[-1]


@pytest.mark.usefixtures("inside")
class TestService:
    """What the service does."""

    @pytest.mark.slow
    def test_the_invoice_is_open_again_and_both_rows_stay(self, published) -> None:
        invoice = an_invoice()
        paid(invoice, 2000)
        write_off = written_off(invoice)

        undoing = billing_service.undo_write_off(write_off.id, reason="It came")

        assert state(invoice) == ("issued", "part paid", 3000)
        assert [
            (one.amount.minor, one.size.minor, one.reason) for one in billing_service.write_offs_of(invoice.id)
        ] == [
            (3000, 3000, "Moved away"),
            (-3000, 3000, "It came"),
        ]
        assert undoing.undoes_id == write_off.id
        assert paid_events(published) == []
        assert billing_service.audit() == []

    @pytest.mark.slow
    def test_what_settles_the_invoice_then_is_published(self, published) -> None:
        invoice = an_invoice()
        billing_service.undo_write_off(written_off(invoice).id, reason="It came")

        paid(invoice)

        assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "50.00"}]

    @pytest.mark.slow
    def test_a_cancelled_invoice_is_open_again(self) -> None:
        invoice = billing_service.issue(a_draft(lines=[a_line(1000, "5")]).id)
        payment = paid(invoice, 2000)
        write_off = written_off(invoice)
        refunded(payment, 2000)
        credited(invoice, "2")
        cancelled = state(invoice)

        billing_service.undo_write_off(write_off.id, reason="It came")

        assert cancelled == ("cancelled", "credited", 0)
        assert state(invoice) == ("issued", "open", 3000)

    def test_the_reversal_of_an_opening_balance_is_none(self) -> None:
        opening = billing_service.enter_opening_balance(somebody().id, side="owed", amount=euros(2500))
        billing_service.reverse_opening_balance(opening.id, reason="Typed twice")
        (row,) = billing_service.write_offs_of(opening.id)

        with pytest.raises(OpeningBalanceReversed):
            billing_service.undo_write_off(row.id, reason="It came")

    def test_the_statement_of_the_account_has_both(self) -> None:
        invoice = an_invoice()
        billing_service.undo_write_off(written_off(invoice).id, reason="It came")

        statement = billing_service.statement(invoice.patient_id)

        assert [(row.entry.kind, row.balance.minor) for row in statement.ledger.rows] == [
            ("invoice", 5000),
            ("write_off", 0),
            ("write_off_undone", 5000),
        ]

    def test_it_is_undone_once_and_can_be_written_off_again(self) -> None:
        invoice = an_invoice()
        write_off = written_off(invoice)
        undoing = billing_service.undo_write_off(write_off.id, reason="It came")
        again = written_off(invoice)

        for one in (write_off, undoing):
            with pytest.raises(WriteOffUndone):
                billing_service.undo_write_off(one.id, reason="It came")
        with pytest.raises(WriteOffNotFound):
            billing_service.undo_write_off(new_id(), reason="It came")
        with pytest.raises(InvalidInput):
            billing_service.undo_write_off(again.id, reason="")
        assert state(invoice) == ("balanced", "written off", 0)


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("attempt", range(2))
def test_of_two_at_once_one_undoes_it(here, attempt: int) -> None:
    with here():
        invoice = an_invoice()
        write_off = written_off(invoice)

    answers = at_once(here, *[lambda: billing_service.undo_write_off(write_off.id, reason="It came")] * 2)

    assert codes(answers) == ["taken", "write-off-undone"]
    with here():
        db.session.expire_all()
        assert state(invoice) == ("issued", "open", 5000)


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.usefixtures("inside")
def test_the_database_itself_ties_the_sign_to_what_is_undone() -> None:
    written_off(an_invoice())

    for values in ("amount_minor = -1", "undoes_id = id", "amount_minor = -1, undoes_id = NULL"):
        assert is_refused(f"UPDATE write_offs SET {values}"), values


def test_a_page_asks_first_and_undoes_it_once(client, here) -> None:
    with here():
        invoice = an_invoice()
        address = f"/invoices/write-offs/{written_off(invoice).id}/undo"
    page = f"/invoices/{invoice.id}"
    offered = f'href="{address}"' in client.get(page).text

    asked = spoken(client.get(address).text)
    refused = client.submit(address, key=KEY, reason=" ")
    made, again = (client.submit(address, key=KEY, reason="It came") for _ in range(2))
    late = client.submit(address, key=KEY + "2", reason="It came late")

    assert offered
    assert "Undo the write-off of 50,00 €?" in asked
    assert "Moved away" in asked
    assert [one.status_code for one in (refused, made, again, late)] == [422, 303, 303, 409]
    assert 'value="It came late"' in late.text
    shown = client.get(page).text
    assert f'href="{address}"' not in shown
    assert "Write-off undone It came +50,00 €" in spoken(shown)
    assert "Write-off of 50,00 € undone It came" in spoken(shown[shown.index('id="history"') :])


def test_json_lists_and_undoes_write_offs(app, client, here) -> None:
    with here():
        invoice = an_invoice()
        write_off_id = str(written_off(invoice).id)
    address, listed = f"/api/v1/write-offs/{write_off_id}/undo", f"/api/v1/invoices/{invoice.id}/write-offs"

    without_key = client.post(address, json={"reason": "It came"})
    made, again = (client.post(address, json={"reason": "It came"}, headers=HEADERS) for _ in range(2))
    late = client.post(address, json={"reason": "It came"}, headers={"Idempotency-Key": KEY + "2"})
    with counted_statements(app) as seen:
        rows = client.get(listed).json["data"]

    assert [one.status_code for one in (without_key, made, again, late)] == [400, 201, 201, 409]
    assert made.json == again.json == rows[1]
    assert [(one["amount"], one["undoes_id"]) for one in rows] == [
        (money("50.00"), None),
        (money("-50.00"), write_off_id),
    ]
    assert late.json["code"] == "write-off-undone"
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= 4


def test_a_command_undoes_the_only_one_or_the_one_that_is_named(run, here) -> None:
    with here():
        invoice, untouched = an_invoice(), an_invoice()
        number, other = str(invoice.number), str(untouched.number)
        payment = paid(invoice, 2000)
        first = str(written_off(invoice).id)
        refunded(payment, 500)
        second = str(written_off(invoice).id)
    undo = ("billing", "undo-write-off", number, "--reason", "It came")

    unclear = run(*undo)
    named = run(*undo, "--write-off", second, "--json")
    only = run(*undo)
    nothing = [run(*undo), run("billing", "undo-write-off", other, "--reason", "x"), run(*undo, "--write-off", "x")]
    twice = run(*undo, "--write-off", first)

    assert unclear.exit_code == 2
    assert all(one in unclear.stderr for one in (first, second))
    assert (json.loads(named.stdout)["amount"], json.loads(named.stdout)["undoes_id"]) == (money("-5.00"), second)
    assert f"30.00 EUR of {number} is due again" in only.stderr
    assert [one.exit_code for one in (only, *nothing, twice)] == [0, 3, 3, 3, 5]


def test_who_may_not_credit_sees_no_way_to_undo(client, here, become) -> None:
    with here():
        invoice = an_invoice()
        write_off_id = written_off(invoice).id
    become("receptionist")

    page = client.get(f"/invoices/{invoice.id}").text

    assert "Moved away" in page
    assert "Undo…" not in page
    assert client.get(f"/invoices/write-offs/{write_off_id}/undo").status_code == 403
