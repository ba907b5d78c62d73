"""After the upgrade, the search index has what the program would write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.patients.service import patient_service
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

BEFORE_PAIRS = "0021"

PEOPLE: list[dict[str, Any]] = [
    {"family_name": "Weiß", "given_name": "Jörg", "phone": "+351912555014", "email": "joerg@example.org"},
    {"family_name": "Петрова", "preferred_name": "Dasha", "birth_date": "1987-03-27"},
    {"family_name": "Archived", "state": "archived"},
]


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UUID]:
    """A clinic with patients of revision 0013, upgraded."""
    with an_older_database(request.param, tmp_path, "0013"):
        clinic_id = _insert_people()
        upgrade()
        with clinic_scope(clinic_id):
            yield clinic_id


def test_everybody_is_found_as_before_and_nothing_is_left_to_index(upgraded: UUID) -> None:
    queries = ("joerg weiss", "wiess", "5014", "P-1", "petrova 27.3.87", "dasha", "pereira", "123456789", "archived")

    found = {query: [one.mrn for one in patient_service.search(query).rows] for query in queries}

    assert [*found.values()] == [["P-000001"]] * 4 + [["P-000002"]] * 4 + [[]]
    assert [one.mrn for one in patient_service.search("archived", archived=True).rows] == ["P-000003"]
    assert [*patient_service.reindex()][-1].written == 0


@pytest.mark.slow
def test_a_downgrade_brings_back_the_table_of_words(upgraded: UUID) -> None:
    db.session.remove()

    result = current_app.test_cli_runner().invoke(args=["db", "downgrade", "0013", "--delete-data"])

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM patient_words")) == 0


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def with_a_merge(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UUID]:
    """A clinic of the revision before pair tokens had whole words: of three records one remains."""
    with an_older_database(request.param, tmp_path, BEFORE_PAIRS):
        clinic_id, ids = _insert_people(), [uuid4() for _ in range(2)]
        with db.engine.begin() as connection:
            survivor = connection.scalar(text("SELECT id FROM patients WHERE mrn = 'P-000001'"))
        for number, (patient_id, name, into) in enumerate(
            zip(ids, ("Zamora", "Jansen"), (UUID(str(survivor)), ids[0]), strict=True), 8
        ):
            row = {
                "id": patient_id,
                "clinic_id": clinic_id,
                "mrn": f"P-{number:06d}",
                "sex": "unknown",
                "sort_name": "x",
            }
            insert("patients", row | {"family_name": name, "state": "merged", "merged_into_id": into})
        _insert_old_tokens(clinic_id)
        upgrade()
        with clinic_scope(clinic_id):
            yield clinic_id


def test_two_names_and_the_names_of_merged_records_are_found_after_the_upgrade(with_a_merge: UUID) -> None:
    queries = ("joerg weiss", "jor wei", "jor zam", "jansen joerg", "jansne", "P-9")

    found = {query: [one.mrn for one in patient_service.search(query).rows] for query in queries}

    assert found == {query: ["P-000001"] for query in queries}


def _insert_old_tokens(clinic_id: UUID) -> None:
    """Store the tokens of Jörg Weiß as they were: the beginnings of two words are a pair."""
    tokens = ["m1", "njoerg", "njorg", "nweiss", "wjoejor", "wjoewei", "wjorwei"]
    row = {"partition": clinic_id.int & ((1 << 62) - 1), "patient": -1}
    with db.engine.begin() as connection:
        for token in tokens:
            connection.execute(
                text("INSERT INTO patient_tokens VALUES (:partition, :token, :patient)"), row | {"token": token}
            )
        connection.execute(
            text("INSERT INTO patient_token_sets VALUES (:partition, :patient, :tokens)"),
            row | {"tokens": f" {' '.join(tokens)} "},
        )


def _insert_people() -> UUID:
    clinic_id, ids = uuid4(), [uuid4() for _ in PEOPLE]
    same = {"currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
    insert("clinics", {"id": clinic_id, "name": "Harbour", "zone": "Europe/Lisbon", "country": "PT", **same})
    for number, (patient_id, fields) in enumerate(zip(ids, PEOPLE, strict=True), start=1):
        row = {"id": patient_id, "clinic_id": clinic_id, "mrn": f"P-{number:06d}", "sex": "unknown", "sort_name": "x"}
        insert("patients", row | fields)
    details = [("former-name", {"family_name": "Pereira"}), ("identifier", {"value": "123 456 789"})]
    with db.engine.begin() as connection:
        for position, (kind, values) in enumerate(details):
            row = {"id": uuid4().hex, "clinic_id": clinic_id.hex, "patient_id": ids[1].hex, "kind": kind}
            row |= {"position": position, **values}
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO patient_details ({names}) VALUES ({places})"), row)
    return clinic_id
