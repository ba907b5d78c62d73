"""Errors of commands: one line for a person, nothing that anybody typed."""

import pytest
from sqlalchemy import insert

from clinic.core.db import db
from clinic.identity.models import Clinic
from tests.conftest import Run

NAME = "Inês Pereira"


def break_in_python(*_: object, **__: object) -> None:
    raise RuntimeError(NAME)


def break_in_the_database(*_: object, **__: object) -> None:
    with db.engine.begin() as connection:
        connection.execute(insert(Clinic).values(name=NAME, zone=NAME, currency="EUR", locale="en", idle_minutes=0))


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
