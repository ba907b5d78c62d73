"""Money: an integer of minor units and an ISO 4217 currency; never a float."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from babel import Locale
from babel.numbers import format_currency

_DIGITS = dict.fromkeys(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    0,
)
_DIGITS |= dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
_DIGITS |= dict.fromkeys(["CLF", "UYW"], 4)
_AMOUNT = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,4}))?", re.ASCII)
MAX_MINOR = 10**15 - 1


class BadAmount(ValueError):
    """The text is not an amount of that currency."""


@dataclass(frozen=True)
class Money:
    """An amount in minor units (cents for EUR, yen for JPY, fils for KWD)."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read an exact decimal such as `45.00`.

        :raises BadAmount: if it is no plain decimal, has more digits than the currency, or is above the maximum
        """
        match = _AMOUNT.fullmatch(amount)
        digits = digits_of(currency)
        if match is None:
            raise BadAmount("Enter an amount like 45.00" if digits else "Enter a whole amount like 4500")
        sign, whole, fraction = match[1], match[2], match[3] or ""
        if len(fraction) > digits:
            raise BadAmount(f"{currency} has {digits} digits after the point" if digits else f"{currency} has no cents")
        minor = int(whole + fraction.ljust(digits, "0"))
        if minor > MAX_MINOR:
            raise BadAmount("This amount is too large")
        return cls(-minor if sign else minor, currency)

    @property
    def amount(self) -> str:
        """The exact decimal with the digits of the currency: `45.00`, `4500`, `4.500`."""
        return f"{self.decimal:.{digits_of(self.currency)}f}"

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exactly."""
        return Decimal(self.minor).scaleb(-digits_of(self.currency))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def times(self, quantity: Fraction) -> "Money":
        """Return the price of a quantity, rounded half up to a minor unit."""
        exact = self.minor * quantity
        rounded = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1), ROUND_HALF_UP)
        return Money(int(rounded), self.currency)

    def format(self, locale: str) -> str:
        """Return the amount formatted for a locale."""
        digits = digits_of(self.currency)
        pattern = Locale.parse(locale).currency_formats["standard"]
        return format_currency(
            self.decimal,
            self.currency,
            format=_with_digits(str(pattern.pattern), digits),
            locale=locale,
            currency_digits=False,
        )

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} can't be added to {self.currency}")
        return other.minor


def digits_of(currency: str) -> int:
    """Return the number of decimal digits of a currency (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def is_currency(code: str) -> bool:
    """Return whether a code is an ISO 4217 currency."""
    return bool(re.fullmatch("[A-Z]{3}", code)) and code in Locale("en").currencies


def _with_digits(pattern: str, digits: int) -> str:
    """Return a CLDR pattern with the number of digits of the currency."""
    return re.sub(r"0\.0+|0(?![.0,#])", "0." + "0" * digits if digits else "0", pattern)
