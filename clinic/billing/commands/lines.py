"""The lines and the payer of a draft as options of commands."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import click

from clinic.billing.payer_rules import OTHER, PATIENT, RELATED_PERSON
from clinic.billing.service import price_list, tax_rate_service
from clinic.identity.clinics import clinic_service

_OPTIONS = (
    click.option(
        "--line",
        "lines",
        multiple=True,
        metavar="LINE",
        help='"DESCRIPTION|QUANTITY|PRICE", maybe with a discount: "Bandage|2|9.80|10 %"; as many as needed.',
    ),
    click.option(
        "--item",
        "items",
        multiple=True,
        metavar="ITEM",
        help='"CODE", maybe with QUANTITY and DISCOUNT: "1102|2|10 %"; as many as needed, before the lines.',
    ),
    click.option("--tax", metavar="NAME", help="Of all lines, by name or id; else that of the item or the settings."),
    click.option(
        "--payer",
        metavar="PAYER",
        help='"patient", the id of a related person, or "NAME|ADDRESS|TAX NUMBER" with address lines after ";".',
    ),
    click.option("--note", help="Printed on the invoice."),
)
_PARTS = 3


def line_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the lines of a draft as options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_lines(options: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    """Return the options as fields of a draft; its lines only if some are given, or required."""
    lines = [_read_item(one) for one in options["items"]] + [_read_line(one) for one in options["lines"]]
    if options["tax"] is not None:
        tax_rate_id = str(tax_rate_service.identify(options["tax"]).id)
        lines = [line | {"tax_rate_id": tax_rate_id} for line in lines]
    payer = {} if options["payer"] is None else {"payer": read_payer(options["payer"])}
    return {"note": options["note"]} | payer | ({"lines": lines} if lines or required else {})


def read_payer(written: str) -> dict[str, Any]:
    """Return a payer as written: `patient`, the id of a related person, or `NAME|ADDRESS|TAX NUMBER`."""
    if written.strip() == PATIENT:
        return {"kind": PATIENT}
    try:
        return {"kind": RELATED_PERSON, "related_person_id": str(UUID(written.strip()))}
    except ValueError:
        name, address, tax_number, *rest = (part.strip() for part in [*written.split("|"), "", ""])
    if any(rest):
        raise click.BadParameter('write "NAME|ADDRESS|TAX NUMBER"', param_hint="--payer")
    lines = "\n".join(line.strip() for line in address.split(";"))
    return {"kind": OTHER, "name": name, "address": lines, "tax_number": tax_number}


def _read_item(written: str) -> dict[str, Any]:
    parts = [part.strip() for part in written.split("|")]
    if len(parts) > _PARTS:
        raise click.BadParameter('write "CODE|QUANTITY|DISCOUNT", like "1102|2|10 %"', param_hint="--item")
    code, quantity, discount = (*parts, "", "")[:_PARTS]
    return {"item_id": str(price_list.identify(code).id), "quantity": quantity or "1", **_discount(discount)}


def _read_line(written: str) -> dict[str, Any]:
    """Return a line; its description may contain the separator unless a discount follows the price."""
    discount = written.rpartition("|")[2].strip() if written.rstrip().endswith("%") else ""
    rest = written.rpartition("|")[0] if discount else written
    parts = [part.strip() for part in rest.rsplit("|", 2)]
    if len(parts) != _PARTS:
        raise click.BadParameter('write "DESCRIPTION|QUANTITY|PRICE", like "Consultation|1|50.00"', param_hint="--line")
    return {
        "description": parts[0],
        "quantity": parts[1],
        "unit_price": _money(parts[2]),
        **_discount(discount),
    }


def _discount(written: str) -> dict[str, Any]:
    if not written:
        return {}
    if written.endswith("%"):
        return {"discount_percent": written.removesuffix("%").strip()}
    return {"discount": _money(written)}


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": clinic_service.current().currency}
