"""Verification of the audit trail: every change of sealed entries is reported."""

from random import Random

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from clinic.audit.checkpoint import checkpoint_file, load_checkpoint
from clinic.audit.hash_chain import seal_due
from clinic.audit.verification import verify
from clinic.core.audit import AuditEntry
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from tests.audit.sealed_entries import record_actions, sealed_rows, verify_with
from tests.audit.tampering import EDITS, another, set_head, stored, write
from tests.builders import a_patient, a_practitioner, an_appointment

EDITED = 1000

pytestmark = pytest.mark.usefixtures("no_checkpoint", "inside")


def forty_sealed_entries() -> None:
    """Seal entries of all types, in several batches."""
    an_appointment(a_patient(), a_practitioner())
    seal_due()
    record_actions(40 - (db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0))
    seal_due()


def truncate(left: int) -> None:
    """Delete the end of the chain, and set the head to match."""
    with unit_of_work():
        connection = db.session.connection()
        sealed = stored(connection)
        connection.execute(delete(AuditEntry).where(AuditEntry.position > left))
        set_head(connection, left, sealed[left - 1]["seal"])


@pytest.mark.slow
def test_each_of_a_thousand_random_edits_is_reported() -> None:
    forty_sealed_entries()
    chance = Random(20261122)
    sealed = sealed_rows()
    missed = []

    for number in range(EDITED):
        edit, seen = EDITS[number % len(EDITS)], ""

        def edited(connection: Connection, edit=edit) -> None:
            nonlocal seen
            seen = edit(connection, sealed, chance)

        if not verify_with(edited).total:
            missed.append((edit.__name__, seen))

    assert len(sealed) == 40
    assert missed == []
    assert (verify().checked, verify().total) == (40, 0)


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("name", [column.name for column in AuditEntry.__table__.columns])
def test_a_change_of_any_column_is_reported(name: str) -> None:
    record_actions(3)
    seal_due()
    row = sealed_rows()[1]

    report = verify_with(lambda connection: write(connection, row["id"], **{name: another(name, row, Random(1))}))

    assert report.total > 0


@pytest.mark.both_databases
def test_a_changed_entry_is_reported_without_its_neighbours() -> None:
    record_actions(5)
    seal_due()
    row = sealed_rows()[2]

    with unit_of_work():
        write(db.session.connection(), row["id"], actor="somebody else")

    assert [(problem.position, problem.entry_id) for problem in verify().problems] == [(3, row["id"])]


def test_a_missing_entry_is_one_problem() -> None:
    record_actions(9)
    seal_due()

    with unit_of_work():
        db.session.connection().execute(delete(AuditEntry).where(AuditEntry.position == 4))

    assert [problem.position for problem in verify().problems] == [5]


def test_the_first_problems_are_listed_and_all_are_counted() -> None:
    record_actions(30)
    seal_due()

    with unit_of_work():
        db.session.connection().execute(update(AuditEntry).values(actor="nobody"))
    report = verify()

    assert (report.total, len(report.problems)) == (31, 20)


def test_a_truncated_chain_that_grew_again_is_reported() -> None:
    record_actions(8)
    seal_due()
    truncate(5)
    found, checkpoint = [problem.position for problem in verify().problems], load_checkpoint()

    record_actions(10)
    seal_due()
    report = verify()

    assert found == [5]
    assert [problem.position for problem in report.problems] == [9]
    assert load_checkpoint() == checkpoint


def test_a_truncation_with_a_matching_head_is_not_found_without_the_checkpoint() -> None:
    record_actions(8)
    seal_due()
    truncate(5)
    checkpoint_file().unlink()

    report = verify()

    assert (report.total, report.has_checkpoint) == (0, False)


def test_an_entry_of_the_truncated_end_does_not_fit_into_the_new_one() -> None:
    record_actions(8)
    seal_due()
    old = sealed_rows()[7]
    truncate(5)
    record_actions(10)
    seal_due()
    checkpoint_file().unlink()

    with unit_of_work():
        db.session.connection().execute(delete(AuditEntry).where(AuditEntry.position == old["position"]))
        db.session.connection().execute(insert(AuditEntry), [old])

    assert [problem.position for problem in verify().problems] == [8, 9]


def test_a_head_that_was_set_back_is_reported_and_sealing_goes_on() -> None:
    record_actions(4)
    seal_due()
    with unit_of_work():
        set_head(db.session.connection(), 2, "")
    record_actions(2)

    is_reported, sealed = verify().total > 0, seal_due()

    assert (is_reported, sealed) == (True, 2)
    assert (verify().checked, verify().total) == (7, 0)


def test_unsealed_entries_are_counted_and_no_problem() -> None:
    report = verify()

    assert (report.checked, report.unsealed, report.total) == (0, 1, 0)
