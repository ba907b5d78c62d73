"""Comparison of birth dates, which may be partly known or mistyped."""

from clinic.patients.duplicates.names import is_one_edit

SAME_BIRTH_DATE, DAY_AND_MONTH_SWAPPED = "same-birth-date", "day-and-month-swapped"
ONLY_DAY_DIFFERS, ONLY_MONTH_DIFFERS, ONLY_YEAR_DIFFERS = "only-day-differs", "only-month-differs", "only-year-differs"
PARTLY_KNOWN, UNKNOWN, OTHER_BIRTH_DATE = "birth-date-partly-known", "birth-date-unknown", "other-birth-date"

POINTS = {
    SAME_BIRTH_DATE: 42,
    DAY_AND_MONTH_SWAPPED: 30,
    ONLY_DAY_DIFFERS: 21,
    ONLY_MONTH_DIFFERS: 21,
    ONLY_YEAR_DIFFERS: 21,
    PARTLY_KNOWN: 6,
    UNKNOWN: 0,
    OTHER_BIRTH_DATE: -30,
}
"""Points of each result of a comparison."""

GENERATION = 15
"""Years that lie between a parent and a child at least: so different years are no typing error."""


def compare_birth_dates(one: str | None, other: str | None) -> str:
    """Return how two birth dates `YYYY-MM-DD`, `YYYY-MM` or `YYYY` are alike."""
    if not one or not other:
        return UNKNOWN
    if one == other:
        return SAME_BIRTH_DATE if len(one) == len("YYYY-MM-DD") else PARTLY_KNOWN
    if len(one) != len(other):
        return PARTLY_KNOWN if one.startswith(other) or other.startswith(one) else OTHER_BIRTH_DATE
    return _compare_known(one.split("-"), other.split("-"))


def _compare_known(one: list[str], other: list[str]) -> str:
    """Compare two dates of which the same parts are known; one digit may be off, or two swapped."""
    year, *rest = one
    other_year, *other_rest = other
    if year == other_year and len(rest) > 1 and rest == other_rest[::-1]:
        return DAY_AND_MONTH_SWAPPED
    differing = [place for place, (mine, theirs) in enumerate(zip(one, other, strict=True)) if mine != theirs]
    if len(differing) > 1 or not is_one_edit(one[differing[0]], other[differing[0]]):
        return OTHER_BIRTH_DATE
    if differing == [0]:
        return ONLY_YEAR_DIFFERS if abs(int(year) - int(other_year)) < GENERATION else OTHER_BIRTH_DATE
    return (ONLY_MONTH_DIFFERS, ONLY_DAY_DIFFERS)[differing[0] - 1]
