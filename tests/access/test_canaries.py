"""Nothing that another clinic has written down is ever read here: in answers, mails, logs or on a terminal."""

import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from clinic.core.db import Base, db
from clinic.core.jobs import run_due_jobs
from clinic.identity.clinics import clinic_service
from tests.access.callers import Caller
from tests.access.canaries import NOBODYS, SHORTEST, WITHOUT, clinic_tables, texts
from tests.access.commands import LINES, commands_of_a_clinic, takes_json
from tests.access.routes import routes_of
from tests.access.test_matrix import Record
from tests.access.two_clinics import Mixed, World
from tests.databases import on_one_database
from tests.fixtures import Run
from tests.smtp_server import Mailbox

pytestmark = pytest.mark.slow

FINDS_NOTHING = {"patients search"}
"""Commands that take words to look for, an id among them, and list what they find, nothing here."""


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Every line that is logged, whatever it is worth."""
    lines: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: lines.append(f"{record.getMessage()} {record.exc_text or ''}")  # type: ignore[method-assign]
    loggers = [logging.getLogger(name) for name in ("clinic", "flask.app", "werkzeug")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(listener)
        logger.setLevel(logging.DEBUG)
    yield lines
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(listener)
        logger.setLevel(level)


def test_every_table_of_a_clinic_has_a_row_of_the_other_clinic(world: World) -> None:
    with world.app.app_context(), db.engine.connect() as connection:
        empty = [
            table.name
            for table in clinic_tables()
            if not connection.scalar(
                select(func.count()).select_from(table).where(table.c.clinic_id == world.canaries.clinic_id)
                if "clinic_id" in table.columns
                else select(func.count()).select_from(table)
            )
        ]

    assert empty == []


def test_every_text_of_the_other_clinic_holds_a_canary_or_has_a_reason_not_to(world: World) -> None:
    with world.app.app_context(), db.engine.connect() as connection:
        silent = {
            str(column)
            for column in texts()
            if not any(
                SHORTEST.casefold() in str(found).casefold() for found in connection.scalars(select(column)) if found
            )
        }

    assert silent == set(WITHOUT)


def test_tables_and_texts_that_are_left_out_are_there() -> None:
    assert set(NOBODYS) <= set(Base.metadata.tables)
    assert set(WITHOUT) <= {str(column) for column in texts()}


@on_one_database
def test_no_mail_and_no_log_of_a_day_s_work_reveals_another_clinic(
    world: World, mailbox: Mailbox, logged: list[str], record_property: Record
) -> None:
    caller = Caller(world, "administrator")

    for route in routes_of(world.app):
        if route.method not in {"HEAD", "OPTIONS"}:
            caller.cell(route)
    with world.app.app_context():
        run_due_jobs()

    record_property("requests", caller.asked)
    mails = [
        f"{mail.items()} {part.get_content()}"
        for mail in mailbox.messages
        for part in mail.walk()
        if not part.is_multipart()
    ]
    ours = [mail for mail in mails if f"{SHORTEST}vogel.recipient@".casefold() not in mail.casefold()]
    assert len(ours) > 10
    assert len(logged) > 50
    asked = [*world.canaries.ids.values()]
    assert [line for line in ours if world.canaries.found_in(line)] == []
    assert [line for line in logged if world.canaries.found_in(line, asked=map(str, asked))] == []


def test_every_command_of_a_clinic_is_run_here(world: World) -> None:
    untried = set(commands_of_a_clinic(world.app)) ^ set(LINES)

    assert not untried, f"say in tests/access/commands.py how to run {sorted(untried)}"


def own_clinic(world: World) -> str:
    """Return the name of the own clinic, which every command needs where there are several."""
    with world.app.app_context():
        return next(one.name for one in clinic_service.list() if one.id == world.clinic_id)


def test_no_command_reveals_another_clinic(world: World, run: Run) -> None:
    for name, line in LINES.items():
        for more in ([], ["--json"])[: 1 + takes_json(world.app, name)]:
            result = run(*name.split(), *line(Mixed(world)), *more, "--clinic", own_clinic(world))

            assert (name, result.exit_code, world.canaries.found_in(result.output)) == (name, 0, []), result.output


@pytest.mark.row(29)
@pytest.mark.row(37)
def test_a_command_does_not_reveal_whether_an_id_is_another_clinic_s(world: World, run: Run) -> None:
    for name, line in LINES.items():
        line(mixed := Mixed(world))
        for used in mixed.ids:
            foreign, missing = world.foreign(used) or "", str(uuid4())

            results = {
                one: run(*name.split(), *line(mixed.but(used, one)), "--clinic", own_clinic(world))
                for one in (foreign, missing)
            }

            answers = [(result.exit_code, result.output.replace(one, "ASKED")) for one, result in results.items()]
            assert answers[0] == answers[1], name
            assert answers[0][0] in ({0} if name in FINDS_NOTHING else {2, 3}), name
