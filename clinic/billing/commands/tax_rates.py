"""The commands `flask taxes …`."""

from typing import Any

import click

from clinic.billing.commands.archive import all_option, as_json
from clinic.billing.price_rules import CATEGORIES
from clinic.billing.schemas.prices import TaxRateSchema
from clinic.billing.service import TaxRate, tax_rate_service
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.merge_patch import patch_schema

COLUMNS = ["name", "category", "rates", "reason", "active", "id"]

group = CommandGroup("taxes", clinic=True, help="Taxes with their rates.")
_category = click.option(
    "--category", type=click.Choice(list(CATEGORIES)), help="S standard, Z zero, E exempt, O out of scope."
)
_reason = click.option("--reason", help="Of E and O: why no tax is charged.")
_rates = click.option(
    "--rate", "rates", multiple=True, metavar="DAY=PERCENT", help="Of S, e.g. 2026-01-01=23; all of its rates."
)


@group.command("list", needs="invoices:read")
@all_option
@as_json
@with_header
def index(show_all: bool, as_json: bool) -> None:
    """List taxes by name."""
    found = tax_rate_service.all() if show_all else tax_rate_service.active()
    show_rows([_dumped(tax) for tax in found], COLUMNS, as_json=as_json)


@group.command("add", needs="prices:write")
@click.option("--name", required=True)
@_category
@_reason
@_rates
@as_json
def add(as_json: bool, **options: Any) -> None:
    """Add a tax.

    For example: flask taxes add --name "VAT 23 %" --category S --rate 2026-01-01=23
    """
    tax = tax_rate_service.create(**load_options(TaxRateSchema(), _given(options)))
    show_record(_dumped(tax), as_json=as_json)


@group.command("edit", needs="prices:write")
@click.argument("name_or_id")
@click.option("--name")
@_category
@_reason
@_rates
@as_json
def edit(name_or_id: str, as_json: bool, **options: Any) -> None:
    """Change the given fields of a tax; issued invoices stay as they are."""
    fields = load_options(patch_schema(TaxRateSchema), _given(options))
    tax = tax_rate_service.update(tax_rate_service.identify(name_or_id).id, version=None, **fields)
    show_record(_dumped(tax), as_json=as_json)


@group.command("archive", needs="prices:write")
@click.argument("name_or_id")
@as_json
def archive(name_or_id: str, as_json: bool) -> None:
    """Archive a tax: it is no longer offered."""
    tax = tax_rate_service.archive(tax_rate_service.identify(name_or_id).id)
    show_record(_dumped(tax), as_json=as_json)


@group.command("restore", needs="prices:write")
@click.argument("name_or_id")
@as_json
def restore(name_or_id: str, as_json: bool) -> None:
    """Offer an archived tax again."""
    tax = tax_rate_service.restore(tax_rate_service.identify(name_or_id).id)
    show_record(_dumped(tax), as_json=as_json)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    rates = options.pop("rates")
    return options | ({"rates": [_read_rate(one) for one in rates]} if rates else {})


def _read_rate(written: str) -> dict[str, str]:
    day, separator, rate = written.partition("=")
    if not separator:
        raise click.BadParameter("write DAY=PERCENT, like 2026-01-01=23", param_hint="--rate")
    return {"valid_from": day, "rate": rate}


def _dumped(tax: TaxRate) -> dict[str, Any]:
    dumped: dict[str, Any] = TaxRateSchema().dump(tax)
    return dumped
