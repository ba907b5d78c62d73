"""How likely it is that two records are of one person: a score from 0 to 100, with the reasons.

Points are added for names, birth dates and what else agrees. What families share counts only beside a like name, and
records with other given names or another birth date are no duplicates by that alone: twins, a father and his son.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from clinic.patients.duplicates import birth_dates, names
from clinic.patients.duplicates.birth_dates import compare_birth_dates
from clinic.patients.duplicates.names import OTHER_PERSON, Name, compare_names, is_one_edit

ALMOST_CERTAIN, LIKELY, POSSIBLE = 90, 70, 50
"""The least scores of each likelihood; below, two records are no possible duplicates."""

SAME_PHONE, LIKE_PHONE, SAME_EMAIL, SAME_ADDRESS = "same-phone", "like-phone", "same-email", "same-address"
SAME_IDENTIFIER, OTHER_SEX = "same-identifier", "other-sex"

REASONS = {
    names.SAME_NAME: "same name",
    names.SAME_BUT_ACCENTS: "same name but for accents or apostrophes",
    names.NAMES_SWAPPED: "family and given names swapped",
    names.OTHER_ORDER: "same names in another order",
    names.FURTHER_NAME: "same name, one with a further name",
    names.SOUNDS_ALIKE: "name sounds alike",
    names.SAME_GIVEN: "same given name",
    names.SAME_FAMILY: "same family name, one without a given name",
    birth_dates.SAME_BIRTH_DATE: "same birth date",
    birth_dates.DAY_AND_MONTH_SWAPPED: "birth date: day and month swapped",
    birth_dates.ONLY_DAY_DIFFERS: "birth date: only a digit of the day differs",
    birth_dates.ONLY_MONTH_DIFFERS: "birth date: only a digit of the month differs",
    birth_dates.ONLY_YEAR_DIFFERS: "birth date: only a digit of the year differs",
    birth_dates.PARTLY_KNOWN: "birth date: partly known, and the same so far",
    birth_dates.OTHER_BIRTH_DATE: "but another birth date",
    SAME_PHONE: "same phone",
    LIKE_PHONE: "phone: one digit off or two swapped",
    SAME_EMAIL: "same email",
    SAME_ADDRESS: "same address",
    SAME_IDENTIFIER: "same identifier",
    OTHER_SEX: "but another sex",
}
"""The text of each reason; what says nothing has none."""

CONTACT_REASONS = (SAME_PHONE, LIKE_PHONE, SAME_EMAIL, SAME_ADDRESS)
"""Reasons that only those learn who may see contact details; for others they count nothing either."""

_POINTS = {SAME_PHONE: 8, LIKE_PHONE: 6, SAME_EMAIL: 8, SAME_ADDRESS: 7, SAME_IDENTIFIER: 60, OTHER_SEX: -25}
_ALL_POINTS = names.POINTS | birth_dates.POINTS | _POINTS
_MOST_OF_ANOTHER_NAME = 45
_MALE_AND_FEMALE = {"male", "female"}


@dataclass(frozen=True)
class PersonFacts:
    """What a record says of a person, folded for comparison; `names` are the present one and others used."""

    names: tuple[Name, ...]
    birth_date: str | None = None
    sex: str = "unknown"
    phones: Collection[str] = field(default=frozenset())
    emails: Collection[str] = field(default=frozenset())
    addresses: Collection[str] = field(default=frozenset())
    identifiers: Collection[str] = field(default=frozenset())


@dataclass(frozen=True)
class Likeness:
    """How alike two records are: a score, and the codes of its reasons."""

    score: int
    reasons: tuple[str, ...]

    @property
    def without_contact(self) -> "Likeness":
        """How alike they are for those who may not see contact details, which then say nothing."""
        codes = tuple(code for code in self.reasons if code not in CONTACT_REASONS)
        return Likeness(_clamped(sum(_ALL_POINTS[code] for code in codes)), codes)


def likelihood(score: int) -> str:
    """Return the word for a score."""
    if score >= ALMOST_CERTAIN:
        return "almost certain"
    return "likely" if score >= LIKELY else "possible"


def reason_texts(codes: Iterable[str]) -> list[str]:
    """Return the texts of reasons."""
    return [REASONS[code] for code in codes if code in REASONS]


def compare(one: PersonFacts, other: PersonFacts) -> Likeness:
    """Return how alike two records are."""
    name = _most_alike(one.names, other.names)
    birth_date = compare_birth_dates(one.birth_date, other.birth_date)
    further = list(_further(one, other))
    score = names.POINTS[name] + birth_dates.POINTS[birth_date] + sum(_POINTS[code] for code in further)
    if name == OTHER_PERSON and SAME_IDENTIFIER not in further:
        score = min(score, _MOST_OF_ANOTHER_NAME)
    codes = tuple(code for code in (name, birth_date, *further) if code in REASONS)
    return Likeness(_clamped(score), codes)


def _clamped(score: int) -> int:
    return max(0, min(score, 100))


def _most_alike(some: Iterable[Name], others: Collection[Name]) -> str:
    results = [compare_names(one, other) for one in some for other in others]
    return max(results, key=names.POINTS.__getitem__, default=OTHER_PERSON)


def _further(one: PersonFacts, other: PersonFacts) -> Iterable[str]:
    """Return the codes of what agrees or differs beside name and birth date."""
    if set(one.phones) & set(other.phones):
        yield SAME_PHONE
    elif any(len(mine) == len(theirs) and is_one_edit(mine, theirs) for mine in one.phones for theirs in other.phones):
        yield LIKE_PHONE
    for code, mine, theirs in (
        (SAME_EMAIL, one.emails, other.emails),
        (SAME_ADDRESS, one.addresses, other.addresses),
        (SAME_IDENTIFIER, one.identifiers, other.identifiers),
    ):
        if set(mine) & set(theirs):
            yield code
    if {one.sex, other.sex} == _MALE_AND_FEMALE:
        yield OTHER_SEX
