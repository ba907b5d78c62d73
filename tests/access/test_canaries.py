"""Nothing that another clinic has written down is ever read here: there is something to find, and no command does."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from clinic.core.db import Base, db
from clinic.identity.clinics import clinic_service
from tests.access.canaries import NOBODYS, SHORTEST, WITHOUT, clinic_tables, texts
from tests.access.commands import LINES, commands_of_a_clinic, takes_json
from tests.access.two_clinics import Mixed, World
from tests.databases import on_one_database
from tests.fixtures import Run

pytestmark = pytest.mark.slow

FINDS_NOTHING = {"patients search"}
"""Commands that take words to look for, an id among them, and list what they find, nothing here."""


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


def test_every_command_of_a_clinic_is_run_here(world: World) -> None:
    untried = set(commands_of_a_clinic(world.app)) ^ set(LINES)

    assert not untried, f"say in tests/access/commands.py how to run {sorted(untried)}"


def own_clinic(world: World) -> str:
    """Return the name of the own clinic, which every command needs where there are several."""
    with world.app.app_context():
        return next(one.name for one in clinic_service.list() if one.id == world.clinic_id)


@on_one_database
def test_no_command_reveals_another_clinic(world: World, run: Run) -> None:
    here = own_clinic(world)
    for name, line in LINES.items():
        for more in ([], ["--json"])[: 1 + takes_json(world.app, name)]:
            result = run(*name.split(), *line(Mixed(world)), *more, "--clinic", here)

            assert (name, result.exit_code, world.canaries.found_in(result.output)) == (name, 0, []), result.output


@on_one_database
@pytest.mark.row(29)
@pytest.mark.row(37)
def test_a_command_does_not_reveal_whether_an_id_is_another_clinic_s(world: World, run: Run) -> None:
    here = own_clinic(world)
    for name, line in LINES.items():
        line(mixed := Mixed(world))
        for used in mixed.ids:
            foreign, missing = world.foreign(used) or "", str(uuid4())

            results = {
                one: run(*name.split(), *line(mixed.but(used, one)), "--clinic", here) for one in (foreign, missing)
            }

            answers = [(result.exit_code, result.output.replace(one, "ASKED")) for one, result in results.items()]
            assert answers[0] == answers[1], name
            assert answers[0][0] in ({0} if name in FINDS_NOTHING else {2, 3}), name
