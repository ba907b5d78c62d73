"""The proof is worth something: whatever is broken on purpose shows in the matrix."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, true
from sqlalchemy.orm import with_loader_criteria

from clinic.core.db import db, orm_session
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.transaction import _by_id
from clinic.core.tenancy import clinic_scope
from clinic.web.authorization import Access, access_to
from tests.access.callers import DENIED, Caller
from tests.access.matrix_file import differences, read_table
from tests.access.records import ARGUMENTS
from tests.access.routes import GUARDED_TWICE, WITHOUT_A_VIEW, Route, routes_of
from tests.access.two_clinics import World
from tests.databases import on_one_database

pytestmark = [pytest.mark.slow, on_one_database]

TWICE = {(rule, method) for rule, methods in GUARDED_TWICE.items() for method in methods}
"""Of these nobody notices here that the declared permission is lost, as the other one is missing as well."""


def found_wrong(caller: Caller, routes: Iterable[Route]) -> list[str]:
    """Return what the matrix finds wrong with some routes."""
    asked = list(routes)
    table = {key: row for key, row in read_table().items() if key in {route.key for route in asked}}
    return differences(caller.column, {route.key: caller.cell(route) for route in asked}, table)


def with_permission(app: Flask) -> list[Route]:
    """Return the routes of each view that a permission opens."""
    answered = [route for route in routes_of(app) if route.method not in WITHOUT_A_VIEW]
    return [route for route in answered if access_to(app, route.endpoint).permission]


def test_a_route_that_forgets_its_permission_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(world, DENIED)
    unnoticed = []

    for route in with_permission(world.app):
        with monkeypatch.context() as broken:
            broken.setattr(world.app.view_functions[route.endpoint], "access", Access())
            answer = str(caller.missing(route).status_code)
            if answer == caller.stated[route.key].rpartition("/")[2] and not found_wrong(caller, [route]):
                unnoticed.append(route.key)

    assert set(unnoticed) == TWICE


def test_a_route_that_asks_for_another_permission_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(world, "practitioner")
    routes = [route for route in routes_of(world.app) if route.endpoint == "billing.index"]

    monkeypatch.setattr(world.app.view_functions["billing.index"], "access", Access(permission="patients:read"))

    assert "GET /invoices answers 200 to practitioner, the file says 403" in found_wrong(caller, routes)


def test_a_plain_query_finds_no_row_of_another_clinic(world: World) -> None:
    models: list[Any] = ClinicScoped.__subclasses__()

    def counts() -> dict[str, int]:
        queries = {model.__tablename__: select(func.count()).select_from(model) for model in models}
        return {name: db.session.scalars(query).one() for name, query in queries.items()}

    with world.app.app_context(), clinic_scope(world.canaries.clinic_id):
        theirs = counts()
    with world.app.app_context(), clinic_scope(world.clinic_id):
        found = [model.__tablename__ for model in models if db.session.scalars(select(model)).all()]
        ours = counts()

    assert theirs == {model.__tablename__: world.canaries.rows_of(model.__tablename__) for model in models}
    assert found == []
    assert set(ours.values()) == {0}


@pytest.fixture
def forget_clinics(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Let no query be limited to the current clinic from a call on, those that were built before either."""

    def forget() -> None:
        monkeypatch.setattr(orm_session, "_CLINIC_FILTER", with_loader_criteria(ClinicScoped, true()))
        _by_id.cache_clear()

    yield forget
    _by_id.cache_clear()


def test_records_that_forget_their_clinic_are_found(world: World, forget_clinics: Callable[[], None]) -> None:
    caller = Caller(world, "administrator")
    filtered = {model.__tablename__ for model in ClinicScoped.__subclasses__()}  # type: ignore[attr-defined]
    names = {name for name, argument in ARGUMENTS.items() if argument.table in filtered}
    table = read_table()
    with_id = [route for route in routes_of(world.app) if names & {*route.arguments} and route.method == "GET"]
    routes = [route for route in with_id if table[route.key]["administrator"] != "302"]  # a redirect reads no record
    for route in routes:
        caller.own_ids(route)  # made while records are still kept apart

    forget_clinics()
    wrong = found_wrong(caller, routes)

    assert len(wrong) == len({*caller.told_apart}) == len(routes) > len(names)
    assert caller.traces


def test_lists_that_forget_the_clinic_reveal_canaries(world: World, forget_clinics: Callable[[], None]) -> None:
    caller = Caller(world, "administrator")
    lists = [route for route in routes_of(world.app) if not route.arguments and route.method == "GET"]

    forget_clinics()
    for route in lists:
        caller.cell(route)

    traced = {trace.split(" tells ")[0] for trace in caller.traces}
    assert traced >= {f"GET {rule}" for rule in ("/patients", "/appointments", "/invoices", "/messages")}
    assert traced >= {f"GET /api/v1/{rule}" for rule in ("patients", "appointments", "invoices", "practitioners")}
