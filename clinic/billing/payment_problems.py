"""What can be wrong with a payment; other modules reach the errors through `service.py`."""

from collections.abc import Sequence
from typing import Any

from clinic.billing.models import Invoice, Payment
from clinic.billing.rules import (
    BALANCED,
    CANCELLED,
    DRAFT,
    INVOICE_TWICE,
    ISSUED,
    METHODS,
    MORE_THAN_TAKEN,
    NO_SUCH_INVOICE,
    NOT_ABOVE_ZERO,
    NOT_CASH,
    NOTHING_DUE,
    STILL_A_DRAFT,
    TOO_LITTLE_CASH,
    UNKNOWN_METHOD,
    at_most_due,
    wrong_currency,
)
from clinic.core.errors import Conflict, InvalidInput, NotFound, StaleVersion
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service


class PaymentNotFound(NotFound):
    """The current clinic has no such payment."""

    def __init__(self) -> None:
        super().__init__("There is no such payment")


class InvoiceNotIssued(Conflict):
    """A draft can't be paid: it must be issued first."""

    code = "invoice-not-issued"

    def __init__(self) -> None:
        super().__init__("This invoice is a draft: issue it first")


class InvoiceAlreadyPaid(Conflict):
    """Nothing is due, as the invoice was paid, or its rest was credited or written off."""

    code = "invoice-already-paid"

    def __init__(self, message: str = "This invoice has been paid already") -> None:
        super().__init__(message)


class InvoiceCancelled(Conflict):
    """A credit note has cancelled the invoice."""

    code = "invoice-cancelled"

    def __init__(self) -> None:
        super().__init__("A credit note has cancelled this invoice: nothing is due")


class IsOpeningBalance(Conflict):
    """An opening balance is no document: it is reversed, and entered anew if it was wrong."""

    code = "is-opening-balance"

    def __init__(self) -> None:
        super().__init__(
            "This is an opening balance, no invoice and no payment: if it is wrong, reverse the opening balance"
        )


class PaymentReversed(Conflict):
    """A payment that was reversed was never taken."""

    code = "payment-reversed"

    def __init__(self) -> None:
        super().__init__("This payment has been reversed")


class PaymentTooLarge(Conflict):
    """The payment is more than the amount due; `surplus` is what could be kept as credit.

    If it `is_told` what each invoice gets, more may be due of them.
    """

    code = "payment-too-large"

    def __init__(self, due: Money, surplus: Money, *, is_told: bool = False) -> None:
        locale = clinic_service.current().locale
        left = f"{surplus.format(locale)} of it would be used for no invoice"
        super().__init__(left if is_told else f"{due.format(locale)} is still due")
        self.surplus = surplus
        self.details = {"due": _as_json(due), "surplus": _as_json(surplus)}


class CreditTooSmall(Conflict):
    """There is less credit than is to be used."""

    code = "credit-too-small"

    def __init__(self, credit: Money) -> None:
        locale = clinic_service.current().locale
        super().__init__(f"There is {credit.format(locale)} of credit" if credit.minor else "There is no credit")
        self.details = {"credit": _as_json(credit)}


class InvoiceChanged(StaleVersion):
    """The invoice was changed after it was shown: what is done to it would come to something else."""

    def __init__(self, due: Money) -> None:
        now_due = due.format(clinic_service.current().locale)
        super().__init__(
            f"This invoice was changed after it was shown: {now_due} is due now. Check it, and confirm again"
        )


class AmountChanged(Conflict):
    """It would come to another amount than the one that was expected; the details have the present one."""

    code = "amount-changed"

    def __init__(self, amount: Money) -> None:
        super().__init__(f"The amount is {amount.format(clinic_service.current().locale)} now: nothing was done")
        self.details = {"amount": _as_json(amount)}


def check_version_as_shown(invoice: Invoice, version: int | None) -> None:
    """Check that an invoice is as it was shown; None skips the check.

    :raises InvoiceChanged: if it has another version
    """
    if version not in {None, invoice.version}:
        raise InvoiceChanged(invoice.due)


def check_amount_as_shown(amount: Money, expected: Money | None) -> None:
    """Check that something comes to the expected amount; None skips the check.

    :raises AmountChanged: if it does not
    """
    if expected not in {None, amount}:
        raise AmountChanged(amount)


def check_document(invoice: Invoice) -> None:
    """Check that an invoice is a document.

    :raises IsOpeningBalance: if it is an opening balance
    """
    if invoice.is_opening:
        raise IsOpeningBalance


def check_open(invoice: Invoice) -> None:
    """Check that something is due of an invoice.

    :raises InvoiceNotIssued: if it is a draft
    :raises InvoiceAlreadyPaid: if it is balanced
    :raises InvoiceCancelled: if a credit note has cancelled it
    """
    if invoice.status == DRAFT:
        raise InvoiceNotIssued
    if invoice.status == BALANCED and (invoice.credited_minor or invoice.written_off_minor):
        raise InvoiceAlreadyPaid(NOTHING_DUE)
    if invoice.status == BALANCED:
        raise InvoiceAlreadyPaid
    if invoice.status == CANCELLED:
        raise InvoiceCancelled


def check_payment(payment: Payment, tendered: Money | None, currency: str) -> None:
    """Check amount and method of a payment, and the cash that was given.

    :raises InvalidInput: with every problem
    """
    problems: dict[str, list[str]] = {}
    if payment.currency != currency:
        problems["amount"] = [wrong_currency(currency)]
    elif payment.amount_minor <= 0:
        problems["amount"] = [NOT_ABOVE_ZERO]
    if payment.method not in METHODS:
        problems["method"] = [UNKNOWN_METHOD]
    elif tendered is not None and payment.method != "cash":
        problems["tendered"] = [NOT_CASH]
    elif tendered is not None and tendered.currency != currency:
        problems["tendered"] = [wrong_currency(currency)]
    elif tendered is not None and tendered.minor < payment.amount_minor:
        problems["tendered"] = [TOO_LITTLE_CASH]
    _refuse(problems)


def check_parts(payment: Payment, parts: Sequence[tuple[Invoice | None, Money]]) -> None:
    """Check which invoices a payment is to be used for, and with what.

    :raises InvalidInput: with every problem, at the number of its part, counted from 0
    """
    problems: dict[int, dict[str, list[str]]] = {}
    seen: set[object] = set()
    for index, (invoice, amount) in enumerate(parts):
        if wrong := _part_problem(invoice, amount, payment.currency, seen):
            problems[index] = wrong
        seen.add(invoice.id if invoice else None)
    if problems:
        first = next(iter(next(iter(problems.values())).values()))[0]
        nested: Any = {"allocations": problems}
        raise InvalidInput(first, problems=nested)
    if sum(amount.minor for _, amount in parts) > payment.amount_minor:
        raise InvalidInput(MORE_THAN_TAKEN, field="amount")


def _part_problem(invoice: Invoice | None, amount: Money, currency: str, seen: set[object]) -> dict[str, list[str]]:
    if invoice is None:
        return {"invoice_id": [NO_SUCH_INVOICE]}
    if invoice.id in seen:
        return {"invoice_id": [INVOICE_TWICE]}
    if invoice.status != ISSUED:
        return {"invoice_id": [STILL_A_DRAFT if invoice.status == DRAFT else NOTHING_DUE]}
    wrong = _amount_problem(invoice, amount, currency)
    return {"amount": [wrong]} if wrong else {}


def _amount_problem(invoice: Invoice, amount: Money, currency: str) -> str | None:
    if amount.currency != currency or invoice.currency != currency:
        return wrong_currency(invoice.currency)
    if amount.minor <= 0:
        return NOT_ABOVE_ZERO
    if amount.minor > invoice.due.minor:
        return at_most_due(invoice.due.format(clinic_service.current().locale))
    return None


def _refuse(problems: dict[str, list[str]]) -> None:
    if problems:
        raise InvalidInput(next(iter(problems.values()))[0], problems=problems)


def _as_json(money: Money) -> dict[str, str]:
    return {"amount": money.amount, "currency": money.currency}
