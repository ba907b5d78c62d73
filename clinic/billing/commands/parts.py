"""The command `flask billing split`."""

from typing import Any

import click

from clinic.billing.commands.group import group
from clinic.billing.commands.lines import read_payer
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.schemas.parts import SplitSchema
from clinic.billing.service import billing_service
from clinic.identity.clinics import clinic_service
from clinic.web.cli import load_options, show_record
from clinic.web.cli_output import info


@group.command("split", needs="invoices:write")
@click.argument("number", metavar="NUMBER_OR_ID")
@click.option(
    "--payer",
    required=True,
    metavar="PAYER",
    help='"patient", the id of a related person, or "NAME|ADDRESS|TAX NUMBER" with address lines after ";".',
)
@click.option("--percent", metavar="PERCENT", help="The part in percent, like 80.")
@click.option("--amount", metavar="AMOUNT", help="The part as an amount with tax, in the clinic's currency.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def split(number: str, payer: str, percent: str | None, amount: str | None, as_json: bool) -> None:
    """Bill a part of a draft to somebody else, such as an insurer, as a draft of its own.

    For example: flask billing split 0196… --payer "Médis Seguros|Rua Nova 1;1100-001 Lisboa|500123456" --percent 80
    """
    whole = billing_service.identify(number)
    money = None if amount is None else {"amount": amount, "currency": clinic_service.current().currency}
    fields = load_options(SplitSchema(), {"payer": read_payer(payer), "percent": percent, "amount": money})
    part = billing_service.split(whole.id, **fields)
    dumped: dict[str, Any] = InvoiceSchema().dump(part)
    show_record(dumped, as_json=as_json)
    left = billing_service.get(whole.id).total
    info(f"{part.total.amount} {part.currency} is split off, {left.amount} {left.currency} is left on {whole.id}")
    info(f"Next: flask billing issue {part.id}")
