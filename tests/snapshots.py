"""Rows that services stored once, inserted again before each test that needs them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, Insert, Table, insert, select

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.events import event_bus
from clinic.core.modules import subscribe_handlers
from clinic.core.tenancy import clinic_scope
from tests.builders import a_clinic, a_signed_in_administrator
from tests.databases import GUARDED, without_guards

Row = dict[str, Any]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Snapshot:
    """The rows of an empty database after something was stored in it, and when that was."""

    rows: dict[Table, list[Row]]
    taken_at: datetime

    def insert(self, connection: Connection) -> dict[Table, list[Row]]:
        """Insert the rows as if they were stored now, and return them."""
        passed = now() - self.taken_at
        renewed = {table: [_renewed(row, passed) for row in rows] for table, rows in self.rows.items()}
        with without_guards(connection, *(table.name for table in renewed if table.name in GUARDED)):
            for table, rows in renewed.items():
                connection.execute(_insertion(table), rows)
        return renewed

    def without(self, other: "Snapshot") -> "Snapshot":
        """Return the rows that another snapshot does not have."""
        known = {table: other.rows.get(table, []) for table in self.rows}
        rows = {table: [row for row in rows if row not in known[table]] for table, rows in self.rows.items()}
        return Snapshot({table: new for table, new in rows.items() if new}, self.taken_at)


@dataclass(frozen=True)
class Prepared:
    """An application with its configuration, and the rows of a clinic and its administrator.

    The administrator has signed in and has an API key.
    """

    app: Flask
    config: dict[str, Any]
    clinic_id: UUID
    clinic_rows: Snapshot
    token: str
    key: str
    client_rows: Snapshot
    stored: dict[str, tuple[Snapshot, Any]] = field(default_factory=dict)

    def store_once(self, make: Callable[[], Made]) -> Made:
        """Store what a function of the current clinic makes; return its result, which holds ids and no records.

        It is called once. For later tests the rows that it has added are inserted again, as if they were stored now:
        all times in them are moved, so that the tests must not depend on a fixed one.
        """
        name = f"{make.__module__}.{make.__qualname__}"
        if name in self.stored:
            rows, made = self.stored[name]
            with db.engine.begin() as connection:
                rows.insert(connection)
            return made  # type: ignore[no-any-return]
        before = _take()
        with clinic_scope(self.clinic_id):
            made = make()
        self.stored[name] = _take().without(before), made
        return made


def prepare(app: Flask) -> Prepared:
    """Store a clinic and its administrator through the services, take their snapshots."""
    event_bus.clear()
    subscribe_handlers(app)
    with app.app_context():
        clinic = a_clinic()
        clinic_rows = _take()
    with app.app_context():
        token, key = a_signed_in_administrator(clinic)
        client_rows = _take().without(clinic_rows)
    return Prepared(app, dict(app.config), clinic.id, clinic_rows, token, key, client_rows)


@cache
def _insertion(table: Table) -> Insert:
    return insert(table)


def _take() -> Snapshot:
    with db.engine.connect() as connection:
        found = {table: connection.execute(select(table)).mappings().all() for table in Base.metadata.sorted_tables}
    return Snapshot({table: [dict(row) for row in rows] for table, rows in found.items() if rows}, now())


def _renewed(row: Row, passed: timedelta) -> Row:
    return {name: value + passed if isinstance(value, datetime) else value for name, value in row.items()}
