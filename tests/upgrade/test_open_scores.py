"""Pairs of revision 0028 have a score of their own for those who may not see contact details after the upgrade."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.context import Actor, reset_actor, set_actor
from clinic.core.db import db
from clinic.patients.service import duplicate_service
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0028"

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
PERSON = {"family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
PAIRS = {
    "email": (("same-name", "same-birth-date", "same-email"), 100, 92),
    "phone": (("same-family", "same-phone", "other-birth-date"), 60, 0),
    "identifier": (("same-identifier", "same-name", "same-birth-date"), 100, 100),
}
"""Reasons of a pair, with the score that is stored, and the one without contact details."""


def test_who_sees_no_contact_details_sees_the_score_of_the_other_reasons(ids: dict[str, UUID]) -> None:
    token = set_actor(Actor("key:1", permissions=frozenset({"patients:read"})))
    try:
        found = {pair.id: pair.score for pair in duplicate_service.list().rows}
    finally:
        reset_actor(token)

    assert found == {ids[name]: without for name, (_, _, without) in PAIRS.items() if without}


def test_who_sees_them_sees_the_score_as_before(ids: dict[str, UUID]) -> None:
    assert {pair.id: pair.score for pair in duplicate_service.list().rows} == {
        ids[name]: score for name, (_, score, _) in PAIRS.items()
    }


def test_pairs_stay_when_the_other_score_goes(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        kept = connection.execute(text("SELECT score FROM duplicate_pairs")).scalars().all()
    assert sorted(kept) == sorted(score for _, score, _ in PAIRS.values())


def insert_rows() -> dict[str, UUID]:
    """Insert pairs with their reasons."""
    ids = {name: uuid4() for name in ("clinic", *PAIRS)}
    usual = {"zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False}
    insert("clinics", {"id": ids["clinic"], **CLINIC, **usual})
    for number, (name, (reasons, score, _)) in enumerate(PAIRS.items()):
        _insert_pair(ids[name], ids["clinic"], number, reasons, score)
    return ids


def _insert_pair(id_: UUID, clinic: UUID, number: int, reasons: tuple[str, ...], score: int) -> None:
    first, second = sorted((uuid4(), uuid4()), key=lambda one: one.hex)
    for place, patient in enumerate((first, second)):
        own = {"id": patient, "clinic_id": clinic, "mrn": f"P-0000{number}{place}"}
        insert("patients", own | PERSON)
    listed = str([*reasons]).replace("'", '"')
    found = {"score": score, "reasons": listed, "state": "to-decide", "found_at": NOW}
    insert_plain("duplicate_pairs", {"id": id_, "clinic_id": clinic, "first_id": first, "second_id": second, **found})
