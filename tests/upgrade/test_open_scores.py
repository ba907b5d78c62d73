"""Pairs of revision 0028 have a score of their own for those who may not see contact details after the upgrade."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.core.context import Actor, reset_actor, set_actor
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.patients.service import duplicate_service
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import NOW, an_older_database, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
PERSON = {"family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
PAIRS = {
    ("same-name", "same-birth-date", "same-email"): (100, 92),
    ("same-family", "same-phone", "other-birth-date"): (60, 0),
    ("same-identifier", "same-name", "same-birth-date"): (100, 100),
}
"""Reasons of a pair, with the score that is stored, and the one without contact details."""


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def pairs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[UUID, tuple[int, int]]]:
    """Pairs with their reasons, upgraded."""
    with an_older_database(request.param, tmp_path, "0028"):
        clinic, pairs = uuid4(), {}
        usual = {"zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False}
        insert("clinics", {"id": clinic, **CLINIC, **usual})
        for number, (reasons, scores) in enumerate(PAIRS.items()):
            pair = uuid4()
            _insert_pair(pair, clinic, number, reasons, scores[0])
            pairs[pair] = scores
        upgrade()
        with clinic_scope(clinic):
            yield pairs


def _insert_pair(id_: UUID, clinic: UUID, number: int, reasons: tuple[str, ...], score: int) -> None:
    first, second = sorted((uuid4(), uuid4()), key=lambda one: one.hex)
    for place, patient in enumerate((first, second)):
        own = {"id": patient, "clinic_id": clinic, "mrn": f"P-0000{number}{place}"}
        insert("patients", own | PERSON)
    listed = str([*reasons]).replace("'", '"')
    found = {"score": score, "reasons": listed, "state": "to-decide", "found_at": NOW}
    insert_plain("duplicate_pairs", {"id": id_, "clinic_id": clinic, "first_id": first, "second_id": second, **found})


def test_who_sees_no_contact_details_sees_the_score_of_the_other_reasons(pairs: dict[UUID, tuple[int, int]]) -> None:
    token = set_actor(Actor("key:1", permissions=frozenset({"patients:read"})))
    try:
        found = {pair.id: pair.score for pair in duplicate_service.list().rows}
    finally:
        reset_actor(token)

    assert found == {pair: without for pair, (_, without) in pairs.items() if without}


def test_who_sees_them_sees_the_score_as_before(pairs: dict[UUID, tuple[int, int]]) -> None:
    assert {pair.id: pair.score for pair in duplicate_service.list().rows} == {
        pair: score for pair, (score, _) in pairs.items()
    }


def test_pairs_stay_when_the_other_score_goes(pairs: dict[UUID, tuple[int, int]]) -> None:
    db.session.remove()

    result = current_app.test_cli_runner().invoke(args=["db", "downgrade", "0028", "--delete-data"])

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        kept = connection.execute(text("SELECT score FROM duplicate_pairs")).scalars().all()
    assert sorted(kept) == sorted(score for score, _ in pairs.values())
