"""What listing, booking and searching free times cost, beside plain SQL that does the same on the same database.

`python tests/load/bench_appointments.py [--url URL] [--stored 10000 100000] [--cpu]`

On our side each is one call of a service. The plain side uses the driver alone:

- a practitioner's day: one SELECT of the same columns, whose values become Python's (UUID, datetime, bool);
- a booking: the INSERTs and the UPDATE of the same rows (appointment, history, event, delivery, message, audit) in one
  transaction, without any check or lock. Ours takes two: the message is written after the booking is committed;
- free times: one SELECT of the bookings of those days, whose values become Python's.

The page of a day has no plain side. `flat` is our figure divided by the one with the fewest stored appointments.

Each pair takes turns in every round, so that a slow moment of the machine strikes both; a figure is the median over
the rounds in milliseconds, and a ratio that of the medians. The garbage collector is set as in `wsgi.py`. The database
is a new SQLite file unless a URL is given, which must be that of an empty database; with `TMPDIR=/dev/shm` it is in
memory, so that commits wait for no disk. With `--cpu` the processor time of this process is measured, which includes
that of SQLite, instead of the clock: figures of a busy machine can then be compared.
"""

import argparse
import gc
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, ColumnElement, DateTime, Uuid, event, insert, select

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.appointments.rules import ACTIVE
from clinic.appointments.service import (
    Appointment,
    WeeklyRange,
    appointment_service,
    availability_service,
    hours_service,
    practitioner_service,
)
from clinic.core.db import db
from clinic.core.db.types import UTCDateTime
from clinic.core.ids import new_id
from clinic.core.tenancy import clinic_scope, current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.operations.setup import upgrade_database
from clinic.patients.service import patient_service
from tests.builders import a_signed_in_administrator
from tests.page_client import PageClient

PRACTITIONERS, A_DAY, DAYS_SEARCHED, ROUNDS = 10, 16, 31, 40
MONDAY = date(2029, 11, 26)
FREE = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
"""The first of the starts, a day apart, that the benchmark books."""

APPOINTMENTS: Any = Appointment.__table__
BOOKED = ("id", "practitioner_id", "patient_id", "starts_at", "ends_at", "blocked_from", "blocked_until", "room_id")
"""The columns that a search for free times reads, with `place` and `lane`."""

PARSERS: dict[type, Callable[[Any], Any]] = {
    Uuid: UUID,
    UTCDateTime: lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
    DateTime: datetime.fromisoformat,
    Boolean: bool,
}
"""How SQLite's values become Python's; PostgreSQL's driver does that by itself."""

_OF_APPOINTMENTS = {
    "sqlite": """
        SELECT upper(type), name, sql FROM sqlite_master
        WHERE tbl_name = 'appointments' AND type IN ('index', 'trigger') AND sql IS NOT NULL
    """,
    "postgresql": """
        SELECT 'CONSTRAINT', conname,
            'ALTER TABLE appointments ADD CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE conrelid = 'appointments'::regclass AND contype = 'x'
        UNION ALL SELECT 'INDEX', indexname, indexdef FROM pg_indexes
        WHERE tablename = 'appointments' AND indexname LIKE 'ix%%'
    """,
}
"""Kind, name and statement of what slows down loading."""

Call = Callable[[], object]


def main() -> None:
    """Print the figures for each number of stored appointments."""
    arguments = _arguments()
    os.environ.setdefault("CLINIC_ENV", "development")
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.url or f"sqlite:///{folder}/clinic.db"
        app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": Path(folder)})
        app.test_client_class = PageClient
        with app.app_context():
            upgrade_database()
            clinic = clinic_service.create(name="Harbour", zone="Europe/Lisbon", currency="EUR", locale="en_GB")
            client = app.test_client()
            assert isinstance(client, PageClient)
            client.keep(a_signed_in_administrator(clinic)[0])
            with clinic_scope(clinic.id):
                clock = process_time if arguments.cpu else perf_counter
                _measure(arguments.stored, lambda: client.get(f"/appointments?day={MONDAY}"), clock)
            db.engine.dispose()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--stored", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--cpu", action="store_true")
    return parser.parse_args()


def _measure(sizes: Sequence[int], page: Call, clock: Callable[[], float]) -> None:
    practitioners, patients = _people()
    starts, stored, smallest = _starts(), 0, dict[str, float]()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    print(f"{'stored':>10}  {'':34}{'ours ms':>9}{'plain ms':>9}{'ratio':>7}{'flat':>7}")
    for size in sizes:
        stored += _store(size - stored, practitioners, patients, skip=stored)
        for name, ours, plain in (
            ("a practitioner's day", *_listing(practitioners[0])),
            ("a booking", *_booking(practitioners[0], patients[0], starts)),
            (f"free times, {DAYS_SEARCHED} days x {PRACTITIONERS}", *_search(practitioners)),
            (f"the page of a day of {PRACTITIONERS * A_DAY}", page, None),
        ):
            mine, *theirs = _medians(clock, ours, *([plain] if plain else []))
            figures = f"{theirs[0]:9.2f}{mine / theirs[0]:7.2f}" if theirs else " " * 16
            flat = mine / smallest.setdefault(name, mine)
            print(f"{size:>10,}  {name:34}{mine:9.2f}{figures}{flat:7.2f}", flush=True)


def _medians(clock: Callable[[], float], *calls: Call) -> list[float]:
    """Return the median milliseconds of calls that take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for samples, call in zip(times, calls, strict=True):
            begun = clock()
            call()
            samples.append((clock() - begun) * 1000)
            db.session.remove()
    return [median(samples) for samples in times]


def _people() -> tuple[list[UUID], list[UUID]]:
    with unit_of_work():
        practitioners = [practitioner_service.create(name=f"Practitioner {number}").id for number in range(10)]
        patients = [_patient(number) for number in range(200)]
        for practitioner_id in practitioners:
            hours_service.set_week(practitioner_id, [WeeklyRange(weekday, 480, 1020) for weekday in range(5)])
    return practitioners, patients


def _patient(number: int) -> UUID:
    return patient_service.create(family_name=f"Person {number}", email=f"person{number}@example.org").id


def _store(number: int, practitioners: Sequence[UUID], patients: Sequence[UUID], *, skip: int) -> int:
    """Store appointments of the working days around a Monday, those of the searched days first; return how many."""
    rows = (_row(index, practitioners, patients) for index in range(skip, skip + number))
    with _without_indexes(), db.engine.begin() as connection:
        for batch in iter(lambda: list(islice(rows, 5000)), []):
            connection.execute(insert(APPOINTMENTS), batch)
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE appointments")
    return number


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Remove indexes, triggers and exclusion constraints of the appointments, and add them again: that loads faster."""
    with db.engine.begin() as connection:
        rows = connection.exec_driver_sql(_OF_APPOINTMENTS[connection.dialect.name]).all()
        for kind, name, _ in rows:
            table = "ALTER TABLE appointments " if kind == "CONSTRAINT" else ""
            connection.exec_driver_sql(f'{table}DROP {kind} "{name}"')
    yield
    with db.engine.begin() as connection:
        for _, _, statement in rows:
            connection.exec_driver_sql(statement)


def _row(index: int, practitioners: Sequence[UUID], patients: Sequence[UUID]) -> dict[str, Any]:
    """Return the row of an appointment: sixteen half hours a day for each practitioner, on day after day."""
    slot, who = divmod(index, PRACTITIONERS)
    day, part = divmod(slot, A_DAY)
    days = day if day < DAYS_SEARCHED else -(day - DAYS_SEARCHED) - 1
    wall = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 8) + timedelta(days=days, minutes=30 * part)
    starts_at = wall.replace(tzinfo=UTC)
    return {
        "id": new_id(),
        "clinic_id": current_clinic_id(),
        "patient_id": patients[(index * 7 + day) % len(patients)],
        "practitioner_id": practitioners[who],
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "blocked_from": starts_at,
        "blocked_until": starts_at + timedelta(minutes=30),
        "wall_start": wall,
        "zone": "Europe/Lisbon",
        "status": "booked" if index % 3 else "fulfilled",
        "lane": 0,
        "late": False,
    }


def _starts() -> Iterator[datetime]:
    """Yield free starts: nine o'clock on working days."""
    days = (FREE + timedelta(days=number) for number in count())
    return (start for start in days if start.weekday() < 5)


def _listing(practitioner_id: UUID) -> tuple[Call, Call]:
    since = datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=UTC)
    before = since + timedelta(days=1)

    def ours() -> None:
        found = appointment_service.list(practitioner_id=practitioner_id, since=since, before=before)
        assert len(found.rows) == A_DAY

    columns = APPOINTMENTS.c
    load = _loading(
        list(columns),
        columns.practitioner_id == practitioner_id,
        columns.starts_at >= since,
        columns.starts_at < before,
    )

    def plain() -> None:
        assert len(load()) == A_DAY

    return ours, plain


def _booking(practitioner_id: UUID, patient_id: UUID, starts: Iterator[datetime]) -> tuple[Call, Call]:
    """Return a booking, and the writing of the same rows: appointment, history, event, deliveries, audit, message."""

    def ours() -> datetime:
        start = next(starts)
        end = start + timedelta(minutes=30)
        appointment_service.create(patient_id=patient_id, practitioner_id=practitioner_id, starts_at=start, ends_at=end)
        return start

    with _recorded() as statements:
        first = ours()
    written = [one for one in statements if one[0].lstrip().upper().startswith(("INSERT", "UPDATE"))]
    writes = [(statement, row) for statement, rows in written for row in (rows if isinstance(rows, list) else [rows])]

    def plain() -> None:
        _write(writes, _replacements(writes, first, next(starts)))

    return ours, plain


def _replacements(writes: Sequence[tuple[str, Any]], first: datetime, start: datetime) -> dict[Any, Any]:
    """Return new ids for the rows that were written, and new times for the appointment."""
    sqlite = db.engine.dialect.name == "sqlite"
    found: dict[Any, Any] = {}
    for statement, parameters in writes:
        if statement.startswith("INSERT"):
            columns = statement[statement.index("(") + 1 : statement.index(")")].split(", ")
            old = parameters["id"] if isinstance(parameters, dict) else parameters[columns.index("id")]
            found[old] = new_id().hex if sqlite else new_id()
    for minutes in (0, 30):
        times = [(one + timedelta(minutes=minutes)) for one in (first, start)]
        naive = [one.replace(tzinfo=None) for one in times]
        if sqlite:
            naive_texts = [f"{one:%Y-%m-%d %H:%M:%S.%f}" for one in naive]
            found[naive_texts[0]] = naive_texts[1]
        else:
            found |= {times[0]: times[1], naive[0]: naive[1]}
    return found


def _write(writes: Sequence[tuple[str, Any]], replacements: dict[Any, Any]) -> None:
    """Write rows with the driver, in one transaction."""
    connection: Any = db.engine.raw_connection()
    cursor = connection.cursor()
    if db.engine.dialect.name == "sqlite":
        cursor.execute("BEGIN IMMEDIATE")
    for statement, given in writes:
        if isinstance(given, dict):
            cursor.execute(statement, {name: _replaced(value, replacements) for name, value in given.items()})
        else:
            cursor.execute(statement, [_replaced(value, replacements) for value in given])
    cursor.execute("COMMIT")
    connection.close()


def _replaced(value: Any, replacements: dict[Any, Any]) -> Any:
    try:
        return replacements.get(value, value)
    except TypeError:  # a JSON value of PostgreSQL's driver
        return value


def _search(practitioners: Sequence[UUID]) -> tuple[Call, Call]:
    last = MONDAY + timedelta(days=DAYS_SEARCHED - 1)
    since = datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=UTC)

    def ours() -> None:
        availability_service.find(length=30, first_day=MONDAY, last_day=last)

    columns = APPOINTMENTS.c
    load = _loading(
        [columns[name] for name in (*BOOKED, "place", "lane")],
        columns.practitioner_id.in_(practitioners),
        columns.starts_at >= since,
        columns.starts_at < since + timedelta(days=DAYS_SEARCHED),
        columns.status.in_(ACTIVE),
    )
    return ours, load


def _loading(columns: Sequence[Column[Any]], *conditions: ColumnElement[bool]) -> Callable[[], list[Any]]:
    """Return a call that selects appointments with the driver, with the values as Python has them."""
    of_clinic = APPOINTMENTS.c.clinic_id == current_clinic_id()
    wanted = select(*columns).where(of_clinic, *conditions).order_by(APPOINTMENTS.c.starts_at, APPOINTMENTS.c.id)
    with _recorded() as selects:
        db.session.connection().execute(wanted)
    sqlite = db.engine.dialect.name == "sqlite"
    parsers = [PARSERS.get(type(column.type)) if sqlite else None for column in columns]

    def load() -> list[Any]:
        rows = _executed(*selects[0])
        if not sqlite:
            return rows
        return [
            [
                value if parse is None or value is None else parse(value)
                for parse, value in zip(parsers, row, strict=True)
            ]
            for row in rows
        ]

    return load


@contextmanager
def _recorded() -> Iterator[list[tuple[str, Any]]]:
    """Record the statements that the driver gets, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE")):
            statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", record)
        db.session.remove()


def _executed(statement: str, parameters: Any) -> list[Any]:
    """Execute a statement with the driver, and return its rows."""
    connection: Any = db.engine.raw_connection()
    cursor = connection.cursor()
    rows: list[Any] = cursor.execute(statement, parameters).fetchall()
    connection.rollback()
    connection.close()
    return rows


if __name__ == "__main__":
    main()
