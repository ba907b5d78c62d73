"""Each kind of query is answered from an index, on both databases."""

import re
from typing import Any

import pytest
from sqlalchemy import event

from clinic.core.db import db
from clinic.patients.service import patient_service
from tests.builders import a_patient
from tests.fixtures import StoreOnce

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]

QUERIES = [
    "p",
    "per",
    "ines per",
    "pereira 1991-06-21",
    "pereira 912 555",
    "5014",
    "P-1",
    "21.6.1991",
    "ines@example.org",
    "perreira",
    "perreira ines",
]

_TABLES = "(SELECT oid FROM pg_class WHERE relname LIKE 'patient%%')"
FORGET_STATISTICS = [
    f"DELETE FROM pg_statistic WHERE starelid IN {_TABLES}",
    f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid IN {_TABLES}",
]
"""What PostgreSQL found out by itself, meanwhile, about the few rows of earlier tests."""


@pytest.fixture(autouse=True)
def some_patients(inside: None, store_once: StoreOnce) -> None:
    """Thirty patients, in tables and indexes without the pages that earlier tests have left empty."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("TRUNCATE patient_tokens, patient_name_variants")
    store_once(_register)


def _register() -> None:
    for number in range(30):
        a_patient(given_name=f"Ines {number}", phone="+351912555014")


def plans_of(query: str) -> list[str]:
    """Return the plans of the statements that read the index for a query, made as for tables too large to be read."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET enable_seqscan = off")
        for forget in FORGET_STATISTICS:
            connection.exec_driver_sql(forget)
    executed: list[tuple[str, Any]] = []
    event.listen(connection, "before_cursor_execute", lambda *args: executed.append((args[2], args[3])))
    patient_service.find_matches(query, limit=20)
    explain = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    reading = [one for one in executed if re.search("FROM patient_(tokens|name_variants)", one[0])]
    return [
        "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + sql, values)) for sql, values in reading
    ]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_reads_the_index_in_its_order_and_no_table(query):
    plans = plans_of(query)

    assert plans
    for plan in plans:
        assert re.search(r"using (pk_patient_tokens|PRIMARY KEY \(partition=\? AND token)", plan, re.IGNORECASE), plan
        assert not re.search(r"Seq Scan|SCAN patient_|Sort|Hash Join", plan), plan


@pytest.mark.slow
def test_a_typing_error_reads_the_words_and_then_the_patients_from_their_indexes():
    words, corrected = plans_of("perreira")

    assert re.search(
        r"(using|Bitmap Index Scan on) (pk_patient_name_variants|PRIMARY KEY \(partition=\? AND variant=)",
        words,
        re.IGNORECASE,
    )
    assert re.search(r"using (pk_patient_tokens|PRIMARY KEY \(partition=\? AND token)", corrected, re.IGNORECASE)
