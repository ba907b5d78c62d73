"""Sealing of the audit trail by a keyed hash chain.

An entry's seal is the HMAC-SHA256 of the previous seal and of all stored values of the entry. Entries are sealed by a
periodic job; until then they are not protected.
"""

import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select

from clinic.audit.checkpoint import START, Checkpoint, load_checkpoint, save_checkpoint
from clinic.audit.models import AuditHead
from clinic.core.audit import AuditEntry, serialize_entry
from clinic.core.db import db
from clinic.core.db.inserts import insert_into
from clinic.core.db.orm_session import prepared
from clinic.core.errors import BadConfiguration
from clinic.core.secret_keys import load_or_create_key
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work

BATCH = 500
_SETTING = "CLINIC_AUDIT_KEY"

_HEAD = prepared(select(AuditHead.position, AuditHead.seal).where(AuditHead.id == 1))
_LAST_SEALED = prepared(
    select(AuditEntry.position, AuditEntry.seal)
    .where(AuditEntry.position.is_not(None))
    .order_by(AuditEntry.position.desc())
    .limit(1)
)


def seal_due() -> int:
    """Seal all unsealed entries in batches, store the checkpoint, and return how many were sealed."""
    sealed = 0
    while batch := _seal_batch():
        sealed += batch
        _update_checkpoint()
    _update_checkpoint()
    return sealed


def compute_seal(entry: Any, previous_seal: str, key: bytes) -> str:
    """Return the seal of an entry, or of an object with its attributes, after the previous seal."""
    values = {name: value for name, value in serialize_entry(entry).items() if name != "seal"}
    body = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, f"{previous_seal}\n{body}".encode(), sha256).hexdigest()


def is_anything_sealed() -> bool:
    """Return whether any entry is sealed."""
    return _last_sealed() != START


def audit_key(*, is_first: bool = False) -> bytes:
    """Return the key of the seals; it is created for the first seal only.

    :raises BadConfiguration: if entries are sealed, but the key is missing
    """
    path = Path(current_app.instance_path) / "audit_key"
    configured: str = current_app.config["AUDIT_KEY"]
    if not (configured or is_first or path.exists()):
        raise BadConfiguration(f"the key of the audit trail is not in {path}: restore it, or set {_SETTING}")
    return (configured or load_or_create_key(path, _SETTING)).encode()


def stored_head() -> Checkpoint:
    """Return position and seal of the last sealed entry, as the head in the database has them."""
    found = db.session.execute(_HEAD).first()
    return Checkpoint(*found) if found else START


def later(one: Checkpoint, other: Checkpoint) -> Checkpoint:
    """Return the checkpoint with the higher position, the first of two equal ones."""
    return max(one, other, key=lambda checkpoint: checkpoint.position)


def _seal_batch() -> int:
    """Seal the oldest unsealed entries after the last seal, or after the head if the chain was truncated."""
    with clinic_scope(None), unit_of_work():
        head = _locked_head()
        last = later(_last_sealed(), Checkpoint(head.position, head.seal))
        unsealed = select(AuditEntry).where(AuditEntry.position.is_(None)).order_by(AuditEntry.id).limit(BATCH)
        entries = db.session.scalars(unsealed).all()
        if not entries:
            return 0
        key = audit_key(is_first=last == START)
        for entry in entries:
            entry.position = last.position + 1
            entry.seal = compute_seal(entry, last.seal, key)
            last = Checkpoint(entry.position, entry.seal)
        head.position, head.seal = last
    return len(entries)


def _update_checkpoint() -> None:
    """Store the last seal as the checkpoint.

    A checkpoint that contradicts the database stays: replacing it would hide that the chain was truncated.
    """
    with clinic_scope(None):
        checkpoint, last = load_checkpoint(), _last_sealed()
        if last == START or (checkpoint is not None and _seal_at(checkpoint.position) != checkpoint.seal):
            return
    save_checkpoint(last)


def _locked_head() -> AuditHead:
    """Return the head, created if missing, locked until the unit of work ends."""
    first = insert_into(AuditHead, db.engine.dialect.name).values(id=1, position=START.position, seal=START.seal)
    db.session.execute(first.on_conflict_do_nothing())
    return db.session.scalars(select(AuditHead).where(AuditHead.id == 1).with_for_update()).one()


def _last_sealed() -> Checkpoint:
    """Return position and seal of the last sealed entry."""
    found = db.session.execute(_LAST_SEALED).first()
    return Checkpoint(found[0] or 0, found[1] or "") if found else START


def _seal_at(position: int) -> str | None:
    return db.session.scalar(select(AuditEntry.seal).where(AuditEntry.position == position))
