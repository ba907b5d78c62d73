"""The commands `flask billing pay`, `take`, `use-credit` and `payments`."""

from collections.abc import Callable
from typing import Any

import click

from clinic.billing.commands.group import group
from clinic.billing.rules import METHODS
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.schemas.payments import NewPaymentSchema, PaymentSchema, UseCreditSchema
from clinic.billing.service import Payment, billing_service
from clinic.core.audit import record_listing
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["received_at", "amount", "method", "credit", "patient_id", "id"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_OPTIONS = (
    click.option("--method", required=True, type=click.Choice(METHODS), help="How it was paid."),
    click.option("--reference", help="What the terminal or the bank printed."),
    click.option("--tendered", metavar="AMOUNT", help="The cash that was given."),
    click.option("--keep-credit", is_flag=True, help="Keep what is more than due as credit of the patient."),
)


def payment_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add how a payment was made as options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@group.command("pay", needs="payments:write")
@click.argument("number")
@click.argument("amount")
@payment_options
@as_json
def pay(number: str, amount: str, as_json: bool, **options: Any) -> None:
    """Take a payment of AMOUNT for the invoice of a NUMBER or id, in the clinic's currency."""
    invoice = billing_service.identify(number)
    payment = billing_service.record_payment(invoice.id, **load_options(PaymentSchema(), _fields(amount, options)))
    invoice = billing_service.get(invoice.id)
    show_record(PaymentSchema().dump(payment), as_json=as_json)
    due = f"{invoice.due.amount} {invoice.currency} is still due"
    info(f"{invoice.number} is paid" if not invoice.due.minor else f"{invoice.number} is not paid yet: {due}")
    _tell_rest(payment)


@group.command("take", needs="payments:write")
@click.argument("patient")
@click.argument("amount")
@click.option(
    "--invoice",
    "parts",
    multiple=True,
    metavar="NUMBER=AMOUNT",
    help="What an invoice gets; as many as needed. Else the open invoices, the oldest first.",
)
@click.option("--deposit", is_flag=True, help="Use it for no invoice.")
@payment_options
@as_json
def take(patient: str, amount: str, parts: tuple[str, ...], deposit: bool, as_json: bool, **options: Any) -> None:
    """Take a payment of AMOUNT of a PATIENT for several invoices, or as a deposit, in the clinic's currency."""
    if deposit and parts:
        raise click.UsageError("give --invoice or --deposit, not both")
    fields = _fields(amount, options) | {"patient_id": str(patient_service.choose(patient).id)}
    if deposit or parts:
        fields["allocations"] = [_part(one) for one in parts]
    payment = billing_service.take_payment(**load_options(NewPaymentSchema(), fields))
    show_record(PaymentSchema().dump(payment), as_json=as_json)
    _tell_rest(payment)


@group.command("use-credit", needs="payments:write")
@click.argument("number")
@click.option("--amount", help="As much as there is and is due unless given.")
@click.option("--payment", "payment_id", metavar="ID", help="Whose credit is used; the oldest first unless given.")
@as_json
def use_credit(number: str, amount: str | None, payment_id: str | None, as_json: bool) -> None:
    """Pay the invoice of a NUMBER or id with credit of its patient."""
    invoice = billing_service.identify(number)
    given = {"amount": _money(amount) if amount else None, "payment_id": payment_id}
    invoice = billing_service.use_credit(invoice.id, **load_options(UseCreditSchema(), given))
    show_record(InvoiceSchema().dump(invoice), as_json=as_json)
    info(f"{invoice.due.amount} {invoice.currency} is still due" if invoice.due.minor else f"{invoice.number} is paid")


@group.command("payments", needs="invoices:read")
@click.option("--patient", metavar="TEXT", help="Only of this patient: number, id or what finds only one.")
@click.option("--with-credit", is_flag=True, help="Only those that are not wholly used.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def payments(patient: str | None, with_credit: bool, limit: int, as_json: bool) -> None:
    """List payments, the newest first, with what is used for no invoice."""
    patient_id = patient_service.choose(patient).id if patient else None
    found = billing_service.payments(patient_id=patient_id, with_credit=with_credit, limit=limit)
    record_listing("payments", (payment.patient_id for payment in found.rows))
    show_rows([PaymentSchema().dump(payment) for payment in found.rows], COLUMNS, as_json=as_json)


def _fields(amount: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a payment as its schema takes them."""
    tendered = options.pop("tendered")
    cash = {} if tendered is None else {"tendered": _money(tendered)}
    return {"amount": _money(amount), **options, **cash}


def _part(text: str) -> dict[str, Any]:
    number, separator, amount = text.rpartition("=")
    if not separator:
        raise click.BadParameter("write it as NUMBER=AMOUNT", param_hint="--invoice")
    return {"invoice_id": str(billing_service.identify(number).id), "amount": _money(amount)}


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": clinic_service.current().currency}


def _tell_rest(payment: Payment) -> None:
    if payment.change is not None:
        info(f"Change: {payment.change.amount} {payment.currency}")
    if payment.credit.minor:
        info(f"{payment.credit.amount} {payment.currency} is kept as credit")
