"""What an audit of the books finds: one form for all of its checks."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from uuid import UUID

from clinic.core.money import Money


@dataclass(frozen=True)
class Finding:
    """Something that is off: the check that found it, the record by table, id and number, and what it is in words."""

    check: str
    record: str
    record_id: UUID | None
    number: str | None
    text: str

    def as_json(self) -> dict[str, str | None]:
        """Return the finding as JSON values."""
        return asdict(self) | {"record_id": None if self.record_id is None else str(self.record_id)}


Findings = Iterator[Finding]


def amounts_differ(stored: int, expected: int, currency: str, what: str, source: str) -> str:
    """Return the text of an amount that is not what it is computed from."""
    stored_text, expected_text = Money(stored, currency).amount, Money(expected, currency).amount
    return f"{what} is stored as {stored_text} {currency}, but {source} come to {expected_text} {currency}"
