"""Signatures of exported CSV files."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from flask import Flask

from clinic.audit.export_signature import has_valid_signature
from clinic.audit.hash_chain import seal_due
from tests.builders import somebody
from tests.fixtures import Here, Run
from tests.page_client import PageClient

pytestmark = pytest.mark.row(54)


@pytest.fixture
def file(client: PageClient, here: Here, tmp_path: Path) -> Path:
    """A file exported by the audit page."""
    with here():
        somebody(email=None)
        seal_due()
        somebody(family_name="Sousa", email=None)
    return export(client, tmp_path)


def export(client: PageClient, to: Path) -> Path:
    """Export by the audit page into a file."""
    file = to / "audit-trail.csv"
    file.write_bytes(client.get("/audit/export").data)
    return file


def test_an_exported_file_is_valid(file: Path, run: Run) -> None:
    result, as_json = (
        run("audit", "verify", "--export", str(file)),
        run("audit", "verify", "--json", "--export", str(file)),
    )

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "The file is as it was exported\n")
    assert as_json.stdout == '{\n  "is_as_exported": true\n}\n'


def test_an_export_before_the_first_seal_is_signed(client: PageClient, run: Run, tmp_path: Path) -> None:
    assert run("audit", "verify", "--export", str(export(client, tmp_path))).exit_code == 0


@pytest.mark.breadth
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda lines: [], id="emptied"),
        pytest.param(lambda lines: lines[:-1], id="cut off"),
        pytest.param(lambda lines: [lines[0], *lines[2:]], id="left out"),
        pytest.param(lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], id="swapped"),
        pytest.param(lambda lines: [*lines[:2], *lines[1:]], id="doubled"),
        pytest.param(lambda lines: [lines[0], lines[1].replace(b"created", b"deleted"), *lines[2:]], id="edited"),
        pytest.param(lambda lines: [line.replace(b"\r\n", b"\n") for line in lines], id="saved again"),
        pytest.param(lambda lines: [*lines, lines[-1]], id="signed twice"),
        pytest.param(lambda lines: [*lines[:-1], lines[-1].replace(b"signature", b"signed")], id="unmarked"),
        pytest.param(lambda lines: [*lines[:-1], lines[-1].replace(b",", b",,", 1)], id="one cell more"),
        pytest.param(lambda lines: [*lines[:-1], b"signature,\xff\r\n"], id="broken"),
    ],
)
def test_a_changed_file_is_invalid(file: Path, run: Run, change: Callable[[list[bytes]], list[bytes]]) -> None:
    given = file.read_bytes()
    file.write_bytes(b"".join(change(given.splitlines(keepends=True))))
    assert file.read_bytes() != given

    result = run("audit", "verify", "--export", str(file))

    assert result.exit_code == 1
    assert "not as it was exported" in result.stderr


@pytest.mark.slow
def test_a_change_of_any_byte_is_detected(file: Path, here: Here) -> None:
    given = file.read_bytes()
    with here():
        for place in Random(20261125).sample(range(len(given)), 100):
            file.write_bytes(given[:place] + bytes([given[place] ^ 1]) + given[place + 1 :])
            assert not has_valid_signature(file), place


def test_a_file_of_another_installation_is_invalid(
    file: Path, app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "AUDIT_KEY", "another key of more than 32 characters")

    assert run("audit", "verify", "--export", str(file)).exit_code == 1


def test_a_missing_file_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    assert run("audit", "verify", "--export", str(tmp_path / "none.csv")).exit_code == 2
