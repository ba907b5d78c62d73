"""Errors of commands: one line for a person, nothing that anybody typed."""

from collections.abc import Iterator

import click
import pytest
from flask import Flask
from sqlalchemy import insert

from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import api_key_service
from clinic.identity.models import Clinic
from tests.builders import OWN, a_patient
from tests.fixtures import Here, Run

NAME = "Inês Pereira"


def break_in_python(*_: object, **__: object) -> None:
    raise RuntimeError(NAME)


def break_in_the_database(*_: object, **__: object) -> None:
    with unit_of_work():
        db.session.connection().execute(
            insert(Clinic).values(name=NAME, zone=NAME, currency="EUR", locale="en", idle_minutes=0)
        )


@pytest.mark.row(93)
@pytest.mark.parametrize(
    ("fault", "message"), [(break_in_python, "RuntimeError"), (break_in_the_database, "IntegrityError[")]
)
def test_an_unexpected_error_is_reported_in_one_line_without_its_message(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: object, message: str
) -> None:
    monkeypatch.setattr("clinic.patients.service.PatientService.create", fault)

    result = run("patients", "add", "--family-name", NAME)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "unexpected error" in result.stderr
    assert message in result.stderr
    assert "unexpected_error" in caplog.text
    assert "break_in" in caplog.text
    assert not any(NAME in words for words in (result.stderr, caplog.text))


TYPED = [
    (["api-keys", "create", "--name", "x" * 300, "--scopes", "all"], 2, "--name: "),
    (["api-keys", "create", "--label", "x" * 300, "--scopes", "all"], 2, "--label: "),
    (["api-keys", "create", "--name", "K", "--scopes", "all", "--expires=2001-01-01"], 2, "--expires: "),
    (["api-keys", "create", "--name", "K", "--scopes", "nonsense"], 2, "--scopes: "),
    (["api-keys", "create", "--name", "Taken", "--scopes", "all"], 5, "--name: There is a key of that name"),
    (["billing", "create", "--patient", "1", "--line", "A|1|1", "--line", "B|x|1"], 2, "--line (2): "),
    (["billing", "create", "--patient", "1"], 2, "--line: "),
    (["staff", "create-admin", "nobody"], 2, "EMAIL: "),
    (["patients", "add", "--sex", "x"], 2, "--sex: "),
    (["audit", "list", "--since", "x"], 2, "--since: "),
    (["appointments", "cancel", "00000000-0000-7000-8000-000000000000", "--reason", "x"], 2, "--reason: "),
    (["init", "--clinic", "X", "--zone", "Nowhere", "--currency", "EUR"], 2, "--zone: "),
    (["init", "--clinic", " ", "--zone", "Europe/Lisbon", "--currency", "EUR"], 2, "--clinic: "),
    (["init", "--clinic", OWN, "--zone", "Europe/Lisbon", "--currency", "EUR"], 5, "There is already a clinic named"),
]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(("words", "code", "beginning"), TYPED)
def test_an_error_names_the_option_that_was_typed(
    run: Run, here: Here, words: list[str], code: int, beginning: str
) -> None:
    with here():
        a_patient()
        api_key_service.create(label="Taken", scopes=["all"])

    result = run(*words)

    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1].startswith(f"Error: {beginning}")


def each_command(group: click.Group, *words: str) -> Iterator[tuple[str, ...]]:
    """Return the words of each group and command."""
    for name, command in group.commands.items():
        yield (*words, name)
        if isinstance(command, click.Group):
            yield from each_command(command, *words, name)


@pytest.mark.slow
def test_every_command_has_a_short_option_for_help(app: Flask, run: Run) -> None:
    commands = list(each_command(app.cli))

    assert {("init",), ("patients",), ("db", "upgrade"), ("openapi", "print")} <= set(commands)
    for words in commands:
        result = run(*words, "-h")
        assert (result.exit_code, result.stdout.startswith("Usage: ")) == (0, True), words
