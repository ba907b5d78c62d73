"""Seals on the audit trail: a keyed chain by which a changed, removed, reordered or cut-off entry is found.

An entry's seal is the HMAC-SHA256 of the seal before it and of all that is stored of the entry. What is not sealed yet
is not protected; a worker seals each minute.
"""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import BigInteger, Integer, Row, String, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from clinic.audit.canonical import NonCanonical, StoredColumns
from clinic.audit.checkpoint import START, Checkpoint, load_checkpoint, save_checkpoint
from clinic.core.audit import AuditEntry, written
from clinic.core.db import Base, db
from clinic.core.errors import BadConfiguration
from clinic.core.secret_keys import load_or_create_key
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work

BATCH = 500
MOST_PROBLEMS = 20
_SETTING = "CLINIC_AUDIT_KEY"


class AuditHead(Base):
    """How far the trail is sealed: one row, locked meanwhile, so that two workers take turns."""

    __tablename__ = "audit_heads"
    __audited__ = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    seal: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Problem:
    """What is wrong with a sealed entry, or with the chain behind a position."""

    what: str
    position: int
    entry_id: UUID | None = None


@dataclass
class Report:
    """What a check of the sealed entries has found; of the problems the first ones, and how many there are."""

    is_head_kept: bool
    checked: int = 0
    unsealed: int = 0
    total: int = 0
    problems: list[Problem] = field(default_factory=list)

    def find(self, what: str, position: int, entry_id: UUID | None = None) -> None:
        """Add a problem."""
        self.total += 1
        if self.total <= MOST_PROBLEMS:
            self.problems.append(Problem(what, position, entry_id))


def seal_due() -> int:
    """Seal every entry that is not sealed yet, and keep the last seal apart; return how many those were."""
    sealed = 0
    while batch := _seal_batch():
        sealed += batch
        _keep_last()
    _keep_last()
    return sealed


def verify() -> Report:
    """Check every sealed entry against its seal, and the end of the chain against what is known of it.

    Inside a unit of work that sees what it has changed.
    """
    if not db.session.info.get("writing"):
        db.session.commit()  # else the head that is kept might be later than what an open transaction sees
    kept, told = load_checkpoint(), _head_told()
    key = audit_key() if is_anything_sealed() else b""
    report, last = Report(is_head_kept=kept is not None), START
    cells = StoredColumns(AuditEntry.__table__, db.engine.dialect)
    for row in _sealed_rows(cells):
        report.checked += 1
        try:
            entry = cells.read(row)
        except NonCanonical:
            last = _behind_unread(report, row, last)
            continue
        _check(report, entry, last, key)
        for head in {kept, told}:
            if head and head.position == entry.position and head.seal != entry.seal:
                report.find("has another seal than it was given", entry.position, entry.id)
        last = Checkpoint(entry.position, entry.seal or "")
    _check_end(report, last, max(kept or START, told, key=_position))
    report.unsealed = db.session.scalar(select(func.count()).where(AuditEntry.position.is_(None))) or 0
    return report


def is_anything_sealed() -> bool:
    """Say whether any entry has a seal."""
    return _last_sealed() != START


def audit_key(*, is_first: bool = False) -> bytes:
    """Return the key of the seals, which is made for the first of them only.

    :raises BadConfiguration: if there are seals, but their key is not here
    """
    path = Path(current_app.instance_path) / "audit_key"
    given: str = current_app.config["AUDIT_KEY"]
    if not (given or is_first or path.exists()):
        raise BadConfiguration(f"the key of the audit trail is not in {path}: bring it back, or set {_SETTING}")
    return (given or load_or_create_key(path, _SETTING)).encode()


def _seal_batch() -> int:
    """Seal the oldest entries behind the last seal or, if that was cut off, behind where it was."""
    with clinic_scope(None), unit_of_work():
        table = _locked_head()
        last = max(_last_sealed(), Checkpoint(table.position, table.seal), key=_position)
        unsealed = select(AuditEntry).where(AuditEntry.position.is_(None)).order_by(AuditEntry.id).limit(BATCH)
        entries = db.session.scalars(unsealed).all()
        if not entries:
            return 0
        key = audit_key(is_first=last == START)
        for entry in entries:
            entry.position = last.position + 1
            entry.seal = _seal_of(entry, last.seal, key)
            last = Checkpoint(entry.position, entry.seal)
        table.position, table.seal = last
    return len(entries)


def _keep_last() -> None:
    """Keep the last seal apart, unless the database contradicts what is kept: that would hide a cut-off end."""
    with clinic_scope(None):
        kept, last = load_checkpoint(), _last_sealed()
        if last == START or (kept is not None and _seal_at(kept.position) != kept.seal):
            return
    save_checkpoint(last)


def _seal_of(entry: Any, before: str, key: bytes) -> str:
    """Return the seal of an entry, or of its row, that stands behind another seal."""
    said = {name: value for name, value in written(entry).items() if name != "seal"}
    body = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, f"{before}\n{body}".encode(), sha256).hexdigest()


def _locked_head() -> AuditHead:
    """Return the row that says how far the trail is sealed; until the unit of work ends, nobody else gets it."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    first = insert(AuditHead).values(id=1, position=START.position, seal=START.seal)
    db.session.execute(first.on_conflict_do_nothing())
    return db.session.scalars(select(AuditHead).where(AuditHead.id == 1).with_for_update()).one()


def _head_told() -> Checkpoint:
    """Return how far the database says that the trail is sealed."""
    found = db.session.execute(select(AuditHead.position, AuditHead.seal).where(AuditHead.id == 1)).first()
    return Checkpoint(*found) if found else START


def _last_sealed() -> Checkpoint:
    """Return the position and the seal of the last entry that has any."""
    sealed = select(AuditEntry.position, AuditEntry.seal).where(AuditEntry.position.is_not(None))
    found = db.session.execute(sealed.order_by(AuditEntry.position.desc()).limit(1)).first()
    return Checkpoint(found[0] or 0, found[1] or "") if found else START


def _seal_at(position: int) -> str | None:
    return db.session.scalar(select(AuditEntry.seal).where(AuditEntry.position == position))


def _sealed_rows(cells: StoredColumns) -> Iterator[Row[Any]]:
    """Return all sealed entries as they are stored, in the order of their seals, a few at a time."""
    sealed = select(*cells.columns).where(AuditEntry.position.is_not(None)).order_by(AuditEntry.position)
    with db.session.execute(sealed.execution_options(yield_per=1000)) as rows:
        yield from rows


def _behind_unread(report: Report, row: Row[Any], last: Checkpoint) -> Checkpoint:
    """Report an entry that is not stored as it is written, and return where the chain goes on behind it."""
    position = row.position if isinstance(row.position, int) else last.position + 1
    report.find("was changed: it is not stored as it is written", position, _id_or_none(row.id))
    return Checkpoint(position, str(row.seal))


def _id_or_none(stored: Any) -> UUID | None:
    try:
        return UUID(str(stored))
    except ValueError:
        return None


def _check(report: Report, entry: Any, last: Checkpoint, key: bytes) -> None:
    """Check an entry against the seal before it; behind a gap only the gap can be told."""
    if entry.position != last.position + 1:
        report.find(f"does not follow on {last.position}: entries were removed or added", entry.position, entry.id)
    elif not hmac.compare_digest(_seal_of(entry, last.seal, key), entry.seal or ""):
        report.find("was changed, or another one stands in its place", entry.position, entry.id)


def _check_end(report: Report, last: Checkpoint, known: Checkpoint) -> None:
    """Check that the chain ends where it is known to end; meanwhile a worker may have sealed more."""
    if last.position < known.position:
        report.find(f"entries up to {known.position} were sealed: the end was cut off", last.position)
    if last.position > _head_told().position:
        report.find("more entries are sealed than the database has counted", last.position)


def _position(head: Checkpoint) -> int:
    return head.position
