"""Less is owed: credit notes and write-offs."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
import time_machine

from clinic.billing.service import (
    CreditedLine,
    CreditTooLarge,
    InvoiceAlreadyPaid,
    InvoiceCancelled,
    InvoiceNotIssued,
    billing_service,
)
from clinic.core.clock import today
from clinic.core.errors import InvalidInput
from tests.billing.corrections import credited, data_of, paid, state
from tests.billing.invoices import a_draft, a_line, a_seller, an_invoice, euros, paid_events
from tests.billing.prices import a_tax
from tests.builders import somebody


@pytest.mark.usefixtures("inside")
class TestCreditNote:
    """Less is owed."""

    @pytest.mark.slow
    def test_over_the_rest_it_cancels_an_invoice_of_which_nothing_was_paid(self, published) -> None:
        invoice = an_invoice()

        credit_note = credited(invoice)

        assert state(invoice) == ("cancelled", "credited", 0)
        assert (credit_note.total, credit_note.invoice.number) == (euros(5000), invoice.number)
        assert [one.id for one in billing_service.credit_notes_of(invoice.id)] == [credit_note.id]
        ids = {"invoice_id": str(invoice.id), "credit_note_id": str(credit_note.id)}
        assert data_of(published, "invoice.credited") == [ids | {"amount": "50.00"}]
        assert paid_events(published) == []
        with pytest.raises(InvoiceCancelled):
            paid(invoice)
        with pytest.raises(InvoiceCancelled):
            credited(invoice)

    def test_over_the_rest_it_balances_a_part_paid_invoice_without_an_event(self, published) -> None:
        invoice = billing_service.issue(a_draft(lines=[a_line(1000, "5")]).id)
        paid(invoice, 3000)

        credited(invoice, "2")

        assert state(invoice) == ("balanced", "paid", 0)
        assert paid_events(published) == []

    def test_the_amount_that_is_told_of_is_the_total_less_credits(self, published) -> None:
        invoice = billing_service.issue(a_draft(lines=[a_line(1000, "5")]).id)
        credited(invoice, "2")

        paid(invoice, 3000)

        assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "30.00"}]

    @pytest.mark.slow
    def test_what_was_paid_too_much_becomes_credit(self, published) -> None:
        invoice = billing_service.issue(a_draft(lines=[a_line(1000, "5")]).id)
        first, second = paid(invoice, 4000), paid(invoice, 1000)

        credited(invoice, "2")

        assert state(invoice) == ("balanced", "paid", 0)
        assert (first.credit, second.credit) == (euros(1000), euros(1000))
        assert len(paid_events(published)) == 1
        credited(invoice)
        assert state(invoice) == ("balanced", "credited", 0)
        assert billing_service.credit(invoice.patient_id) == euros(5000)

    @pytest.mark.slow
    def test_parts_come_to_the_whole_to_the_cent(self) -> None:
        a_seller()
        tax = a_tax("23")
        lines: Any = [a_line(333, "3") | {"tax_rate_id": tax.id}, a_line(10, "1") | {"tax_rate_id": tax.id}]
        patient = somebody(address="Rua Nova 1, Lisboa")
        invoice = billing_service.issue(a_draft(patient, lines).id)

        notes = [credited(invoice, "1"), credited(invoice, "0.5"), credited(invoice)]

        assert sum(note.total_minor for note in notes) == invoice.total_minor
        assert sum(note.tax.minor for note in notes) == invoice.totals.tax.minor
        assert sum(line.amount_minor for note in notes for line in note.lines) == 1009
        assert all(note.net + note.tax == note.total for note in notes)
        assert state(invoice)[0] == "cancelled"

    @pytest.mark.slow
    def test_numbers_are_of_their_own_series_without_gaps_and_days_never_go_back(self) -> None:
        with time_machine.travel("2027-01-02T12:00:00Z", tick=False):
            first = credited(an_invoice())
        with time_machine.travel("2026-12-30T12:00:00Z", tick=False):
            second = credited(an_invoice())

        assert [first.number, second.number] == ["CN-2027-00001", "CN-2027-00002"]
        assert first.issued_on == second.issued_on

    def test_it_is_never_dated_before_its_invoice(self) -> None:
        tomorrow = today("Europe/Lisbon") + timedelta(days=1)
        invoice = billing_service.issue(a_draft().id, issued_on=tomorrow)

        notes = [credited(invoice), credited(billing_service.issue(a_draft().id))]

        assert [note.issued_on for note in notes] == [tomorrow, tomorrow]

    def test_every_problem_is_named(self) -> None:
        invoice = billing_service.issue(a_draft(lines=[a_line(), a_line()]).id)
        one, other = (line.id for line in invoice.lines)
        lines = [
            CreditedLine(one, Fraction(2)),
            CreditedLine(other, Fraction(1)),
            CreditedLine(other, Fraction(1)),
            CreditedLine(invoice.id, Fraction(1)),
        ]

        with pytest.raises(InvalidInput) as refused:
            billing_service.credit_invoice(invoice.id, reason="other", lines=lines)

        problems: Any = refused.value.problems
        assert problems["note"]
        assert {index: list(found) for index, found in problems["lines"].items()} == {
            0: ["quantity"],
            2: ["line_id"],
            3: ["line_id"],
        }
        assert state(invoice)[2] == 10000

    @pytest.mark.slow
    def test_drafts_and_nothing_are_not_credited(self) -> None:
        with pytest.raises(InvoiceNotIssued):
            credited(a_draft())
        with pytest.raises(InvalidInput):
            billing_service.credit_invoice(an_invoice().id, reason="goodwill", lines=[])
        with pytest.raises(InvalidInput):
            credited(billing_service.issue(a_draft(lines=[a_line(0)]).id))


@pytest.mark.usefixtures("inside")
class TestWriteOff:
    """What nobody will pay."""

    def test_it_balances_the_rest_without_an_event(self, published) -> None:
        invoice = an_invoice()
        paid(invoice, 2000)

        billing_service.write_off(invoice.id, reason="Moved away")

        assert state(invoice) == ("balanced", "written off", 0)
        assert [(one.amount, one.reason) for one in billing_service.write_offs_of(invoice.id)] == [
            (euros(3000), "Moved away")
        ]
        assert paid_events(published) == []
        with pytest.raises(InvoiceAlreadyPaid, match=r"^Nothing is due of this invoice$"):
            billing_service.write_off(invoice.id, reason="Again")

    @pytest.mark.slow
    def test_what_is_written_off_is_not_credited(self) -> None:
        invoice = billing_service.issue(a_draft(lines=[a_line(1000, "5")]).id)
        paid(invoice, 1000)
        billing_service.write_off(invoice.id, reason="Moved away")

        with pytest.raises(CreditTooLarge):
            credited(invoice, "2")

        assert credited(invoice, "1").total == euros(1000)

    def test_it_needs_an_open_invoice_and_a_reason(self) -> None:
        with pytest.raises(InvoiceNotIssued):
            billing_service.write_off(a_draft().id, reason="Moved away")
        with pytest.raises(InvalidInput):
            billing_service.write_off(an_invoice().id, reason="")
