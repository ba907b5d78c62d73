"""Sealing of entries: order, batches, concurrency, key."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert

from clinic import create_app
from clinic.audit import hash_chain
from clinic.audit.checkpoint import Checkpoint, checkpoint_file, load_checkpoint
from clinic.audit.hash_chain import seal_due
from clinic.audit.verification import verify
from clinic.core.audit import AuditEntry
from clinic.core.db import db
from clinic.core.errors import BadConfiguration
from clinic.core.ids import new_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic
from tests.audit.sealed_entries import record_actions, sealed_rows
from tests.builders import a_patient
from tests.concurrency import run_at_once
from tests.fixtures import Run

pytestmark = pytest.mark.usefixtures("no_checkpoint", "inside")


def test_new_entries_are_sealed_in_batches_after_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_chain, "BATCH", 7)
    record_actions(20)
    seal_due()
    record_actions(3)

    before, sealed = verify(), seal_due()

    assert (before.checked, before.unsealed, sealed) == (21, 3, 3)  # the clinic's own entry is the first
    assert [row["position"] for row in sealed_rows()] == list(range(1, 25))
    assert load_checkpoint() == Checkpoint(24, sealed_rows()[-1]["seal"])
    assert verify().total == 0


@pytest.mark.both_databases
def test_an_entry_that_is_committed_late_is_sealed_after_later_ones() -> None:
    early = new_id()
    record_actions(2)
    seal_due()
    last = sealed_rows()[-1]
    late = {**last, "id": early, "position": None, "seal": None, "at": last["at"] - timedelta(seconds=9)}

    with unit_of_work():
        db.session.connection().execute(insert(AuditEntry), [late])

    assert (verify().total, seal_due(), verify().total) == (0, 1, 0)
    assert sealed_rows()[-1]["id"] == early


@pytest.mark.slow
def test_concurrent_workers_seal_one_chain(app: Flask, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_chain, "BATCH", 10)
    record_actions(120)

    outcomes = run_at_once(app, clinic.id, 4, lambda _number: seal_due())

    assert outcomes == [None] * 4
    assert [row["position"] for row in sealed_rows()] == list(range(1, 122))
    assert verify().total == 0


@pytest.mark.slow
def test_the_worker_seals_new_entries(run: Run) -> None:
    a_patient()

    run("worker", "--once")

    assert verify().unsealed == 0
    assert verify().checked >= 2


def test_key_and_checkpoint_are_readable_by_their_owner_only(app: Flask) -> None:
    record_actions()
    seal_due()

    files = [Path(app.instance_path) / "audit_key", checkpoint_file()]

    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600, 0o600]


def test_with_another_key_no_seal_is_valid(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    record_actions(5)
    seal_due()

    monkeypatch.setitem(app.config, "AUDIT_KEY", "another key of more than 32 characters")

    assert verify().total == verify().checked == 6


def test_a_missing_key_of_existing_seals_is_not_replaced(app: Flask) -> None:
    record_actions()
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
def test_a_weak_key_of_the_audit_trail_is_rejected_at_start_up(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="CLINIC_AUDIT_KEY is missing or weak"):
        create_app({"INSTANCE_PATH": tmp_path, "AUDIT_KEY": "short"})
