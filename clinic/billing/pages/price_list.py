"""Pages of the price list: list, form, archive."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.archive import list_context
from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.item_form import conflict_page, initial_item_form, item_page, typed_item_form
from clinic.billing.schemas.prices import PriceItemForm
from clinic.billing.service import ItemCodeTaken, PriceItem, price_list, tax_rate_service
from clinic.core.clock import today
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.web.authorization import requires
from clinic.web.forms import initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent


@blueprint.get("/prices")
@requires("prices:write")
def prices() -> ResponseReturnValue:
    """List the items of the price list, with today's prices."""
    clinic = clinic_service.current()
    day = today(clinic.zone)
    return render_template(
        "billing/prices.html",
        taxes={tax.id: tax.name for tax in tax_rate_service.all()},
        price_text=lambda item: _price_text(item, day, clinic.locale),
        concessions_text=lambda item: _concessions_text(item, day, clinic.locale),
        **list_context(price_list.all()),
    )


@blueprint.get("/prices/new")
@requires("prices:write")
def new_item() -> ResponseReturnValue:
    """Show the form of a new item, maybe of a service."""
    start = str(today(clinic_service.current().zone))
    ticked = {"service_ids": [request.args["service"]] if "service" in request.args else []}
    return item_page(initial_form({"prices-0-valid_from": start}, ticked=ticked))


@blueprint.post("/prices/new")
@requires("prices:write")
@idempotent
def create_item() -> ResponseReturnValue:
    """Add an item from the form."""
    if "more" in request.form:
        return item_page(typed_item_form(), more=1)
    form = load_form(PriceItemForm())
    if form.errors:
        return item_page(form), 422
    try:
        item = price_list.create(**form.data)
    except (InvalidInput, ItemCodeTaken) as error:
        return refuse(item_page(form.reject(error, "code")), error)
    flash(f"Added: {item.code} {item.label}")
    return redirect(url_for(".prices"), 303)


@blueprint.get("/prices/<uuid:item_id>/edit")
@requires("prices:write")
def edit_item(item_id: UUID) -> ResponseReturnValue:
    """Show the form of an item."""
    item = price_list.get(item_id)
    return item_page(initial_item_form(item), item)


@blueprint.post("/prices/<uuid:item_id>/edit")
@requires("prices:write")
@idempotent
def update_item(item_id: UUID) -> ResponseReturnValue:
    """Change an item as the form says."""
    item = price_list.get(item_id)
    if "more" in request.form:
        return item_page(typed_item_form(), item, more=1)
    form = load_form(PriceItemForm())
    if form.errors:
        return item_page(form, item), 422
    try:
        price_list.update(item_id, version=sent_version(), **form.data)
    except (InvalidInput, ItemCodeTaken) as error:
        return refuse(item_page(form.reject(error, "code"), item), error)
    except StaleVersion:
        return conflict_page(price_list.get(item_id), form), 409
    flash(f"Saved: {form.data['code']} {form.data['label']}")
    return redirect(url_for(".prices"), 303)


@blueprint.route("/prices/<uuid:item_id>/archive", methods=["GET", "POST"])
@requires("prices:write")
@posted_from(".edit_item", "item_id")
@idempotent
def archive_item(item_id: UUID) -> ResponseReturnValue:
    """Archive an item."""
    item = price_list.archive(item_id)
    flash(f"{item.code} {item.label} is archived")
    return redirect(url_for(".prices"), 303)


@blueprint.route("/prices/<uuid:item_id>/restore", methods=["GET", "POST"])
@requires("prices:write")
@posted_from(".edit_item", "item_id")
@idempotent
def restore_item(item_id: UUID) -> ResponseReturnValue:
    """Offer an archived item again."""
    item = price_list.restore(item_id)
    flash(f"{item.code} {item.label} is offered again")
    return redirect(url_for(".prices"), 303)


def _price_text(item: PriceItem, day: date, locale: str) -> str:
    price = item.price_on(day)
    return "" if price is None else price.format(locale)


def _concessions_text(item: PriceItem, day: date, locale: str) -> str:
    """Return today's concession prices: `child €40.00, senior €45.00`."""
    named: dict[str, Any] = {
        one.concession: item.price_on(day, one.concession)
        for one in item.prices
        if one.concession and one.valid_from <= day
    }
    return ", ".join(f"{name} {price.format(locale)}" for name, price in named.items() if price)
