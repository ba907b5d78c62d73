"""Every route, every method, every role: the answers are those of the reviewed file."""

from collections.abc import Callable

import pytest

from tests.access.callers import ANONYMOUS, DENIED, Caller
from tests.access.matrix_file import COLUMNS, WRITTEN_ANEW, differences, read_table, write_column
from tests.access.routes import routes_of
from tests.access.two_clinics import World, lasting_ids
from tests.databases import on_one_database

pytestmark = pytest.mark.slow

Record = Callable[[str, object], None]

CALLERS = sorted(COLUMNS, key=lambda column: column != "administrator")
"""The columns of the matrix: the administrator, who may do everything, is first, and the only one on PostgreSQL."""


@pytest.mark.breadth
@pytest.mark.row(28)
@pytest.mark.row(35)
@pytest.mark.parametrize("column", CALLERS)
def test_every_route_answers_each_caller_as_the_reviewed_file_states(
    column: str, world: World, record_property: Record
) -> None:
    caller = Caller(world, column)

    cells = {route.key: caller.cell(route) for route in routes_of(world.app)}

    record_property("requests", caller.asked)
    if WRITTEN_ANEW:
        write_column(column, cells)
        pytest.fail("tests/access/matrix.txt is written: review it")
    assert differences(column, cells, read_table()) == []
    assert caller.told_apart == []
    assert caller.traces == []


@on_one_database
@pytest.mark.breadth
@pytest.mark.row(26)
@pytest.mark.row(27)
@pytest.mark.parametrize("column", ["administrator", ANONYMOUS, DENIED])
def test_a_method_that_no_view_answers_is_refused_whoever_asks(
    column: str, world: World, record_property: Record
) -> None:
    caller = Caller(world, column)

    wrong = caller.refusals()

    record_property("requests", caller.asked)
    assert wrong == []
    assert caller.traces == []


@on_one_database
@pytest.mark.breadth
@pytest.mark.parametrize("column", [column for column in CALLERS if column != ANONYMOUS])
def test_a_session_opens_nothing_of_the_api(column: str, world: World, record_property: Record) -> None:
    caller = Caller(world, column)
    caller.client.key = None
    closed = [route for route in routes_of(world.app) if route.rule.startswith("/api/v1/")]

    answers = {caller.ask(route, lasting_ids(world, route), {}).status_code for route in closed}

    record_property("requests", caller.asked)
    assert answers == {401}


def test_every_cell_of_the_file_is_filled_and_every_role_has_a_column() -> None:
    cells = {cell for row in read_table().values() for cell in row.values()}

    assert cells
    assert "?" not in cells
