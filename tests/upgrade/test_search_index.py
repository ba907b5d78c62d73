"""After the upgrade, the search index has what the program would write."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.patients.service import patient_service
from tests.upgrade.older_database import Ids, Upgrades, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

BEFORE_INDEX, BEFORE_PAIRS = "0013", "0021"

PEOPLE: dict[str, dict[str, Any]] = {
    "P-000001": {"family_name": "Weiß", "given_name": "Jörg", "phone": "+351912555014", "email": "joerg@example.org"},
    "P-000002": {"family_name": "Петрова", "preferred_name": "Dasha", "birth_date": "1987-03-27"},
    "P-000003": {"family_name": "Archived", "state": "archived"},
}


@pytest.fixture
def upgraded(upgrades: Upgrades) -> Iterator[None]:
    """A clinic with patients of the revision before the index, upgraded."""
    with upgrades.enter(BEFORE_INDEX, _insert_people):
        yield


def test_everybody_is_found_as_before_and_nothing_is_left_to_index(upgraded: None) -> None:
    queries = ("joerg weiss", "wiess", "5014", "P-1", "petrova 27.3.87", "dasha", "pereira", "123456789", "archived")

    found = {query: [one.mrn for one in patient_service.search(query).rows] for query in queries}

    assert [*found.values()] == [["P-000001"]] * 4 + [["P-000002"]] * 4 + [[]]
    assert [one.mrn for one in patient_service.search("archived", archived=True).rows] == ["P-000003"]
    assert [*patient_service.reindex()][-1].written == 0


@pytest.mark.slow
def test_a_downgrade_brings_back_the_table_of_words(upgraded: None) -> None:
    result = downgrade(BEFORE_INDEX, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM patient_words")) == 0


@pytest.fixture
def with_a_merge(upgrades: Upgrades) -> Iterator[None]:
    """A clinic of the revision before pair tokens had whole words: of three records one remains."""
    with upgrades.enter(BEFORE_PAIRS, _insert_a_merge):
        yield


def test_two_names_and_the_names_of_merged_records_are_found_after_the_upgrade(with_a_merge: None) -> None:
    queries = ("joerg weiss", "jor wei", "jor zam", "jansen joerg", "jansne", "P-9")

    found = {query: [one.mrn for one in patient_service.search(query).rows] for query in queries}

    assert found == {query: ["P-000001"] for query in queries}


def _insert_a_merge() -> Ids:
    ids = _insert_people()
    merged = [uuid4() for _ in range(2)]
    for number, (patient_id, name, into) in enumerate(
        zip(merged, ("Zamora", "Jansen"), (ids["P-000001"], merged[0]), strict=True), 8
    ):
        row = {"id": patient_id, "clinic_id": ids["clinic"], "mrn": f"P-{number:06d}", "sex": "unknown"}
        row |= {"sort_name": "x", "family_name": name, "state": "merged", "merged_into_id": into}
        insert("patients", row)
    _insert_old_tokens(ids["clinic"])
    return ids


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


def _insert_people() -> Ids:
    ids = {name: uuid4() for name in ("clinic", *PEOPLE)}
    own = {"clinic_id": ids["clinic"]}
    same = {"currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
    insert("clinics", {"id": ids["clinic"], "name": "Harbour", "zone": "Europe/Lisbon", "country": "PT", **same})
    for mrn, fields in PEOPLE.items():
        insert("patients", {"id": ids[mrn], **own, "mrn": mrn, "sex": "unknown", "sort_name": "x", **fields})
    details = [("former-name", {"family_name": "Pereira"}), ("identifier", {"value": "123 456 789"})]
    for position, (kind, values) in enumerate(details):
        row = {"id": uuid4(), **own, "patient_id": ids["P-000002"], "kind": kind, "position": position}
        insert_plain("patient_details", row | values)
    return ids
