"""The price list of a clinic; other modules reach it through `service.py`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import lazyload

from clinic.appointments.service import service_catalogue
from clinic.billing.archive import ArchivedRecords, refusing_duplicates
from clinic.billing.models import ItemPrice, PriceItem, ServiceItem
from clinic.billing.price_rules import TWICE
from clinic.billing.rules import NEGATIVE_PRICE, TOO_LARGE, wrong_currency
from clinic.billing.settings import check_tax
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput, NotFound
from clinic.core.money import MAX_MINOR, Money
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service

NO_SUCH_SERVICE = "Choose services of this clinic"


class PriceFields(TypedDict):
    """A price from a day on; `concession` is None for the standard price."""

    valid_from: date
    price: Money
    concession: str | None


class PriceItemFields(TypedDict):
    """What an item is made of; without a tax, it has that of the clinic's settings."""

    code: NotRequired[str]
    label: NotRequired[str]
    tax_rate_id: NotRequired[UUID | None]
    prices: NotRequired[Sequence[PriceFields]]
    service_ids: NotRequired[Sequence[UUID]]


class PriceItemNotFound(NotFound):
    """The current clinic has no such item."""

    def __init__(self) -> None:
        super().__init__("There is no such item in the price list")


class ItemCodeTaken(Conflict):
    """There is already an item with that code."""

    code = "code-taken"

    def __init__(self) -> None:
        super().__init__("There is already an item of that code: choose another code")


class PriceList(ArchivedRecords[PriceItem]):
    """The items of the current clinic."""

    def __init__(self) -> None:
        super().__init__(PriceItem, PriceItem.code, PriceItemNotFound)

    def active(self) -> Sequence[PriceItem]:
        """Return the active items by code, without the services that they are charged for."""
        wanted = select(PriceItem).where(PriceItem.active).options(lazyload(PriceItem.of_services))
        return db.session.scalars(wanted.order_by(PriceItem.code, PriceItem.id)).all()

    def create(self, **fields: Unpack[PriceItemFields]) -> PriceItem:
        """Add an item.

        :raises ItemCodeTaken: if another item has that code
        :raises InvalidInput: if a price, the tax or a service is invalid
        """
        with refusing_duplicates(ItemCodeTaken()), unit_of_work():
            item = PriceItem(prices=[], of_services=[])
            _set_fields(item, **fields)
            db.session.add(item)
            db.session.flush()
        return item

    def update(self, item_id: UUID, *, version: int | None, **fields: Unpack[PriceItemFields]) -> PriceItem:
        """Change the given fields of an item; invoices that are issued keep what they were issued with.

        :raises PriceItemNotFound: if no record has that id
        :raises StaleVersion: if the item has another version; None skips the check
        :raises ItemCodeTaken: if another item has that code
        :raises InvalidInput: if a price, the tax or a service is invalid
        """
        with refusing_duplicates(ItemCodeTaken()), unit_of_work():
            item = self.lock_version(item_id, version)
            _set_fields(item, **fields)
            db.session.flush()
        return item

    def set_price(self, item_id: UUID, *, valid_from: date, price: Money, concession: str | None = None) -> PriceItem:
        """Add a price from a day on, or correct the one of that day; the earlier ones stay.

        :raises PriceItemNotFound: if no record has that id
        :raises InvalidInput: if the price is below zero or in another currency
        """
        with unit_of_work():
            item = self.lock_version(item_id, None)
            kept: list[PriceFields] = [
                {"valid_from": one.valid_from, "price": one.price, "concession": one.concession}
                for one in item.prices
                if (one.valid_from, one.concession) != (valid_from, concession)
            ]
            _replace_prices(item, [*kept, {"valid_from": valid_from, "price": price, "concession": concession}])
            db.session.flush()
        return item

    def of_services(self, service_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[PriceItem]]:
        """Return the active items of some services, by code."""
        linked = select(ServiceItem.service_id, PriceItem).join(
            PriceItem, (PriceItem.clinic_id == ServiceItem.clinic_id) & (PriceItem.id == ServiceItem.item_id)
        )
        wanted = linked.where(ServiceItem.service_id.in_(set(service_ids)), PriceItem.active)
        wanted = wanted.options(lazyload(PriceItem.of_services))
        found: dict[UUID, list[PriceItem]] = {}
        for service_id, item in db.session.execute(wanted.order_by(PriceItem.code)):
            found.setdefault(service_id, []).append(item)
        return found

    def match(self, texts: Iterable[str]) -> Mapping[str, tuple[PriceItem, str | None]]:
        """Return the active items that texts name, each with a description of its own if the text has one.

        `1102` and `1102 Consultation` name the item 1102, and so does its label alone; `1102 Home visit` describes it.
        """
        active = self.active()
        codes = {item.code.casefold(): item for item in active}
        labels = {item.label.casefold(): item for item in active}
        found: dict[str, tuple[PriceItem, str | None]] = {}
        for text in texts:
            code, _, rest = text.partition(" ")
            if text.casefold() in labels:
                found[text] = labels[text.casefold()], None
            elif item := codes.get(code.casefold()):
                found[text] = item, (rest.strip() or None) if rest.strip() != item.label else None
        return found


price_list = PriceList()


def _set_fields(item: PriceItem, **fields: Any) -> None:
    prices, service_ids = fields.pop("prices", None), fields.pop("service_ids", None)
    if fields.get("tax_rate_id") != item.tax_rate_id:
        check_tax(fields.get("tax_rate_id"), "tax_rate_id")
    for name, value in fields.items():
        setattr(item, name, value)
    if prices is not None:
        _replace_prices(item, prices)
    if service_ids is not None:
        _replace_services(item, set(service_ids))


def _replace_prices(item: PriceItem, prices: Sequence[PriceFields]) -> None:
    """Give an item these prices; one of a day that it had already is changed, so that the audit trail shows it."""
    currency = clinic_service.current().currency
    wanted = {(one["concession"] or "", one["valid_from"]): _checked(one["price"], currency) for one in prices}
    if len(wanted) < len(prices):
        raise InvalidInput(TWICE, field="prices")
    known = {(one.concession_name, one.valid_from): one for one in item.prices}
    if {key: one.price for key, one in known.items()} == wanted:
        return
    for key in known.keys() - wanted.keys():
        item.prices.remove(known[key])
        db.session.delete(known[key])
    for (concession, day), price in sorted(wanted.items(), key=lambda one: one[0]):
        if (concession, day) in known:
            known[concession, day].price_minor = price.minor
        else:
            row = ItemPrice(concession_name=concession, valid_from=day, price_minor=price.minor, currency=currency)
            item.prices.append(row)
    item.prices.sort(key=lambda one: (one.concession_name, one.valid_from))
    item.updated_at = now()


def _checked(price: Money, currency: str) -> Money:
    if price.currency != currency:
        raise InvalidInput(wrong_currency(currency), field="prices")
    if price.minor < 0:
        raise InvalidInput(NEGATIVE_PRICE, field="prices")
    if price.minor > MAX_MINOR:
        raise InvalidInput(TOO_LARGE, field="prices")
    return price


def _replace_services(item: PriceItem, wanted: set[UUID]) -> None:
    if wanted and wanted != set(service_catalogue.names(wanted)):
        raise InvalidInput(NO_SUCH_SERVICE, field="service_ids")
    known = {one.service_id: one for one in item.of_services}
    if known.keys() == wanted:
        return
    for service_id in known.keys() - wanted:
        item.of_services.remove(known[service_id])
        db.session.delete(known[service_id])
    item.of_services.extend(ServiceItem(service_id=one) for one in sorted(wanted - known.keys()))
    item.updated_at = now()
