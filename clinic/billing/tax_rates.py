"""The taxes of a clinic; other modules reach them through `service.py`."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from clinic.billing.archive import ArchivedRecords, refusing_duplicates
from clinic.billing.models import TaxRate, TaxRatePeriod
from clinic.billing.price_rules import BAD_RATE, TWICE, rate_thousandths, tax_problems
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput, NotFound
from clinic.core.unit_of_work import unit_of_work


class RateFields(TypedDict):
    """A rate in percent from a day on."""

    valid_from: date
    rate: Fraction


class TaxRateFields(TypedDict):
    """What a tax is made of; its category is one of EN 16931: S, Z, E or O."""

    name: NotRequired[str]
    category: NotRequired[str]
    reason: NotRequired[str | None]
    rates: NotRequired[Sequence[RateFields]]


class TaxRateNotFound(NotFound):
    """The current clinic has no such tax."""

    def __init__(self) -> None:
        super().__init__("There is no such tax")


class TaxNameTaken(Conflict):
    """There is already a tax with that name."""

    code = "name-taken"

    def __init__(self) -> None:
        super().__init__("There is already a tax of that name: choose another name")


class TaxRateService(ArchivedRecords[TaxRate]):
    """The taxes of the current clinic."""

    def __init__(self) -> None:
        super().__init__(TaxRate, TaxRate.name, TaxRateNotFound)

    def create(self, **fields: Unpack[TaxRateFields]) -> TaxRate:
        """Add a tax.

        :raises TaxNameTaken: if another tax has that name
        :raises InvalidInput: if the category does not allow the reason or the rates
        """
        with refusing_duplicates(TaxNameTaken()), unit_of_work():
            tax = TaxRate(rates=[])
            _set_fields(tax, **fields)
            db.session.add(tax)
            db.session.flush()
        return tax

    def update(self, tax_rate_id: UUID, *, version: int | None, **fields: Unpack[TaxRateFields]) -> TaxRate:
        """Change the given fields of a tax; invoices that are issued keep what they were issued with.

        :raises TaxRateNotFound: if no record has that id
        :raises StaleVersion: if the tax has another version; None skips the check
        :raises TaxNameTaken: if another tax has that name
        :raises InvalidInput: if the category does not allow the reason or the rates
        """
        with refusing_duplicates(TaxNameTaken()), unit_of_work():
            tax = self.lock_version(tax_rate_id, version)
            _set_fields(tax, **fields)
            db.session.flush()
        return tax


tax_rate_service = TaxRateService()


def _set_fields(tax: TaxRate, **fields: Any) -> None:
    rates = fields.pop("rates", None)
    for name, value in fields.items():
        setattr(tax, name, value)
    if rates is not None:
        _replace_rates(tax, rates)
    if problems := tax_problems(tax.category, tax.reason, len(tax.rates)):
        raise InvalidInput(next(iter(problems.values()))[0], problems=problems)


def _replace_rates(tax: TaxRate, rates: Sequence[RateFields]) -> None:
    """Give a tax these rates; one of a day that it had already is changed, so that the audit trail shows it."""
    wanted = {one["valid_from"]: _checked(one["rate"]) for one in rates}
    if len(wanted) < len(rates):
        raise InvalidInput(TWICE, field="rates")
    known = {one.valid_from: one for one in tax.rates}
    if {day: one.rate_thousandths for day, one in known.items()} == wanted:
        return
    for day in known.keys() - wanted.keys():
        tax.rates.remove(known[day])
        db.session.delete(known[day])
    for day in sorted(wanted):
        if day in known:
            known[day].rate_thousandths = wanted[day]
        else:
            tax.rates.append(TaxRatePeriod(valid_from=day, rate_thousandths=wanted[day]))
    tax.rates.sort(key=lambda one: one.valid_from)
    tax.updated_at = now()


def _checked(rate: Fraction) -> int:
    exact = rate_thousandths(rate)
    if exact is None:
        raise InvalidInput(BAD_RATE, field="rates")
    return exact
