"""Numbers as people type them: with a point or a comma before decimals, and with groups of thousands."""

import re

from clinic.core.text import tidy_line

MAX_TYPED = 100
"""Characters; a longer text is no number, and normalizing it would take long."""

_SPACES = " '’\u00a0\u202f"
_SINGLE = re.compile(rf"(-?[1-9][0-9]{{0,2}})([.,{_SPACES}])([0-9]{{3}})", re.ASCII)
_GROUPED = re.compile(
    rf"(-?[1-9][0-9]{{0,2}}([.,{_SPACES}])(?:[0-9]{{2,3}}\2)*[0-9]{{3}})(?:(?!\2)[.,]([0-9]+))?", re.ASCII
)
_NEEDLESS_ZEROS = re.compile(r"(-?[0-9]+\.[0-9]{3}[0-9]*?)0+", re.ASCII)


class AmbiguousNumber(ValueError):
    """The only separator of a number precedes three digits: it may group thousands or precede decimals."""


def plain_decimal(typed: str, *, decimal_symbol: str | None = None) -> str:
    """Return a typed number with a point and without groups: `1.500,00` is `1500.00`, `2,5` is `2.5`.

    A text that is not a number does not become one. After `decimal_symbol`, even three digits are decimals.

    :raises AmbiguousNumber: naming both readings
    """
    if len(typed) > MAX_TYPED:
        return typed
    text = tidy_line(typed)
    single = _SINGLE.fullmatch(text)
    if single and single[2] in ".," and single[2] != decimal_symbol:
        raise AmbiguousNumber(_readings(text, single[1], single[3]))
    grouped = None if single else _GROUPED.fullmatch(text)
    if grouped is None:
        return _shortened(text.replace(",", ".", 1))
    whole = grouped[1].replace(grouped[2], "")
    return whole if grouped[3] is None else _shortened(f"{whole}.{grouped[3]}")


def _readings(text: str, whole: str, digits: str) -> str:
    decimal = f"{whole}.{digits.rstrip('0') or '0'}" if digits.endswith("0") else f"{whole}.{digits}0"
    return f"{text} can mean {whole}{digits} or {decimal}: enter one of these"


def _shortened(decimal: str) -> str:
    """Return a decimal without zeros after its third decimal, which people type to exclude a group of thousands."""
    found = _NEEDLESS_ZEROS.fullmatch(decimal)
    return found[1] if found else decimal
