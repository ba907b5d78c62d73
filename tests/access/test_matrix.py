"""Every route, every method, every role: the answers are those of the reviewed file, and reveal no other clinic."""

from collections.abc import Callable

import pytest
from flask import Flask

from clinic.core.jobs import run_due_jobs
from tests.access.callers import ANONYMOUS, DENIED, Caller
from tests.access.matrix_file import COLUMNS, WRITTEN_ANEW, differences, read_table, write_column
from tests.access.overheard import Overheard
from tests.access.routes import GUARDED_TWICE, WITHOUT_A_VIEW, routes_of
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
def test_every_route_answers_each_caller_as_the_file_states_and_no_mail_or_log_reveals_another_clinic(
    column: str, world: World, overheard: Overheard, record_property: Record
) -> None:
    caller = Caller(world, column)
    asked = {route.key: route for route in routes_of(world.app) if caller.asks(route)}

    cells = {key: caller.cell(route) for key, route in asked.items()}
    with world.app.app_context():
        run_due_jobs()

    record_property("requests", caller.asked)
    if WRITTEN_ANEW:
        write_column(column, cells)
        pytest.fail("tests/access/matrix.txt is written: review it")
    table = {key: row for key, row in read_table().items() if key in asked or key[1] not in WITHOUT_A_VIEW}
    assert differences(column, cells, table) == []
    assert caller.told_apart == []
    assert caller.traces == []
    assert overheard.of(world.canaries) == []
    if column == "administrator":
        assert len(overheard.mails()) > 10
        assert len(overheard.lines) > 50


@on_one_database
@pytest.mark.breadth
@pytest.mark.row(26)
@pytest.mark.row(27)
@pytest.mark.parametrize("column", [ANONYMOUS, "administrator", DENIED])
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
@pytest.mark.parametrize("column", ["administrator", DENIED])
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


@on_one_database
def test_the_file_states_head_like_get_and_options_by_the_permission_of_one_of_the_views(app: Flask) -> None:
    table = read_table()
    assert {route.key for route in routes_of(app)} == {*table}

    for rule in {rule for rule, _ in table} - {*GUARDED_TWICE}:
        rows = {method: row for (one, method), row in table.items() if one == rule}
        views = [row for method, row in rows.items() if method not in WITHOUT_A_VIEW]

        assert rows.get("HEAD") == rows.get("GET"), rule
        for column, cell in rows["OPTIONS"].items():
            assert _is_denied(cell) in {_is_denied(row[column]) for row in views}, (rule, column)


def _is_denied(cell: str) -> bool:
    return cell.partition("/")[0] in {"401", "403"}
