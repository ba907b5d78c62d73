"""Verification of the audit trail: each sealed entry against its seal, the chain against head and checkpoint."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, Row, Select, func, select

from clinic.audit.canonical import NonCanonicalValue, RawColumns
from clinic.audit.checkpoint import START, Checkpoint, load_checkpoint
from clinic.audit.hash_chain import audit_key, compute_seal, is_anything_sealed, later, stored_head
from clinic.core.audit import AuditEntry
from clinic.core.db import db
from clinic.core.db.orm_session import prepared

MAX_PROBLEMS = 20
_UNSEALED = prepared(select(func.count()).where(AuditEntry.position.is_(None)))


@dataclass(frozen=True)
class Problem:
    """A sealed entry that does not verify, or a break of the chain after a position."""

    description: str
    position: int
    entry_id: UUID | None = None


@dataclass
class Report:
    """The result of a verification: `total` counts all problems, `problems` has the first `MAX_PROBLEMS`."""

    has_checkpoint: bool
    checked: int = 0
    unsealed: int = 0
    total: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, description: str, position: int, entry_id: UUID | None = None) -> None:
        """Count a problem, and list it among the first ones."""
        self.total += 1
        if self.total <= MAX_PROBLEMS:
            self.problems.append(Problem(description, position, entry_id))


def verify() -> Report:
    """Verify every sealed entry, and that the chain ends at the head and the checkpoint.

    Inside a unit of work it sees the uncommitted changes.
    """
    if not db.session.info.get("writing"):
        db.session.commit()  # an open transaction could see less than the checkpoint
    checkpoint, head = load_checkpoint(), stored_head()
    raw_columns, sealed = _reading(db.engine.dialect)
    verifier = _Verifier(
        report=Report(has_checkpoint=checkpoint is not None),
        key=audit_key() if is_anything_sealed() else b"",
        known=frozenset({checkpoint or START, head}),
        raw_columns=raw_columns,
        sealed=sealed,
    )
    verifier.check_entries()
    verifier.check_end(later(checkpoint or START, head))
    verifier.report.unsealed = db.session.scalar(_UNSEALED) or 0
    return verifier.report


@lru_cache(maxsize=2)
def _reading(dialect: Dialect) -> tuple[RawColumns, Select[Any]]:
    """Return the raw columns of entries in a database, and the query of the sealed ones, built once."""
    raw_columns = RawColumns(AuditEntry, dialect)
    sealed = select(*raw_columns.selected).where(AuditEntry.position.is_not(None)).order_by(AuditEntry.position)
    return raw_columns, prepared(sealed).execution_options(yield_per=1000)


@dataclass
class _Verifier:
    report: Report
    key: bytes
    known: frozenset[Checkpoint]
    raw_columns: RawColumns
    sealed: Select[Any]
    last: Checkpoint = START

    def check_entries(self) -> None:
        """Check all sealed entries in the order of the chain."""
        for row in self._sealed_rows():
            self.report.checked += 1
            try:
                entry = self.raw_columns.parse(row)
            except NonCanonicalValue:
                self._skip_non_canonical(row)
            else:
                self._check_entry(entry)

    def check_end(self, known: Checkpoint) -> None:
        """Check the end of the chain against the last known position and the head, which may have moved on."""
        if self.last.position < known.position:
            self.report.add(f"entries up to {known.position} were sealed: the end was cut off", self.last.position)
        if self.last.position > stored_head().position:
            self.report.add("more entries are sealed than the database has counted", self.last.position)

    def _sealed_rows(self) -> Iterator[Row[Any]]:
        """Return the raw sealed rows in the order of the chain, a thousand at a time."""
        with db.session.execute(self.sealed) as rows:
            yield from rows

    def _skip_non_canonical(self, row: Row[Any]) -> None:
        """Report a row with a non-canonical value, and continue the chain with its stored seal."""
        position = row.position if isinstance(row.position, int) else self.last.position + 1
        self.report.add("was changed: a value is in a non-canonical form", position, _uuid_or_none(row.id))
        self.last = Checkpoint(position, str(row.seal))

    def _check_entry(self, entry: Any) -> None:
        """Check an entry against the previous seal and the known checkpoints; after a gap only the gap is reported."""
        if entry.position != self.last.position + 1:
            gap = f"does not follow {self.last.position}: entries were removed or added"
            self.report.add(gap, entry.position, entry.id)
        elif not hmac.compare_digest(compute_seal(entry, self.last.seal, self.key), entry.seal or ""):
            self.report.add("was changed, or another entry is in its place", entry.position, entry.id)
        for checkpoint in self.known:
            if checkpoint.position == entry.position and checkpoint.seal != entry.seal:
                self.report.add("has another seal than it was given", entry.position, entry.id)
        self.last = Checkpoint(entry.position, entry.seal or "")


def _uuid_or_none(raw: Any) -> UUID | None:
    try:
        return UUID(str(raw))
    except ValueError:
        return None
