"""The commands `flask billing refund`, `reverse`, `credit`, `write-off` and `undo-write-off`."""

from typing import Any
from uuid import UUID

import click

from clinic.billing.commands.group import group
from clinic.billing.rules import CREDIT_REASONS, METHODS, REFUND_REASONS
from clinic.billing.schemas.corrections import (
    CreditNoteSchema,
    CreditOptions,
    ReasonSchema,
    RefundSchema,
    WriteOffOptions,
    WriteOffSchema,
)
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.schemas.payments import PaymentSchema
from clinic.billing.service import Invoice, PaymentNotFound, WriteOffNotFound, billing_service, is_undone
from clinic.identity.clinics import clinic_service
from clinic.web.cli import load_options, show_record
from clinic.web.cli_output import info

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
expected = click.option("--amount", help="Only if it comes to this amount; else nothing is done.")
reason_text = click.option("--reason", required=True, help="It stays with the record.")


@group.command("refund", needs="refunds:write")
@click.argument("payment_id", metavar="PAYMENT_ID")
@click.argument("amount")
@click.option("--method", required=True, type=click.Choice(METHODS), help="How it is given back.")
@click.option("--reason", required=True, type=click.Choice(list(REFUND_REASONS)), help="Why.")
@click.option("--note", help="Required if the reason is `other`.")
@click.option("--from-credit", is_flag=True, help="Only what is used for no invoice.")
@as_json
def refund(payment_id: str, amount: str, as_json: bool, **options: Any) -> None:
    """Give AMOUNT of a payment back, in the clinic's currency: its credit first, then what invoices were paid with."""
    fields = load_options(RefundSchema(), {"amount": _money(amount), **options})
    made = billing_service.refund_payment(_payment_id(payment_id), **fields)
    show_record(RefundSchema().dump(made), as_json=as_json)
    left = made.payment.refundable
    info(f"{left.amount} {left.currency} of the payment is left")


@group.command("reverse", needs="payments:write")
@click.argument("payment_id", metavar="PAYMENT_ID")
@reason_text
@as_json
def reverse(payment_id: str, as_json: bool, **options: str) -> None:
    """Reverse a payment that was entered by mistake: the invoices that it paid are open again."""
    payment = billing_service.reverse_payment(_payment_id(payment_id), **load_options(ReasonSchema(), options))
    show_record(PaymentSchema().dump(payment), as_json=as_json)
    info("The payment is reversed")


@group.command("credit", needs="credits:write")
@click.argument("number")
@click.option("--reason", required=True, type=click.Choice(list(CREDIT_REASONS)), help="Stands on the credit note.")
@click.option("--note", help="Required if the reason is `other`.")
@click.option(
    "--line",
    "lines",
    multiple=True,
    metavar="POSITION=QUANTITY",
    help="What is credited of a line; as many as needed. Else all that is not credited yet.",
)
@expected
@as_json
def credit(number: str, lines: tuple[str, ...], amount: str | None, as_json: bool, **options: Any) -> None:
    """Issue a credit note for the invoice of a NUMBER or id."""
    invoice = billing_service.identify(number)
    given = {"lines": [_line(invoice, one) for one in lines]} if lines else {}
    fields = load_options(CreditOptions(), _with_amount(given | options, amount))
    made = billing_service.credit_invoice(invoice.id, **fields)
    show_record(CreditNoteSchema().dump(made), as_json=as_json)
    due = made.invoice.due
    info(f"Issued as {made.number}: {due.amount} {due.currency} of {made.invoice.number} is still due")


@group.command("write-off", needs="credits:write")
@click.argument("number")
@reason_text
@expected
@as_json
def write_off(number: str, amount: str | None, as_json: bool, **options: Any) -> None:
    """Write off what is due of the invoice of a NUMBER or id."""
    fields = load_options(WriteOffOptions(), _with_amount(options, amount))
    invoice = billing_service.write_off(billing_service.identify(number).id, **fields)
    show_record(InvoiceSchema().dump(invoice), as_json=as_json)
    info(f"{invoice.written_off.amount} {invoice.currency} of {invoice.number} is written off")


@group.command("undo-write-off", needs="credits:write")
@click.argument("number")
@reason_text
@click.option("--write-off", "write_off_id", metavar="ID", help="Which one, if there are several.")
@as_json
def undo_write_off(number: str, write_off_id: str | None, as_json: bool, **options: str) -> None:
    """Undo a write-off of the invoice of a NUMBER or id that was a mistake: both rows stay."""
    fields = load_options(ReasonSchema(), options)
    undoing = billing_service.undo_write_off(_write_off_of(billing_service.identify(number), write_off_id), **fields)
    show_record(WriteOffSchema().dump(undoing), as_json=as_json)
    info(f"{undoing.size.amount} {undoing.invoice.currency} of {undoing.invoice.number} is due again")


def _write_off_of(invoice: Invoice, write_off_id: str | None) -> UUID:
    """Return the id of a write-off of an invoice: the given one, else the only one that is not undone.

    :raises WriteOffNotFound: if it is none of the invoice, or nothing is written off
    """
    rows = billing_service.write_offs_of(invoice.id)
    standing = [one.id for one in rows if not one.undoes_id and not is_undone(one, rows)]
    if write_off_id is not None:
        standing = [one.id for one in rows if str(one.id) == write_off_id]
    if not standing:
        raise WriteOffNotFound
    if len(standing) > 1:
        raise click.UsageError(f"give one of them as --write-off: {', '.join(map(str, standing))}")
    return standing[0]


def _with_amount(options: dict[str, Any], amount: str | None) -> dict[str, Any]:
    """Return options with the expected amount, in the clinic's currency."""
    return options if amount is None else options | {"amount": _money(amount)}


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": clinic_service.current().currency}


def _payment_id(text: str) -> Any:
    """Return the id of a payment.

    :raises PaymentNotFound: if it is none
    """
    try:
        return billing_service.get_payment(text).id
    except ValueError:
        raise PaymentNotFound from None


def _line(invoice: Invoice, text: str) -> dict[str, str]:
    position, separator, quantity = text.partition("=")
    found = [str(line.id) for line in invoice.lines if str(line.position) == position]
    if not separator or not found:
        raise click.BadParameter("write it as POSITION=QUANTITY of a line of the invoice", param_hint="--line")
    return {"line_id": found[0], "quantity": quantity}
