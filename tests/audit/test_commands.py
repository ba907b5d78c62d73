"""Commands of the audit trail: `flask audit …`."""

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, update

from clinic.audit.checkpoint import checkpoint_file
from clinic.audit.hash_chain import seal_due
from clinic.core.audit import AuditEntry
from clinic.core.db import db
from tests.assertions import rows
from tests.builders import somebody
from tests.fixtures import Here, Run


@pytest.fixture
def sealed(app: Flask, here: Here) -> None:
    """Two sealed entries and one that is not."""
    with here():
        checkpoint_file().unlink(missing_ok=True)
        somebody(email=None)
        seal_due()
        somebody(family_name="Sousa", email=None)


@pytest.mark.slow
def test_an_unchanged_trail_is_verified(run: Run, sealed: None) -> None:
    result = run("audit", "verify")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.strip() == "2 sealed entries verified, 1 not sealed yet"


def test_a_changed_entry_is_printed_and_exits_with_an_error(app: Flask, run: Run, sealed: None) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(update(AuditEntry).where(AuditEntry.position == 2).values(actor="nobody"))

    result, report = run("audit", "verify"), json.loads(run("audit", "verify", "--json").stdout)

    assert result.exit_code == 1
    assert result.stdout.startswith("2\t")
    assert "1 problems" in result.stderr
    assert (report["checked"], report["unsealed"], report["total"]) == (2, 1, 1)
    assert report["problems"][0]["what"].startswith("was changed")


@pytest.mark.slow
def test_a_missing_checkpoint_is_printed(app: Flask, run: Run, sealed: None) -> None:
    with app.app_context():
        checkpoint_file().unlink()

    assert "has no checkpoint" in run("audit", "verify").stderr


@pytest.mark.slow
def test_when_no_seal_is_valid_the_message_names_the_key(
    app: Flask, run: Run, sealed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "AUDIT_KEY", "another key of more than 32 characters")

    assert "CLINIC_AUDIT_KEY" in run("audit", "verify").stderr


def test_verifying_without_the_key_exits_with_a_configuration_error(app: Flask, run: Run, sealed: None) -> None:
    key = Path(app.instance_path) / "audit_key"
    aside = key.rename(key.with_suffix(".aside"))

    result = run("audit", "verify")
    aside.rename(key)

    assert result.exit_code == 4
    assert "CLINIC_AUDIT_KEY" in result.stderr


def test_deleting_all_entries_is_reported(app: Flask, run: Run, sealed: None) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(delete(AuditEntry))

    assert run("audit", "verify").exit_code == 1


@pytest.mark.slow
def test_entries_are_listed_with_their_changes(run: Run, sealed: None) -> None:
    found = json.loads(run("audit", "list", "--record", "patients", "--json").stdout)

    assert [entry["changes"]["family_name"] for entry in found] == [[None, "Sousa"], [None, "Pereira"]]


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("option", "value"),
    [("--patient-id", "P-000001"), ("--since", "yesterday"), ("--before", "2029-11-26T09:00")],
)
def test_an_invalid_filter_is_a_usage_error(run: Run, option: str, value: str) -> None:
    result = run("audit", "list", option, value)

    assert result.exit_code == 2
    assert option in result.stderr


@pytest.mark.slow
@pytest.mark.row(54)
def test_an_export_is_lines_of_json_and_is_recorded(app: Flask, run: Run, sealed: None) -> None:
    lines = run("audit", "export", "--record", "patients").stdout.splitlines()

    assert [json.loads(line)["changes"]["family_name"][1] for line in lines] == ["Pereira", "Sousa"]
    entry = rows(app, "audit_entries")[-1]
    assert (entry["action"], entry["changes"]) == (
        "exported",
        {"count": [None, 2], "of_record": [None, "patients"]},
    )


@pytest.mark.row(37)
def test_the_clinic_is_selected_by_name(run: Run, other_clinic: object) -> None:
    assert run("audit", "list", "--clinic", "Other Clinic").exit_code == 0
    assert run("audit", "export", "--clinic", "None such").exit_code == 3
