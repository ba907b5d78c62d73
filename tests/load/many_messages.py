"""Many messages of a clinic, and what reads of them cost, with the plans by which a database finds the rows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from random import Random
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import event, insert

from clinic.appointments.service import Appointment
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.ids import new_id
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.call_list import count_to_call, to_call
from clinic.notifications.log import message_log
from clinic.notifications.models import Notification
from clinic.notifications.upcoming import upcoming
from tests.builders import a_patient, a_practitioner, an_appointment

VISITS = 100
BATCH = 20_000
ROUNDS = 15

STATES = {"sent": 930, "suppressed": 30, "failed": 20, "queued": 19, "unknown": 1}
KINDS = {"confirmation": 40, "reminder": 40, "receipt": 10, "welcome": 9, "recall": 1}
"""How frequent states and kinds are."""


def book_visits() -> Sequence[Appointment]:
    """Book visits of the next days, each of another patient."""
    practitioner, at = a_practitioner(), now() + timedelta(days=1)
    return [
        an_appointment(a_patient(email=f"p{number}@example.org"), practitioner, at + timedelta(hours=2 * number))
        for number in range(VISITS)
    ]


def fill(visits: Sequence[Appointment], number: int) -> None:
    """Store messages of the last year, past the events; those that wait are due in the next thirty days."""
    chance = Random(number)
    with unit_of_work():
        for start in range(0, number, BATCH):
            rows = [_row(visits, chance) for _ in range(min(BATCH, number - start))]
            db.session.connection().execute(insert(Notification), rows)


def _row(visits: Sequence[Appointment], chance: Random) -> Mapping[str, Any]:
    [state] = chance.choices([*STATES], [*STATES.values()])
    [kind] = chance.choices([*KINDS], [*KINDS.values()])
    at = now() + timedelta(minutes=chance.randrange(60, 43_200) * (1 if state == "queued" else -12))
    visit = chance.choice(visits)
    same = {"clinic_id": current_clinic_id(), "about_version": 1, "offset_minutes": 0, "channel": "email"}
    times = {"due_at": at, "created_at": at, "sent_at": at if state == "sent" else None}
    other = {"attempts": int(state != "queued"), "handed_over": state == "sent", "patient_id": visit.patient_id}
    return {"id": new_id(), "kind": kind, "state": state, "about_id": new_id(), **same, **times, **other}


def reads() -> Mapping[str, Callable[[], object]]:
    """Return what pages read, by name."""
    soon = now() + timedelta(hours=1)
    [newest] = message_log.list(limit=1, before=soon).rows
    day = now() - timedelta(days=30)
    return {
        "log": lambda: message_log.list(limit=20, before=soon),
        "log, an old page": lambda: message_log.list(limit=20, before=soon, after=(day, UUID(int=0))),
        "log of a state": lambda: message_log.list(limit=20, state="failed"),
        "log of those that wait": lambda: message_log.list(limit=20, state="waiting"),
        "log of a kind": lambda: message_log.list(limit=20, before=soon, kind="recall"),
        "log of a kind and state": lambda: message_log.list(limit=20, kind="recall", state="waiting"),
        "log of a channel": lambda: message_log.list(limit=20, before=soon, channel="phone"),
        "log of days": lambda: message_log.list(limit=20, since=day, before=day + timedelta(days=2)),
        "counts": lambda: message_log.counts(before=soon),
        "counts of a kind": lambda: message_log.counts(before=soon, kind="recall"),
        "log of a patient": lambda: message_log.list(limit=20, before=soon, patient_id=newest.patient_id),
        "counts of a patient": lambda: message_log.counts(before=soon, patient_id=newest.patient_id),
        "counts of days": lambda: message_log.counts(since=day, before=day + timedelta(days=2)),
        "neighbours": lambda: message_log.neighbours(newest),
        "outage": message_log.outage,
        "to call": to_call,
        "count to call": count_to_call,
        "next": upcoming,
    }


def milliseconds(read: Callable[[], object]) -> float:
    """Return the median time of a warm read."""
    read()
    spent = []
    for _ in range(ROUNDS):
        db.session.expire_all()
        begin = perf_counter()
        read()
        spent.append((perf_counter() - begin) * 1000)
    return median(spent)


def scans(read: Callable[[], object]) -> list[str]:
    """Return the steps of the plans of a read that go through all messages or attempts without an index.

    A step below a limit ends early: PostgreSQL chooses it for what most messages are.
    """
    return [
        step for plan in plans(read) for above, step in pairwise(["", *plan]) if _is_scan(step) and "Limit" not in above
    ]


def plans(read: Callable[[], object]) -> Iterator[list[str]]:
    """Return the plan of each statement of a read."""
    with _statements() as seen:
        read()
    connection = db.session.connection()
    explain = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    for sql, values in seen:
        yield [str(row[-1]) for row in connection.exec_driver_sql(explain + sql, values)]


_WHOLE = re.compile(r"\b(Seq Scan on|SCAN) (notifications|notification_attempts)\b")


def _is_scan(step: str) -> bool:
    return bool(_WHOLE.search(step)) and "USING" not in step


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that read, with their values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, sql: str, values: Any, *_more: object) -> None:
        if sql.startswith("SELECT"):
            seen.append((sql, values))

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)
