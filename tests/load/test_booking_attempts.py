"""No two of many attempts over HTTP to book the same times succeed, unless check and guard are switched off."""

from pathlib import Path
from secrets import token_urlsafe

import pytest

from tests.databases import a_postgres_database, a_sqlite_database
from tests.load.booking_attempts import run

pytestmark = pytest.mark.crash

DATABASES = {"sqlite": a_sqlite_database, "postgresql": a_postgres_database}
FEW = {"attempts": 100, "processes": 4, "slots": 8}


@pytest.mark.row(76)
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("unguarded", [False, True])
def test_of_many_attempts_exactly_the_possible_ones_succeed(tmp_path: Path, database: str, unguarded: bool) -> None:
    with DATABASES[database]() as url:
        settings = {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": str(tmp_path), "SECRET_KEY": token_urlsafe(48)}

        outcome = run(settings, **FEW, unguarded=unguarded)

    if unguarded:
        assert outcome.overlaps > 0
        return
    assert set(outcome.statuses) == {201, 409}
    assert outcome.statuses[201] == outcome.booked
    assert (outcome.overlaps, outcome.unexplained) == (0, 0)
