"""Commands whose output can't be written: what is done is said to be done, and an unseen secret is revoked."""

import os
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import pytest
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import event, select

from clinic.billing.service import LineFields, billing_service
from clinic.core.db import db
from clinic.core.db.transaction import _Transaction, current_outcome
from clinic.core.events.context import current_depth
from clinic.core.money import Money
from clinic.identity.api_keys import api_key_service, is_valid
from clinic.identity.models import ApiKey, Clinic, StaffMember
from clinic.patients.models import Patient
from tests.builders import a_member, a_patient, a_practitioner, an_appointment
from tests.databases import on_sqlite_only
from tests.fixtures import Here, Run

pytestmark = [on_sqlite_only, pytest.mark.usefixtures("clinic")]

LINE: LineFields = {"description": "Visit", "quantity": Fraction(1), "unit_price": Money(5000, "EUR")}
ADD = ("patients", "add", "--family-name", "Łukasiewicz")


@dataclass
class Ended:
    """How a command ended, what it wrote to stdout and its messages without log lines."""

    code: int
    stdout: bytes
    messages: str


class Shell:
    """Runs commands in this process with other streams."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def run(self, *words: str, stdout: TextIO | None, stderr: TextIO | None = None) -> Ended:
        """Run a command with these streams."""
        messages = stderr or StringIO()
        with redirect_stdout(stdout), redirect_stderr(messages):
            code = self._code(words)
        seen = messages.getvalue() if isinstance(messages, StringIO) else ""
        written = stdout.buffer.getvalue() if stdout and isinstance(stdout.buffer, BytesIO) else b""
        return Ended(code, written, "".join(line for line in seen.splitlines() if not line.startswith("{")))

    def fill(self, *words: str) -> Ended:
        """Run a command whose output goes to a full disk."""
        with Path("/dev/full").open("w") as full:
            return self.run(*words, stdout=full)

    def abandon(self, *words: str) -> Ended:
        """Run a command whose output nobody reads."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as stream:
            return self.run(*words, stdout=stream)

    def close(self, *words: str) -> Ended:
        """Run a command without a stdout."""
        return self.run(*words, stdout=None)

    def _code(self, words: tuple[str, ...]) -> int:
        try:
            self.app.cli.main(list(words), obj=ScriptInfo(create_app=lambda: self.app), standalone_mode=False)
        except SystemExit as end:
            return int(end.code or 0)
        return 0


@pytest.fixture
def shell(app: Flask) -> Shell:
    """A shell."""
    return Shell(app)


@pytest.mark.slow
def test_a_change_that_can_not_be_shown_is_reported_as_done(shell: Shell, here: Here) -> None:
    result = shell.fill(*ADD)

    with here():
        patient = db.session.scalars(select(Patient)).one()
    assert result.code == 1
    assert "No space left on device): it is done, do not repeat it" in result.messages
    assert str(patient.id) in result.messages
    assert "undone" not in result.messages


def test_a_list_that_can_not_be_written_is_an_error_of_its_own(shell: Shell, here: Here) -> None:
    with here():
        a_patient()

    result = shell.fill("patients", "list")

    assert (result.code, result.messages) == (1, "Error: the output can't be written (No space left on device)")


@pytest.mark.parametrize("words", [ADD, ("patients", "list")])
def test_a_reader_that_ends_early_is_no_error(shell: Shell, here: Here, words: tuple[str, ...]) -> None:
    with here():
        a_patient()

    result = shell.abandon(*words)

    assert result.code == 0
    assert "Error" not in result.messages


def test_messages_that_can_not_be_written_change_nothing(shell: Shell) -> None:
    with Path("/dev/full").open("w") as full:
        result = shell.run(*ADD, stdout=TextIOWrapper(BytesIO(), "utf-8"), stderr=full)

    assert result.code == 0
    assert b"P-000001" in result.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_characters_that_the_encoding_lacks_are_replaced(shell: Shell, encoding: str) -> None:
    result = shell.run(*ADD, stdout=TextIOWrapper(BytesIO(), encoding))

    assert result.code == 0
    assert b"?ukasiewicz" in result.stdout


@pytest.mark.parametrize("broken", ["fill", "abandon", "close"])
def test_a_key_that_can_not_be_printed_is_revoked(shell: Shell, here: Here, broken: str) -> None:
    result = getattr(shell, broken)("api-keys", "create", "--name", "Website", "--scopes", "all")

    with here():
        key = db.session.scalars(select(ApiKey)).one()
        assert not is_valid(key)
    assert result.code == 1
    assert "the key was revoked again" in result.messages


@pytest.mark.parametrize("broken", ["fill", "abandon", "close"])
def test_a_secret_that_can_not_be_printed_is_revoked(shell: Shell, here: Here, broken: str) -> None:
    result = getattr(shell, broken)("staff", "create-admin", "ana@example.org")

    with here():
        member = db.session.scalars(select(StaffMember)).one()
        assert member.password_expires_at is not None
        assert member.password_expires_at <= member.updated_at
    assert result.code == 1
    assert "revoked again, flask staff reset-password gives another" in result.messages


class Late:
    """The statements that a command executes after its commit."""

    def __init__(self) -> None:
        self.saved = False
        self.statements: list[str] = []

    def note(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        """Note a statement, unless an event handler executes it."""
        if self.saved and not current_depth():
            self.statements.append(statement)


@pytest.fixture
def late(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Late]:
    """What is executed after commits."""
    found, commit = Late(), _Transaction.commit

    def noted(transaction: Any) -> None:
        changed = bool(current_outcome().changed)
        commit(transaction)
        found.saved = found.saved or (changed and not current_depth())

    monkeypatch.setattr(_Transaction, "commit", noted)
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", found.note)
    yield found
    event.remove(engine, "before_cursor_execute", found.note)


@pytest.mark.slow
def test_no_command_reads_after_its_commit(run: Run, here: Here, clinic: Clinic, late: Late) -> None:
    with here():
        patient, practitioner = a_patient(), a_practitioner()
        mrn, name = patient.mrn, practitioner.name
        appointment = an_appointment(patient, practitioner).id
        drafts = [billing_service.create(patient_id=patient.id, lines=[LINE]).id for _ in range(2)]
        billing_service.issue(drafts[0])
        api_key_service.create(label="Old", scopes=["all"])
        for role in ("manager", "administrator"):
            a_member(clinic.id, role, email=f"{role}@example.org")
    book = ["--patient", mrn, "--practitioner", name, "--starts", "2027-03-01 12:00"]
    commands: list[list[object]] = [
        ["patients", "add", "--family-name", "Weiß"],
        ["patients", "edit", mrn, "--given-name", "Rita"],
        ["appointments", "add-practitioner", "--name", "Sousa"],
        ["appointments", "book", *book],
        ["appointments", "cancel", appointment],
        ["billing", "create", "--patient", mrn, "--line", "Visit|1|50.00", "--issue"],
        ["billing", "issue", drafts[1]],
        ["billing", "pay", drafts[0], "20.00", "--method", "card"],
        ["api-keys", "create", "--name", "K", "--scopes", "all"],
        ["api-keys", "revoke", "Old"],
        ["staff", "create-admin", "new@example.org"],
        ["staff", "reset-password", "manager@example.org"],
        ["staff", "deactivate", "manager@example.org"],
    ]

    assert _late_in(run, late, commands) == []


@pytest.mark.slow
def test_no_command_of_a_patient_reads_after_its_commit(run: Run, here: Here, late: Late) -> None:
    with here():
        patient = a_patient(other_addresses=[{"value": "Rua 2"}], address="Rua 1").mrn
    commands = [
        ["use-contact", patient, "--kind", "address", "--value", "Rua 2"],
        ["record-death", patient, "--on", "2026-01-02"],
        ["undo-death", patient],
        ["archive", patient],
        ["restore", patient],
        ["add-note", patient, "--text", "Prefers mornings"],
        ["add-related", patient, "--name", "Rui", "--role", "payer"],
        ["add-recall", patient, "--in-months", "6", "--reason", "Check-up"],
        ["record-consent", patient, "--agree", "news:email", "--source", "phone"],
        ["withdraw-consent", patient],
        ["undo-consent", patient],
    ]

    assert _late_in(run, late, [["patients", *command] for command in commands]) == []


def _late_in(run: Run, late: Late, commands: Sequence[Sequence[object]]) -> list[str]:
    """Run commands that save something; return what they execute after their commits."""
    late.statements.clear()
    for command in commands:
        late.saved = False
        result = run(*command)
        assert (result.exit_code, late.saved) == (0, True), (command, result.stderr)
    return late.statements
