"""`flask audit …`, as operators know it."""

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, update

from clinic.core.audit import AuditEntry
from clinic.core.database import db
from clinic.core.heads import head_file
from clinic.core.sealing import seal_due
from tests.builders import a_patient
from tests.conftest import Here, Run
from tests.inspecting import rows


@pytest.fixture
def sealed(app: Flask, here: Here) -> None:
    """A trail with something sealed and one entry that is not."""
    with here():
        head_file().unlink(missing_ok=True)
        a_patient(email=None)
        seal_due()
        a_patient(family_name="Sousa", email=None)


def test_a_sound_trail_is_said_to_be_sound(run: Run, sealed: None) -> None:
    result = run("audit", "verify")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.strip() == "2 entries are as they were sealed, 1 not sealed yet"


def test_tampering_is_told_with_its_place_and_fails(app: Flask, run: Run, sealed: None) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(update(AuditEntry).where(AuditEntry.position == 2).values(actor="nobody"))

    result, told = run("audit", "verify"), json.loads(run("audit", "verify", "--json").stdout)

    assert result.exit_code == 1
    assert result.stdout.startswith("2\t")
    assert "1 problems" in result.stderr
    assert (told["checked"], told["unsealed"], told["total"]) == (2, 1, 1)
    assert told["problems"][0]["what"].startswith("was changed")


def test_a_missing_head_is_said_to_be_missing(app: Flask, run: Run, sealed: None) -> None:
    with app.app_context():
        head_file().unlink()

    assert "kept no seal apart" in run("audit", "verify").stderr


def test_when_no_seal_fits_the_key_is_asked_after(
    app: Flask, run: Run, sealed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "AUDIT_KEY", "another key of more than 32 characters")

    assert "CLINIC_AUDIT_KEY" in run("audit", "verify").stderr


def test_without_the_key_nothing_can_be_checked(app: Flask, run: Run, sealed: None) -> None:
    key = Path(app.instance_path) / "audit_key"
    aside = key.rename(key.with_suffix(".aside"))

    result = run("audit", "verify")
    aside.rename(key)

    assert result.exit_code == 4
    assert "CLINIC_AUDIT_KEY" in result.stderr


def test_an_emptied_trail_is_found(app: Flask, run: Run, sealed: None) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(delete(AuditEntry))

    assert run("audit", "verify").exit_code == 1


def test_entries_are_listed_with_what_changed(run: Run, sealed: None) -> None:
    found = json.loads(run("audit", "list", "--record", "patients", "--json").stdout)

    assert [entry["changes"]["family_name"] for entry in found] == [[None, "Sousa"], [None, "Pereira"]]


def test_a_filter_that_can_not_be_read_is_said(run: Run) -> None:
    for option, value in (("--patient-id", "P-000001"), ("--since", "yesterday"), ("--before", "2026-11-30T09:00")):
        result = run("audit", "list", option, value)
        assert (result.exit_code, option in result.stderr) == (2, True), option


@pytest.mark.row(54)
def test_an_export_is_lines_of_json_and_is_noted(app: Flask, run: Run, sealed: None) -> None:
    lines = run("audit", "export", "--record", "patients").stdout.splitlines()

    assert [json.loads(line)["changes"]["family_name"][1] for line in lines] == ["Pereira", "Sousa"]
    noted = rows(app, "audit_entries")[-1]
    assert (noted["action"], noted["changes"]) == ("exported", {"count": [None, 2], "of_record": [None, "patients"]})


@pytest.mark.row(37)
def test_a_clinic_is_chosen_by_its_name(run: Run, other_clinic: object) -> None:
    assert run("audit", "list", "--clinic", "Other Clinic").exit_code == 0
    assert run("audit", "export", "--clinic", "None such").exit_code == 3
