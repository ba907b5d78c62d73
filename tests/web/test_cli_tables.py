"""What commands show on a terminal and what they write into a pipe."""

import json
import logging
from contextlib import redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

import pytest
from flask import Flask
from flask.cli import ScriptInfo

from clinic.identity.api_keys import api_key_service
from tests.builders import a_patient, a_practitioner, an_appointment
from tests.databases import on_sqlite_only
from tests.fixtures import Here, Run

pytestmark = on_sqlite_only

DAY = ("appointments", "list", "--day", "2029-11-26")


class Terminal(TextIOWrapper):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


class LogTerminal(StringIO):
    """A terminal to which log lines go."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


@pytest.fixture
def shown(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the lines that a command shows on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")

    def show(*words: str) -> list[str]:
        written = BytesIO()
        terminal = Terminal(written, "utf-8", write_through=True)
        with redirect_stdout(terminal):
            app.cli.main(list(words), obj=ScriptInfo(create_app=lambda: app), standalone_mode=False)
        return [line.rstrip() for line in written.getvalue().decode().splitlines()]

    return show


@pytest.fixture
def appointment_id(here: Here) -> str:
    """The id of an appointment of a patient with long names, who has an API key with a long name as neighbour."""
    with here():
        patient = a_patient(
            family_name="Vasconcelos-Albuquerque", given_name="Maria da Conceição", email=f"{'m' * 40}@example.org"
        )
        api_key_service.create(label="The website of the clinic and of its partners", scopes=["patients:read"])
        return str(an_appointment(patient, a_practitioner("Dr Amara Okafor [red]")).id)


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    "words", [DAY, ("patients", "list"), ("appointments", "practitioners"), ("billing", "invoices"), ("staff", "list")]
)
def test_a_table_fits_a_terminal(shown: Any, appointment_id: str, words: tuple[str, ...]) -> None:
    lines = shown(*words)

    assert lines
    assert max(map(len, lines)) <= 80


def test_a_table_never_breaks_an_id(run: Run, shown: Any, appointment_id: str) -> None:
    for words in (DAY, ("appointments", "practitioners"), ("notifications", "list"), ("api-keys", "list")):
        ids = [row["id"] for row in json.loads(run(*words, "--json").stdout)]
        lines = shown(*words)
        assert ids
        assert all(any(one in line for line in lines) for one in ids), words

    assert any("P-000001" in line for line in shown("patients", "list"))


@pytest.mark.slow
def test_the_table_of_a_day_shows_local_times_and_names(run: Run, shown: Any, appointment_id: str) -> None:
    head, *rows = shown(*DAY)
    words = " ".join(" ".join(rows).split())

    assert head.split() == ["time", "status", "patient", "with", "id"]
    assert rows[0].startswith("09:00–09:30")
    assert "Amara" in words
    assert "[red]" in words
    assert "2029-11-26T09:00:00Z" in run(*DAY).stdout


@pytest.mark.slow
def test_a_header_begins_piped_output_if_it_is_asked_for(run: Run, here: Here) -> None:
    with here():
        a_patient()

    plain, headed = run("patients", "list").stdout, run("patients", "list", "--header").stdout
    of_nobody = run("patients", "list", "--search", "nobody", "--header").stdout

    assert headed.splitlines()[0].split("\t")[:2] == ["mrn", "family_name"]
    assert headed == of_nobody + plain
    assert len(of_nobody.splitlines()) == 1


def test_a_terminal_shows_no_log_lines_of_a_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = LogTerminal()
    handler = next(one for one in logging.getLogger("clinic").handlers if getattr(one, "clinic", False))
    monkeypatch.setattr(handler, "stream", terminal)

    added = run("patients", "add", "--family-name", "Sousa")
    of_command = terminal.getvalue()
    monkeypatch.setattr("clinic.patients.service.PatientService.create", lambda *_, **__: 1 / 0)
    failed = run("patients", "add", "--family-name", "Sousa")

    assert (added.exit_code, of_command) == (0, "")
    assert "ZeroDivisionError), at " in failed.stderr
    assert terminal.getvalue() == ""
