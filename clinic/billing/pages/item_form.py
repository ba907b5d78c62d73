"""The form of an item of the price list."""

from collections.abc import Sequence
from typing import Any

from flask import render_template

from clinic.appointments.service import service_catalogue
from clinic.billing.pages import archive
from clinic.billing.pages.labels import tax_label
from clinic.billing.schemas.prices import PRICE_COLUMNS
from clinic.billing.schemas.rows import Row, row_values, rows_as_text, rows_from_text
from clinic.billing.schemas.typed import typed_amount
from clinic.billing.service import PriceItem, price_list, tax_rate_service
from clinic.identity.clinics import clinic_service
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, sent_version

LABELS = {
    "code": "Code",
    "label": "Label",
    "tax_rate_id": "Tax",
    "prices": "Prices",
    "service_ids": "Services",
}
_NAMES = ("code", "label", "tax_rate_id")


def initial_item_form(item: PriceItem) -> Form:
    """Return the form of an item as it is stored."""
    values = archive.texts(_fields_of(item), _NAMES) | row_values("prices", _rows(item.prices))
    return initial_form(values, ticked={"service_ids": list(map(str, item.service_ids))}, version=item.version)


def typed_item_form() -> Form:
    """Return the sent form, unchecked."""
    form = archive.typed_form(_NAMES, ["service_ids"])
    form.version = sent_version()
    return form


def item_page(form: Form, item: PriceItem | None = None, *, more: int = 0) -> str:
    """Return the page of an item's form, with rows for its prices."""
    count = archive.with_rows(form, "prices", PRICE_COLUMNS, more=more)
    rows = [f"prices-{at}-{column}" for at in range(count) for column in PRICE_COLUMNS]
    form.order = [*_NAMES, "prices", *rows, "service_ids"]
    chosen = form.chosen("service_ids")
    services = [one for one in service_catalogue.all() if one.active or str(one.id) in chosen]
    return render_template(
        "billing/item.html",
        form=form,
        record=item,
        count=count,
        taxes=_taxes(form.value("tax_rate_id")),
        services=[(str(one.id), one.name) for one in services],
    )


def conflict_page(item: PriceItem, form: Form) -> str:
    """Return both versions of an item that somebody else has changed, to choose from field by field."""
    taxes = {str(tax.id): tax.name for tax in tax_rate_service.all()}
    services = {str(one.id): one.name for one in service_catalogue.all()}
    formatters = {
        "tax_rate_id": lambda text: taxes.get(text, "Default tax"),
        "prices": _prices_text,
        "service_ids": lambda text: ", ".join(services.get(one, "") for one in text.split()),
    }
    mine, theirs = _texts(form.data), _texts(_fields_of(item))
    differences = field_differences(LABELS, mine, theirs, formatters)
    return archive.conflict_page("billing/item_conflict.html", price_list.get(item.id), differences, "price_items")


def _taxes(chosen: str) -> list[tuple[str, str]]:
    every = tax_rate_service.all()
    return [(str(tax.id), tax_label(tax)) for tax in every if tax.active or str(tax.id) == chosen]


def _fields_of(item: PriceItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in LABELS}


def _texts(data: dict[str, Any]) -> Row:
    several = {"service_ids": " ".join(map(str, sorted(data["service_ids"])))}
    return archive.texts(data, _NAMES) | several | {"prices": rows_as_text(_rows(data["prices"]))}


def _rows(prices: Sequence[Any]) -> list[Row]:
    locale = clinic_service.current().locale
    found = [one if isinstance(one, dict) else {name: getattr(one, name) for name in PRICE_COLUMNS} for one in prices]
    return [
        {
            "valid_from": str(one["valid_from"]),
            "concession": one["concession"] or "",
            "price": typed_amount(one["price"], locale),
        }
        for one in sorted(found, key=lambda one: (one["concession"] or "", one["valid_from"]))
    ]


def _prices_text(text: str) -> str:
    rows = rows_from_text(text, PRICE_COLUMNS)
    return ", ".join(" ".join(f"{row['concession']} {row['price']} from {row['valid_from']}".split()) for row in rows)
