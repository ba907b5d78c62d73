"""Rate limits, counted in the database: exact for any number of processes, under hashed names."""

import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

from flask import current_app
from sqlalchemy import Integer, String, bindparam, case, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.db.inserts import insert_into
from clinic.core.db.orm_session import prepared
from clinic.core.db.types import UTCDateTime
from clinic.core.unit_of_work import unit_of_work

SWEPT_PER_ATTEMPT = 50
SWEPT_PER_JOB = 1000


class Bucket(Base):
    """The number of attempts under a name, stored as its HMAC, and the end of the window."""

    __tablename__ = "throttles"
    __audited__ = False

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


_BUCKETS = prepared(
    select(Bucket.key, Bucket.count, Bucket.ends_at).where(Bucket.key.in_(bindparam("keys", expanding=True)))
)


@dataclass(frozen=True)
class Limit:
    """The number of attempts allowed in a window, which begins with the first one."""

    most: int
    seconds: int


class _Refused(Exception):
    """A bucket is full; the unit of work is rolled back, so that no other bucket is charged."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


def hit(name: str, limit: Limit) -> int:
    """Count an attempt under a name; return 0, or the seconds to wait if the limit is reached."""
    return hit_all([(name, limit)])


def hit_all(buckets: Sequence[tuple[str, Limit]]) -> int:
    """Count an attempt in each of several buckets and return 0.

    If one of them is full, nothing is counted, and the longest wait in seconds is returned. A refused attempt writes
    nothing, so that many of them can't keep the database locked.
    """
    limits = sorted(((_key(name), limit) for name, limit in buckets), key=itemgetter(0))
    if wait := _wait_if_full(limits):
        return wait
    try:
        with unit_of_work():
            _charge_all(limits)
            _sweep(SWEPT_PER_ATTEMPT)
    except _Refused as refused:
        return refused.wait
    return 0


def refund(*names: str) -> None:
    """Subtract one attempt under each name, after a success."""
    with unit_of_work():
        for key in sorted(map(_key, names)):
            charged = update(Bucket).where(Bucket.key == key, Bucket.count > 0)
            db.session.execute(charged.values(count=Bucket.count - 1), execution_options={"synchronize_session": False})


def forget_expired() -> int:
    """Delete a batch of buckets whose window has ended; return how many."""
    with unit_of_work():
        return _sweep(SWEPT_PER_JOB)


def _key(name: str) -> str:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(secret, b"throttle:" + name.encode("utf-8", "surrogatepass"), "sha256").hex()


def _wait_if_full(limits: Sequence[tuple[str, Limit]]) -> int:
    """Return the longest wait for buckets that are full already, 0 if none is."""
    found = db.session.execute(_BUCKETS, {"keys": [key for key, _ in limits]})
    known = {key: (count, ends_at) for key, count, ends_at in found}
    moment = now()
    waits = [
        _wait(moment, known[key][1])
        for key, limit in limits
        if key in known and known[key][0] >= limit.most and moment < known[key][1] <= _latest_end(moment, limit)
    ]
    return max(waits, default=0)


def _charge_all(limits: Sequence[tuple[str, Limit]]) -> None:
    """Charge the buckets in the order of their keys, so that concurrent attempts can't deadlock."""
    moment = now()
    charged = [(_charge(key, limit, moment), limit) for key, limit in limits]
    if waits := [_wait(moment, ends_at) for (count, ends_at), limit in charged if count > limit.most]:
        raise _Refused(max(waits))


def _charge(key: str, limit: Limit, moment: datetime) -> tuple[int, datetime]:
    """Add one to a bucket, or begin a new window; return its count and the end of the window."""
    window = {"bucket": key, "end": moment + timedelta(seconds=limit.seconds)}
    runs = {"moment": moment, "latest_end": _latest_end(moment, limit)}
    count, ends_at = db.session.execute(_counted(db.engine.dialect.name), window | runs).one()
    return count, ends_at


@cache
def _counted(dialect: str) -> Any:
    """Return the statement that adds one to a bucket, or begins a new window; it is built once."""
    fresh = insert_into(Bucket, dialect).values(key=bindparam("bucket"), count=1, ends_at=bindparam("end"))
    runs = (Bucket.ends_at > bindparam("moment")) & (Bucket.ends_at <= bindparam("latest_end"))
    counted = fresh.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": case((runs, Bucket.count + 1), else_=1),
            "ends_at": case((runs, Bucket.ends_at), else_=fresh.excluded.ends_at),
        },
    )
    return prepared(counted.returning(Bucket.count, Bucket.ends_at))


def _latest_end(moment: datetime, limit: Limit) -> datetime:
    """Return the latest plausible end of a window; a later one means that a clock was set back."""
    return moment + timedelta(seconds=2 * limit.seconds)


def _wait(moment: datetime, ends_at: datetime) -> int:
    return max(math.ceil((ends_at - moment).total_seconds()), 1)


def _sweep(most: int) -> int:
    """Delete buckets whose window has ended, except locked ones."""
    return len(db.session.execute(_swept(most), {"at": now()}).all())


@cache
def _swept(most: int) -> Any:
    """Return the statement that deletes some buckets whose window has ended; it is built once."""
    over = select(Bucket.key).where(Bucket.ends_at <= bindparam("at")).limit(most).with_for_update(skip_locked=True)
    gone = delete(Bucket).where(Bucket.key.in_(over)).returning(Bucket.key)
    return prepared(gone.execution_options(synchronize_session=False))
