"""The commands `flask prices …`."""

from datetime import date
from typing import Any

import click

from clinic.appointments.service import service_catalogue
from clinic.billing.commands.archive import all_option, as_json
from clinic.billing.schemas.prices import PriceItemSchema, PriceSchema
from clinic.billing.service import PriceItem, price_list, tax_rate_service
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.merge_patch import patch_schema

COLUMNS = ["code", "label", "price", "tax_rate_id", "active", "id"]

group = CommandGroup("prices", clinic=True, help="The price list.")
_tax = click.option("--tax", metavar="NAME", help="By name or id; an empty text is that of the settings.")
_services = click.option(
    "--service", "services", multiple=True, metavar="NAME", help="It is charged for this service, by name or id."
)


@group.command("list", needs="invoices:read")
@all_option
@as_json
@with_header
def index(show_all: bool, as_json: bool) -> None:
    """List the items by code, with today's price."""
    found = price_list.all() if show_all else price_list.active()
    day = today(clinic_service.current().zone)
    show_rows([_dumped(item) | {"price": _price(item, day)} for item in found], COLUMNS, as_json=as_json)


@group.command("add", needs="prices:write")
@click.option("--code", required=True)
@click.option("--label", required=True)
@click.option("--price", metavar="AMOUNT", help="From today on, in the clinic's currency.")
@_tax
@_services
@as_json
def add(as_json: bool, price: str | None, **options: Any) -> None:
    """Add an item.

    For example: flask prices add --code 1102 --label Consultation --price 50.00
    """
    given = _given(options)
    if price is not None:
        given["prices"] = [{"valid_from": str(today(clinic_service.current().zone)), "price": _money(price)}]
    item = price_list.create(**load_options(PriceItemSchema(), given))
    show_record(_dumped(item), as_json=as_json)


@group.command("edit", needs="prices:write")
@click.argument("code_or_id")
@click.option("--code")
@click.option("--label")
@_tax
@_services
@click.option("--no-service", is_flag=True, help="It is charged for no service.")
@as_json
def edit(code_or_id: str, no_service: bool, as_json: bool, **options: Any) -> None:
    """Change the given fields of an item; issued invoices stay as they are."""
    given = _given(options) | ({"service_ids": []} if no_service else {})
    fields = load_options(patch_schema(PriceItemSchema), given)
    item = price_list.update(price_list.identify(code_or_id).id, version=None, **fields)
    show_record(_dumped(item), as_json=as_json)


@group.command("set", needs="prices:write")
@click.argument("code_or_id")
@click.argument("amount")
@click.option("--from", "valid_from", metavar="DAY", help="The first day of the price; today unless given.")
@click.option("--concession", help="The price of a concession, e.g. child.")
@as_json
def set_price(code_or_id: str, amount: str, valid_from: str | None, concession: str | None, as_json: bool) -> None:
    """Set the price of an item to AMOUNT from a day on; earlier prices stay in its history."""
    start = valid_from or str(today(clinic_service.current().zone))
    given = {"valid_from": start, "price": _money(amount), "concession": concession}
    item = price_list.set_price(price_list.identify(code_or_id).id, **load_options(PriceSchema(), given))
    show_record(_dumped(item), as_json=as_json)


@group.command("archive", needs="prices:write")
@click.argument("code_or_id")
@as_json
def archive(code_or_id: str, as_json: bool) -> None:
    """Archive an item: it is no longer offered."""
    show_record(_dumped(price_list.archive(price_list.identify(code_or_id).id)), as_json=as_json)


@group.command("restore", needs="prices:write")
@click.argument("code_or_id")
@as_json
def restore(code_or_id: str, as_json: bool) -> None:
    """Offer an archived item again."""
    show_record(_dumped(price_list.restore(price_list.identify(code_or_id).id)), as_json=as_json)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the given options as fields of an item; tax and services are named by name or id."""
    tax, services = options.pop("tax"), options.pop("services")
    if tax is not None:
        options["tax_rate_id"] = str(tax_rate_service.identify(tax).id) if tax else ""
    if services:
        options["service_ids"] = [str(service_catalogue.identify(name).id) for name in services]
    return options


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": clinic_service.current().currency}


def _price(item: PriceItem, day: date) -> dict[str, str] | None:
    found = item.price_on(day)
    return None if found is None else {"amount": found.amount, "currency": found.currency}


def _dumped(item: PriceItem) -> dict[str, Any]:
    dumped: dict[str, Any] = PriceItemSchema().dump(item)
    return dumped
