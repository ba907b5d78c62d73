"""Rules for issuing an invoice: its date, and the particulars that it can't be without."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from clinic.billing.price_rules import OUT_OF_SCOPE
from clinic.billing.totals import NO_TAX, Totals

TAX_IDENTIFIERS = ("pt-nif", "br-cpf", "it-cf", "es-dni", "es-nie")
"""Types of a patient's identifiers that are printed as the tax number of a payer."""

SIMPLIFIED = ("EUR", 10_000)
"""The most, in minor units, of an invoice that need not name the customer's address: Directive 2006/112/EC, article
220a(1)(a)."""

NO_SELLER_ADDRESS = "The clinic’s address is missing: enter it in the settings of billing"
NO_SELLER_TAX_NUMBER = "The clinic’s tax number is missing: enter it in the settings of billing"
NO_PAYER_ADDRESS = "The payer’s address is missing: enter it on the payer’s record, or choose someone else and type it"


def payer_refused(problem: str) -> str:
    """Return why an invoice can't be issued to its payer."""
    return f"The payer can’t be used. {problem}"


def missing_particulars(seller: Mapping[str, Any], payer: Mapping[str, Any], totals: Totals) -> list[str]:
    """Return what an invoice lacks of Directive 2006/112/EC, article 226 (3) and (5); nothing if no line has a tax.

    Medical care that is exempt has one; what is out of scope has none.
    """
    if all(group.category in {NO_TAX, OUT_OF_SCOPE} for group in totals.groups):
        return []
    found = [] if seller["address"] else [NO_SELLER_ADDRESS]
    if not seller["tax_number"]:
        found.append(NO_SELLER_TAX_NUMBER)
    currency, most = SIMPLIFIED
    if not payer["address"] and (totals.gross.currency != currency or totals.gross.minor > most):
        found.append(NO_PAYER_ADDRESS)
    return found


def needs_confirmation(day: date, newest: date | None, present: date) -> bool:
    """Return whether a date of issue has to be confirmed: it is more than a day after that of the newest invoice.

    The first invoice of a clinic is compared with the present day. A wrong date can't be taken back: the next invoices
    can't be dated before it.
    """
    return day > (newest or present) + timedelta(days=1)


def day_text(day: date) -> str:
    """Return a day as pages show it: `Thu 12 Nov 2026`."""
    return f"{day:%a} {day.day} {day:%b} {day.year}"


def too_early(newest: date) -> str:
    """Return the error of a date before that of the newest invoice."""
    return f"Enter {day_text(newest)} or later: the newest invoice has that date"


def unconfirmed(day: date, newest: date | None) -> str:
    """Return the question that a date far from that of the newest invoice raises."""
    known = f"the newest invoice is of {day_text(newest)}" if newest else "there is no invoice yet"
    return f"Confirm the date {day_text(day)}: {known}, and later ones can’t be dated before this one"
