"""Parts of drafts that somebody else pays, such as an insurer: drafts of their own; reached through `service.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from clinic.billing.drafts import load_whole, lock_draft_and_patient
from clinic.billing.models import Invoice, InvoiceLine
from clinic.billing.part_rules import (
    BAD_PERCENT,
    NO_SHARE,
    SAME_PAYER,
    TOO_SMALL,
    TWO_SHARES,
    WHOLE_PERCENT,
    WHOLE_THOUSANDTHS,
    amount_outside,
    divided,
    part_of_amount,
    part_of_percent,
    part_text,
    share_text,
)
from clinic.billing.payer_rules import OTHER
from clinic.billing.payers import PayerFields, default_payer, payer_choices, set_payer
from clinic.billing.rules import wrong_currency
from clinic.billing.totals import totals_of
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, patient_service

_KEPT = (
    *("item_id", "code", "appointment_id"),
    *("tax_rate_id", "tax_name", "tax_category", "tax_thousandths", "tax_reason"),
)


class NothingToSplit(Conflict):
    """A draft comes to nothing, so that there is no part of it."""

    code = "nothing-to-split"

    def __init__(self) -> None:
        super().__init__("This draft comes to nothing: there is no part to bill to somebody else")


@dataclass(frozen=True)
class PartLinks:
    """The invoice that another one is a part of, None if it is none, and the parts that were split off it."""

    whole: Invoice | None
    parts: Sequence[Invoice]


@dataclass(frozen=True)
class _ShareOfLine:
    """What a part has of a line, with the tax of the line."""

    amount: Money
    tax: tuple[str, Fraction]


class InvoiceParts:
    """The parts of drafts of the current clinic that are billed to somebody else."""

    def split(
        self,
        invoice_id: UUID | str,
        *,
        payer: PayerFields,
        percent: Fraction | None = None,
        amount: Money | None = None,
        version: int | None = None,
    ) -> Invoice:
        """Split a part off a draft, as a draft of another payer that names it; return that.

        The part is a percentage of the amounts of the lines, or an amount with tax. The amounts of the lines of both
        drafts add up to the former ones; tax is rounded on each by itself. `version` is the one that was shown, None
        skips the check.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotDraft: if it has been issued
        :raises StaleVersion: if the draft has another version
        :raises NothingToSplit: if the draft comes to nothing
        :raises PatientArchived: if the patient's record is archived
        :raises InvalidInput: with every problem of payer and part
        """
        with unit_of_work():
            patient, whole = lock_draft_and_patient(invoice_id, version)
            patient_service.check_active(patient)
            if not whole.total_minor:
                raise NothingToSplit
            terms = {name: getattr(whole, name) for name in ("appointment_id", "currency", "prices_include_tax")}
            part = Invoice(patient_id=patient.id, part_of_id=whole.id, **terms)
            problems = _payer_problems(whole, part, patient, payer) | _share_problems(whole, percent, amount)
            if problems:
                raise InvalidInput(_first(problems), problems=problems)
            part.lines = _take_off(whole, _shares(whole, percent, amount), percent)
            part.total_minor, whole.total_minor = part.totals.gross.minor, whole.totals.gross.minor
            whole.updated_at = now()
            db.session.add(part)
            load_whole(part)
            return part

    def part_links(self, invoice: Invoice) -> PartLinks:
        """Return what an invoice is a part of, and its parts, the first one first; in one query."""
        own = Invoice.part_of_id == invoice.id
        wanted = own if invoice.part_of_id is None else or_(own, Invoice.id == invoice.part_of_id)
        found = db.session.scalars(select(Invoice).where(wanted).order_by(Invoice.id)).all()
        whole = next((one for one in found if one.id == invoice.part_of_id), None)
        return PartLinks(whole, [one for one in found if one.part_of_id == invoice.id])


def _payer_problems(whole: Invoice, part: Invoice, patient: Patient, payer: PayerFields) -> dict[str, Any]:
    """Store the payer of a part; return what is wrong with it."""
    try:
        set_payer(part, patient, payer)
    except InvalidInput as error:
        return error.problems
    return {"payer": [SAME_PAYER]} if _pays_already(whole, part, patient) else {}


def _pays_already(whole: Invoice, part: Invoice, patient: Patient) -> bool:
    """Return whether the payer of a part is that of the draft; a firm is known by its name and tax number."""
    if whole.payer_kind == OTHER:
        numbers = {whole.payer_tax_number, part.payer_tax_number} - {None}
        return part.payer_kind == OTHER and part.payer_search == whole.payer_search and len(numbers) <= 1
    if whole.payer_kind:
        return _key(whole) == _key(part)
    default = default_payer(payer_choices(patient))
    return default is not None and default.key == _key(part)


def _key(invoice: Invoice) -> str | None:
    return str(invoice.payer_person_id) if invoice.payer_person_id else invoice.payer_kind


def _share_problems(whole: Invoice, percent: Fraction | None, amount: Money | None) -> dict[str, Any]:
    """Return what is wrong with the size of a part, by field."""
    if (percent is None) == (amount is None):
        return {"percent": [NO_SHARE if amount is None else TWO_SHARES]}
    if problem := _percent_problem(percent) if amount is None else _amount_problem(whole, amount):
        return {"percent" if amount is None else "amount": [problem]}
    shares = _shares(whole, percent, amount)
    if not any(shares) or shares == [line.amount_minor for line in whole.lines]:
        return {"percent" if amount is None else "amount": [TOO_SMALL]}
    return {}


def _percent_problem(percent: Fraction | None) -> str | None:
    fits = percent is not None and 0 < percent < WHOLE_PERCENT and (percent * 1000).denominator == 1
    return None if fits else BAD_PERCENT


def _amount_problem(whole: Invoice, amount: Money) -> str | None:
    if amount.currency != whole.currency:
        return wrong_currency(whole.currency)
    fits = 0 < amount.minor < whole.total_minor
    return None if fits else amount_outside(whole.total.format(clinic_service.current().locale))


def _first(problems: dict[str, Any]) -> str:
    """Return the first message of some problems; the problems of a payer may be nested."""
    first: Any = next(iter(problems.values()))
    return _first(first) if isinstance(first, dict) else first[0]


def _shares(whole: Invoice, percent: Fraction | None, amount: Money | None) -> list[int]:
    """Return what a part has of each line, in minor units."""
    amounts = [line.amount_minor for line in whole.lines]
    if percent is not None:
        return divided(amounts, part_of_percent(sum(amounts), percent))
    wanted = amount.minor if amount else 0

    def total_of(part: int) -> int:
        rows = zip(divided(amounts, part), whole.lines, strict=True)
        shares = [_ShareOfLine(Money(minor, whole.currency), line.tax) for minor, line in rows]
        return totals_of(shares, whole.currency, prices_include_tax=whole.prices_include_tax).gross.minor

    return divided(amounts, part_of_amount(sum(amounts), whole.total_minor, wanted, total_of))


def _take_off(whole: Invoice, shares: Sequence[int], percent: Fraction | None) -> list[InvoiceLine]:
    """Lower the lines of a draft by the shares of a part; return the lines of the part, without those of no amount."""
    rows = [(line, minor) for line, minor in zip(whole.lines, shares, strict=True) if minor]
    rest = None if percent is None else WHOLE_PERCENT - percent
    taken = []
    for position, (line, minor) in enumerate(rows, start=1):
        kept = {name: getattr(line, name) for name in _KEPT}
        taken.append(InvoiceLine(position=position, **_of_part(line, minor, percent), **kept))
        left = _of_part(line, line.amount_minor - minor, rest)
        for name, value in left.items():
            setattr(line, name, value)
    return taken


def _of_part(line: InvoiceLine, minor: int, percent: Fraction | None) -> dict[str, Any]:
    """Return what a line has that is a part of another one: one of it, at the price of the part."""
    amount = line.amount.format(clinic_service.current().locale)
    return {
        "description": part_text(line.description, line.quantity_thousandths, share_text(percent), amount),
        "quantity_thousandths": WHOLE_THOUSANDTHS,
        "unit_price_minor": minor,
        "amount_minor": minor,
        "discount_thousandths": None,
        "discount_minor": None,
    }
