"""Idempotent requests: each key with the answer to its first request, stored in the transaction of the change.

A request claims its key first in its unit of work, so that requests with one key wait for each other: on PostgreSQL at
the primary key, on SQLite for the only writer. The answer is stored before the commit. A failure rolls back the claim
with the change, and the key can be used again.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import JSON, String, delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.db.inserts import insert_into
from clinic.core.db.types import UTCDateTime
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.unit_of_work import unit_of_work

RETENTION = timedelta(hours=24)
DELETED_AT_ONCE = 1000

_KEY = re.compile(r"[\x20-\x7e]{16,255}")
_LOCK_NOT_AVAILABLE = "55P03"
_UNSYNCHRONIZED = {"synchronize_session": False}


class IdempotencyKeyReused(InvalidInput):
    """An idempotency key was used for another request."""

    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This key was used for another request: check what was saved, then use another key")


class RequestInProgress(Conflict):
    """The first request with this idempotency key has not ended yet."""

    code = "request-in-progress"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("The same request is still being carried out: try again in a moment")


@dataclass(frozen=True)
class Answer:
    """A response as it is stored: `messages` are flashed again, as (category, text)."""

    status: int
    headers: Sequence[Sequence[str]]
    body: str
    messages: Sequence[Sequence[str]] = ()


class Replay(Exception):
    """The request was answered before; services and views do not catch this."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("the request was answered before")
        self.answer = answer


@dataclass(frozen=True)
class Claim:
    """An idempotency key in its scope, and the fingerprint of the request that is sent with it."""

    id: str
    fingerprint: str


class IdempotentRequest(Base):
    """A request that was carried out; its id is the hash of clinic, actor, route and key."""

    __tablename__ = "idempotent_requests"
    __audited__ = False

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def is_key(text: str) -> bool:
    """Return whether a text is an idempotency key: 16 to 255 printable ASCII characters."""
    return _KEY.fullmatch(text) is not None


def hash_of(*parts: Any) -> str:
    """Return the SHA-256 of JSON values, in hexadecimal."""
    return sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()


def find_answer(claim: Claim) -> Answer | None:
    """Return the answer to the first request with a key, or None if there was none.

    :raises IdempotencyKeyReused: if that was another request
    """
    wanted = select(IdempotentRequest.fingerprint, IdempotentRequest.answer).where(IdempotentRequest.id == claim.id)
    found = db.session.execute(wanted).one_or_none()
    if found is None:
        return None
    if found.fingerprint != claim.fingerprint:
        raise IdempotencyKeyReused
    return Answer(**found.answer)


def claim_key(claim: Claim) -> None:
    """Claim a key in the open unit of work.

    :raises Replay: if the request was carried out before
    :raises IdempotencyKeyReused: if another request with the key was
    :raises RequestInProgress: if the first one does not end within the time that a lock is waited for
    """
    first = insert_into(IdempotentRequest, db.engine.dialect.name)
    row = first.values(id=claim.id, fingerprint=claim.fingerprint, answer={}, created_at=now())
    try:
        claimed = db.session.execute(row.on_conflict_do_nothing().returning(IdempotentRequest.id)).one_or_none()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise RequestInProgress from error
        raise
    if claimed is None and (answer := find_answer(claim)):
        raise Replay(answer)


def store_answer(claim: Claim, answer: Answer) -> None:
    """Store the answer of a claimed key in the open unit of work."""
    claimed = update(IdempotentRequest).where(IdempotentRequest.id == claim.id)
    db.session.execute(claimed.values(answer=asdict(answer)), execution_options=_UNSYNCHRONIZED)


def forget_expired() -> int:
    """Delete requests older than a day, up to a number at once; return how many were deleted."""
    expired = select(IdempotentRequest.id).where(IdempotentRequest.created_at < now() - RETENTION)
    batch = expired.limit(DELETED_AT_ONCE).with_for_update(skip_locked=True)
    with unit_of_work():
        deleted = delete(IdempotentRequest).where(IdempotentRequest.id.in_(batch)).returning(IdempotentRequest.id)
        return len(db.session.execute(deleted, execution_options=_UNSYNCHRONIZED).all())
