"""The heartbeat of workers: each one records every minute that it runs, so that pages can show when none does."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import ColumnElement, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.db.mixins import UUIDMixin
from clinic.core.db.transaction import write_transaction
from clinic.core.db.types import UTCDateTime
from clinic.core.ids import new_id
from clinic.core.recent import RecentValues

OLD = timedelta(minutes=5)
"""A worker that has not been seen for longer does not run."""

KEPT = timedelta(days=7)
"""How long the last sign of a worker that died is kept."""


REREAD_SECONDS = 30
"""How old what a web process knows about the workers may be."""

_RECENT = "clinic.worker_status"


class WorkerHeartbeat(UUIDMixin, Base):
    """A worker: the machine and the process, when it started and when it was seen last."""

    __tablename__ = "worker_heartbeats"
    __audited__ = False

    name: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass(frozen=True)
class WorkerStatus:
    """Whether a worker runs, and when one was seen last: None if none ever was."""

    seen_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Whether a worker was seen in the last minutes."""
        return self.seen_at is not None and self.seen_at >= now() - OLD


class Heartbeat:
    """The heartbeat of this process."""

    def __init__(self) -> None:
        self.id: UUID = new_id()
        self.name = f"{platform.node()}:{os.getpid()}"[:200]

    def beat(self) -> None:
        """Record that this worker runs, and forget workers that died long ago."""
        at = now()
        with write_transaction():
            row = db.session.get(WorkerHeartbeat, self.id)
            if row is None:
                db.session.add(WorkerHeartbeat(id=self.id, name=self.name, started_at=at, seen_at=at))
                db.session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.seen_at < at - KEPT))
            else:
                row.seen_at = at

    def stop(self) -> None:
        """Record that this worker has ended; its last sign stays if no other worker is left."""
        with write_transaction():
            others = select(WorkerHeartbeat.id).where(WorkerHeartbeat.id != self.id)
            if db.session.scalar(others.where(WorkerHeartbeat.seen_at >= now() - OLD).limit(1)):
                db.session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.id == self.id))


def worker_status() -> WorkerStatus:
    """Return whether a worker runs; a clock that was fast is not taken for a worker."""
    return WorkerStatus(db.session.scalar(select(func.max(WorkerHeartbeat.seen_at)).where(_is_past())))


def recent_worker_status(app: Flask) -> WorkerStatus | None:
    """Return whether a worker runs as this process read it in the last half minute; None while it has just started.

    Pages ask this: it reads so seldom that they need no statement more than without it.
    """
    recent: RecentValues[WorkerStatus | None] = app.extensions.setdefault(_RECENT, RecentValues(REREAD_SECONDS))
    return recent.get(_RECENT, worker_status) if recent.knows(_RECENT) else recent.set(_RECENT, None)


def workers() -> Sequence[WorkerHeartbeat]:
    """Return the workers that were seen in the last minutes, the oldest first."""
    seen = select(WorkerHeartbeat).where(WorkerHeartbeat.seen_at >= now() - OLD, _is_past())
    return db.session.scalars(seen.order_by(WorkerHeartbeat.id)).all()


def _is_past() -> ColumnElement[bool]:
    return WorkerHeartbeat.seen_at <= now() + timedelta(minutes=1)
