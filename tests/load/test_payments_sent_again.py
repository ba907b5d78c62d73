"""Payments that are sent several times at once are taken once and answered alike, unless their keys are ignored."""

from pathlib import Path
from secrets import token_urlsafe

import pytest

from tests.databases import a_postgres_database, a_sqlite_database
from tests.load.payments_sent_again import run

pytestmark = pytest.mark.crash

DATABASES = {"sqlite": a_sqlite_database, "postgresql": a_postgres_database}
FEW = 25
"""Nine payments of whole invoices, eight halves of four others, and eight deposits."""


@pytest.mark.row(71)
@pytest.mark.parametrize(("database", "unguarded"), [("sqlite", False), ("postgresql", False), ("sqlite", True)])
def test_payments_sent_again_are_taken_once_and_answered_alike(tmp_path: Path, database: str, unguarded: bool) -> None:
    with DATABASES[database]() as url:
        settings = {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": str(tmp_path), "SECRET_KEY": token_urlsafe(48)}

        outcome = run(settings, payments=FEW, processes=2, unguarded=unguarded)

    assert outcome.lost
    if unguarded:
        assert outcome.rows > FEW
        assert outcome.unequal
        return
    assert (outcome.rows, outcome.unequal, set(outcome.statuses)) == (FEW, 0, {201})
    assert outcome.first <= FEW
    assert (outcome.balanced, outcome.published, outcome.findings) == (13, 13, 0)
