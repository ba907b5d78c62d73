"""The seals of the audit trail: whatever is done to it, it is found."""

import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal_column, select, update
from sqlalchemy.exc import DBAPIError

from clinic import create_app
from clinic.core import sealing
from clinic.core.audit import AuditEntry, record_act
from clinic.core.context import Acting, start_acting, stop_acting
from clinic.core.database import db, unit_of_work
from clinic.core.errors import BadConfiguration
from clinic.core.heads import Head, head_file, keep_head, kept_head
from clinic.core.ids import new_id
from clinic.core.sealing import seal_due, verify
from clinic.staff.service import Clinic
from tests.builders import a_patient, a_practitioner, an_appointment
from tests.conftest import Run
from tests.core.tampering import EDITS, Row, another, set_head, stored, write
from tests.threads import run_at_once

EDITED = 1000

pytestmark = pytest.mark.usefixtures("nothing_kept", "inside")


@pytest.fixture
def nothing_kept(app: Flask) -> Iterator[None]:
    """A machine that has kept nothing of another test's trail, which is gone, nor keeps anything of this one's."""
    with app.app_context():
        file = head_file()
    file.unlink(missing_ok=True)
    yield
    file.unlink(missing_ok=True)


def sealed_rows() -> list[Row]:
    """Return the sealed entries as they are now."""
    db.session.commit()
    return stored(db.session.connection())


class TakenBack(Exception):
    """Ends a unit of work of which nothing is to stay."""


def act(times: int = 1) -> None:
    """Write entries of which each has something in every column."""
    who = Acting("staff:somebody", "a-request", address="192.0.2.1", session_id=new_id(), key_id=new_id())
    token = start_acting(who)
    with unit_of_work():
        for number in range(times):
            record_act("tried", "tests", new_id(), new_id(), number=number, words="São João", share=number / 7)
    stop_acting(token)


def forty_sealed_entries() -> None:
    """Seal entries of all kinds, in several batches."""
    an_appointment(a_patient(), a_practitioner())
    seal_due()
    act(40 - (db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0))
    seal_due()


def with_edit(edit: Callable[[Connection], object]) -> int:
    """Return how many problems are found after an edit, and take it back."""
    total = -1
    with pytest.raises(TakenBack), unit_of_work():
        edit(db.session.connection())
        total = verify().total
        raise TakenBack
    return total


@pytest.mark.slow
def test_of_a_thousand_random_edits_every_one_is_found() -> None:
    forty_sealed_entries()
    chance = Random(20261122)
    sealed = sealed_rows()
    missed = []

    for number in range(EDITED):
        edit, seen = EDITS[number % len(EDITS)], ""

        def edited(connection: Connection, edit=edit) -> None:
            nonlocal seen
            seen = edit(connection, sealed, chance)

        if not with_edit(edited):
            missed.append((edit.__name__, seen))

    assert len(sealed) == 40
    assert missed == []
    assert (verify().checked, verify().total) == (40, 0)


@pytest.mark.parametrize("name", [column.name for column in AuditEntry.__table__.columns])
def test_a_change_of_any_column_is_found(name: str) -> None:
    act(3)
    seal_due()
    row = sealed_rows()[1]

    assert with_edit(lambda connection: write(connection, row["id"], **{name: another(name, row, Random(1))}))


def rewritten(what: str, sealed: Row) -> Callable[[Connection], object]:
    """Return what writes a cell of an entry anew, by an expression of the database's own."""
    statement = update(AuditEntry).where(AuditEntry.id == sealed["id"]).values(**SPELLINGS[what]())
    return lambda connection: connection.execute(statement)


SPELLINGS: dict[str, Callable[[], dict[str, Any]]] = {
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
OF_BOTH = {"changes with an escape", "changes with a space", "changes with a name twice"}


def _json(expression: str) -> ColumnElement[Any]:
    return literal_column(f"({expression})" + ("::json" if db.engine.dialect.name == "postgresql" else ""))


@pytest.mark.both_databases
@pytest.mark.parametrize("what", SPELLINGS)
def test_a_cell_that_reads_the_same_but_is_spelled_otherwise_is_found(what: str) -> None:
    act(5)
    seal_due()
    rows, reports = sealed_rows(), []

    def tamper(connection: Connection) -> None:
        rewritten(what, rows[2])(connection)
        reports.append(verify())

    if db.engine.dialect.name == "postgresql" and what not in OF_BOTH:
        with pytest.raises(DBAPIError):  # it has a single spelling of each of its own types
            with_edit(tamper)
        return
    assert with_edit(tamper) > 0
    assert rows[2]["id"] in {problem.entry_id for problem in reports[0].problems}
    assert reports[0].checked == len(rows)


@pytest.mark.both_databases
def test_a_changed_entry_is_named_and_its_neighbours_are_not() -> None:
    act(5)
    seal_due()
    row = sealed_rows()[2]

    with unit_of_work():
        write(db.session.connection(), row["id"], actor="somebody else")
    report = verify()

    assert [(one.position, one.entry_id) for one in report.problems] == [(3, row["id"])]


def test_a_missing_entry_is_one_problem_however_many_stand_behind_it() -> None:
    act(9)
    seal_due()

    with unit_of_work():
        db.session.connection().execute(delete(AuditEntry).where(AuditEntry.position == 4))

    assert [one.position for one in verify().problems] == [5]


def test_of_many_problems_the_first_are_told_and_all_are_counted() -> None:
    act(30)
    seal_due()

    with unit_of_work():
        db.session.connection().execute(update(AuditEntry).values(actor="nobody"))
    report = verify()

    assert (report.total, len(report.problems)) == (31, 20)


def cut(left: int) -> None:
    """Cut the end off, and make the database look as if nothing had ever been there."""
    with unit_of_work():
        connection = db.session.connection()
        sealed = stored(connection)
        connection.execute(delete(AuditEntry).where(AuditEntry.position > left))
        set_head(connection, left, sealed[left - 1]["seal"])


def test_an_end_that_was_cut_off_and_grew_again_is_still_found() -> None:
    act(8)
    seal_due()
    cut(5)
    found, kept = [one.position for one in verify().problems], kept_head()

    act(10)
    seal_due()
    report = verify()

    assert found == [5]
    assert [one.position for one in report.problems] == [9]
    assert kept_head() == kept


def test_what_is_cut_off_with_everything_that_is_known_of_it_is_found_by_the_head_kept_apart_alone() -> None:
    act(8)
    seal_due()
    cut(5)
    head_file().unlink()

    report = verify()

    assert (report.total, report.is_head_kept) == (0, False)


def test_an_entry_of_an_end_that_was_cut_off_does_not_fit_into_the_one_that_grew_instead() -> None:
    act(8)
    seal_due()
    old = sealed_rows()[7]
    cut(5)
    act(10)
    seal_due()
    head_file().unlink()

    with unit_of_work():
        db.session.connection().execute(delete(AuditEntry).where(AuditEntry.position == old["position"]))
        db.session.connection().execute(insert(AuditEntry), [old])

    assert [one.position for one in verify().problems] == [8, 9]


def test_a_head_that_was_set_back_does_not_keep_new_entries_from_being_sealed() -> None:
    act(4)
    seal_due()
    with unit_of_work():
        set_head(db.session.connection(), 2, "")
    act(2)

    is_found, sealed = verify().total > 0, seal_due()

    assert (is_found, sealed) == (True, 2)
    assert (verify().checked, verify().total) == (7, 0)


def test_a_trail_of_which_nothing_is_sealed_yet_is_sound() -> None:
    report = verify()

    assert (report.checked, report.unsealed, report.total) == (0, 1, 0)


def test_new_entries_wait_for_their_seal_and_then_follow_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 7)
    act(20)
    seal_due()
    act(3)

    waiting, sealed = verify(), seal_due()

    assert (waiting.checked, waiting.unsealed, sealed) == (21, 3, 3)  # the clinic's own entry is the first
    assert [row["position"] for row in sealed_rows()] == list(range(1, 25))
    assert kept_head() == Head(24, sealed_rows()[-1]["seal"])
    assert verify().total == 0


@pytest.mark.both_databases
def test_an_entry_that_was_committed_late_is_sealed_behind_later_ones() -> None:
    early = new_id()
    act(2)
    seal_due()
    last = sealed_rows()[-1]
    late = {**last, "id": early, "position": None, "seal": None, "at": last["at"] - timedelta(seconds=9)}

    with unit_of_work():
        db.session.connection().execute(insert(AuditEntry), [late])

    assert (verify().total, seal_due(), verify().total) == (0, 1, 0)
    assert sealed_rows()[-1]["id"] == early


@pytest.mark.both_databases
def test_workers_that_seal_at_once_take_turns(app: Flask, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 10)
    act(120)

    outcomes = run_at_once(app, clinic.id, 4, lambda _number: seal_due())

    assert outcomes == [None] * 4
    assert [row["position"] for row in sealed_rows()] == list(range(1, 122))
    assert verify().total == 0


def test_the_worker_seals_what_has_happened(run: Run) -> None:
    a_patient()

    run("worker", "--once")

    assert verify().unsealed == 0
    assert verify().checked >= 2


def test_the_key_and_the_last_seal_are_kept_for_their_owner_only(app: Flask) -> None:
    act()
    seal_due()

    files = [Path(app.instance_path) / "audit_key", head_file()]

    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600, 0o600]


def test_the_head_that_is_kept_never_goes_back() -> None:
    keep_head(Head(7, "g"))
    keep_head(Head(3, "c"))

    assert kept_head() == Head(7, "g")


def test_databases_that_are_called_alike_have_heads_of_their_own(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(app.instance_path)
    urls = [f"sqlite:///{folder}/clinic.db", f"sqlite:///{folder.parent}/clinic.db"]
    urls += [f"postgresql://{host}/clinic" for host in ("somebody:secret@here", "there")]
    files = []
    for url in urls:
        monkeypatch.setitem(app.config, "SQLALCHEMY_DATABASE_URI", url)
        files.append(head_file())
    monkeypatch.setitem(app.config, "SQLALCHEMY_DATABASE_URI", "postgresql://somebody:another@here/clinic")

    assert len({*files}) == len(urls)
    assert {file.parent for file in files} == {folder}
    assert files[0].name == "clinic-audit-head"
    assert head_file() == files[2]


def test_a_head_that_cannot_be_read_is_no_missing_one() -> None:
    head_file().write_text("nonsense")

    with pytest.raises(BadConfiguration, match="can't be read"):
        kept_head()


def test_with_another_key_no_seal_fits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    act(5)
    seal_due()

    monkeypatch.setitem(app.config, "AUDIT_KEY", "another key of more than 32 characters")

    assert verify().total == verify().checked == 6


def test_seals_whose_key_is_gone_are_not_checked_with_a_new_one(app: Flask) -> None:
    act()
    seal_due()
    key = Path(app.instance_path) / "audit_key"
    aside = key.rename(key.with_suffix(".aside"))

    try:
        with pytest.raises(BadConfiguration, match="CLINIC_AUDIT_KEY"):
            verify()
        assert not key.exists()
    finally:
        aside.rename(key)


@pytest.mark.row(94)
def test_a_weak_key_of_the_audit_trail_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="CLINIC_AUDIT_KEY is missing or weak"):
        create_app({"INSTANCE_PATH": tmp_path, "AUDIT_KEY": "short"})
