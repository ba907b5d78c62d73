"""Stored values that were rewritten in another form of the same value."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, literal_column, update
from sqlalchemy.exc import DBAPIError

from clinic.audit.hash_chain import seal_due
from clinic.core.db import db
from tests.audit.sealed_entries import record_actions, sealed_rows, verify_with
from tests.audit.tampering import TABLE

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("no_checkpoint", "inside")]


def _json(expression: str) -> ColumnElement[Any]:
    return literal_column(f"({expression})" + ("::json" if db.engine.dialect.name == "postgresql" else ""))


REWRITES: dict[str, Callable[[], dict[str, Any]]] = {
    "changes with an escape": lambda: {"changes": _json("replace(CAST(changes AS TEXT), 'number', '\\u006eumber')")},
    "changes with a space": lambda: {"changes": _json("replace(CAST(changes AS TEXT), ': ', ':  ')")},
    "changes with a name twice": lambda: {"changes": _json("replace(CAST(changes AS TEXT), '{', '{\"words\": 1, ')")},
    "patient_id in capitals": lambda: {"patient_id": literal_column("upper(patient_id)")},
    "patient_id with a space": lambda: {"patient_id": literal_column("patient_id || ' '")},
    "record_id in capitals": lambda: {"record_id": literal_column("upper(record_id)")},
    "at with a T": lambda: {"at": literal_column("replace(at, ' ', 'T')")},
    "at with fewer digits": lambda: {"at": literal_column("substr(at, 1, 22)")},
    "at is no time": lambda: {"at": literal_column("'garbage'")},
    "record_id is none": lambda: {"record_id": literal_column("'zz'")},
    "changes are no JSON": lambda: {"changes": literal_column("'{bad'")},
    "actor is bytes": lambda: {"actor": literal_column("CAST(actor AS BLOB)")},
    "position is a word": lambda: {"position": literal_column("'abc'")},
    "seal is bytes": lambda: {"seal": literal_column("CAST(seal AS BLOB)")},
}
ON_POSTGRESQL = {"changes with an escape", "changes with a space", "changes with a name twice"}
"""The rewrites that PostgreSQL can store: its other types have a single form."""


@pytest.mark.breadth
@pytest.mark.parametrize("rewrite", REWRITES)
def test_a_value_rewritten_in_another_form_is_reported(rewrite: str) -> None:
    record_actions(5)
    seal_due()
    rows = sealed_rows()
    statement = update(TABLE).where(TABLE.c.id == rows[2]["id"]).values(**REWRITES[rewrite]())

    def edit(connection: Connection) -> None:
        connection.execute(statement)

    if db.engine.dialect.name == "postgresql" and rewrite not in ON_POSTGRESQL:
        with pytest.raises(DBAPIError):
            verify_with(edit)
        return
    report = verify_with(edit)
    assert rows[2]["id"] in {problem.entry_id for problem in report.problems}
    assert report.checked == len(rows)
