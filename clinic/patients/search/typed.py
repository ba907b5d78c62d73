"""What a query says about somebody who is not registered yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinic.core.phone_numbers import phone_number
from clinic.core.text import digits, tidy_line
from clinic.patients.search.birth_dates import find_dates
from clinic.patients.search.terms import Reading

_SHORTEST_PHONE = 7


@dataclass(frozen=True)
class Typed:
    """A name, a birth date, a phone number and an email as they were typed, as far as they were."""

    names: Sequence[str] = ()
    birth_date: str | None = None
    phone: str | None = None
    email: str | None = None

    @property
    def name(self) -> str:
        """The name as one text."""
        return " ".join(self.names)

    def fields(self) -> dict[str, str]:
        """Return the fields of a new patient: the last word is the family name."""
        names = {"given_name": " ".join(self.names[:-1]), "family_name": " ".join(self.names[-1:])}
        found = names | {"birth_date": self.birth_date, "phone": self.phone, "email": self.email}
        return {field: value for field, value in found.items() if value}


def typed_of(query: str, reading: Reading) -> Typed:
    """Take name, birth date, phone number and email of a query apart."""
    text = tidy_line(query)
    date = next(find_dates(text, reading.locale, reading.today), None)
    rest = f"{text[: date.start]} {text[date.end :]}" if date else text
    parts = rest.split()
    numbers = " ".join(part for part in parts if "@" not in part and any(char.isdigit() for char in part))
    return Typed(
        names=tuple(_capitalised(part) for part in parts if _is_name(part)),
        birth_date=date.values[0] if date else None,
        phone=numbers if len(digits(numbers)) >= _SHORTEST_PHONE and phone_number(numbers, reading.country) else None,
        email=next((part for part in parts if "@" in part.strip("@")), None),
    )


def _is_name(part: str) -> bool:
    return "@" not in part and not any(char.isdigit() for char in part) and any(char.isalpha() for char in part)


def _capitalised(part: str) -> str:
    return part[:1].upper() + part[1:]
