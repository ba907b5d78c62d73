"""The proof is worth something: whatever is broken on purpose shows in the matrix."""

from collections.abc import Iterable

import pytest
from flask import Flask
from sqlalchemy import true
from sqlalchemy.orm import with_loader_criteria

from clinic.core import sessions
from clinic.core.columns import ClinicOwned
from clinic.core.tenancy import current_clinic_id
from clinic.web.access import Access, access_to
from tests.access.asking import DENIED, Caller
from tests.access.expected import differences, read_table
from tests.access.records import ARGUMENTS
from tests.access.routes import Route, routes_of
from tests.access.world import World


def found_wrong(caller: Caller, routes: Iterable[Route]) -> list[str]:
    """Return what the matrix finds wrong with some routes."""
    asked = list(routes)
    table = {key: row for key, row in read_table().items() if key in {route.key for route in asked}}
    return differences(caller.column, {route.key: caller.cell(route) for route in asked}, table)


def with_permission(app: Flask) -> list[Route]:
    """Return a route of each view that a permission opens."""
    return [route for route in routes_of(app) if route.method != "HEAD" and access_to(app, route.endpoint).permission]


def owned() -> list[type[ClinicOwned]]:
    """Return every model that keeps to its clinic, and whose rows have an address."""
    addressed = {argument.table for argument in ARGUMENTS.values()}
    return [model for model in ClinicOwned.__subclasses__() if model.__tablename__ in addressed]  # type: ignore[attr-defined]


def test_without_a_break_nothing_is_found_wrong(world: World) -> None:
    caller = Caller(world, DENIED)

    assert found_wrong(caller, with_permission(world.app)) == []


def test_a_route_that_forgets_its_permission_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(world, DENIED)
    unnoticed = []

    for route in with_permission(world.app):
        with monkeypatch.context() as broken:
            broken.setattr(world.app.view_functions[route.endpoint], "access", Access())
            if not found_wrong(caller, [route]):
                unnoticed.append(route.key)

    assert unnoticed == []


def test_a_route_that_asks_for_another_permission_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(world, "practitioner")
    routes = [route for route in routes_of(world.app) if route.endpoint == "billing.index"]

    monkeypatch.setattr(world.app.view_functions["billing.index"], "access", Access(permission="patients:read"))

    assert "GET /invoices answers 200 to practitioner, the file says 403" in found_wrong(caller, routes)


@pytest.mark.parametrize("model", owned(), ids=lambda model: model.__tablename__)
def test_a_model_that_forgets_its_clinic_is_found(
    model: type[ClinicOwned], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(world, "administrator")
    names = {name for name, argument in ARGUMENTS.items() if argument.table == model.__tablename__}  # type: ignore[attr-defined]
    routes = [route for route in routes_of(world.app) if names & {*route.arguments} and route.method == "GET"]

    monkeypatch.setattr(sessions, "_OF_THE_CLINIC", _all_but(model))

    assert routes
    assert len(found_wrong(caller, routes)) == len(routes)
    assert caller.traces
    assert caller.told_apart


def test_lists_that_forget_the_clinic_tell_of_canaries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(world, "administrator")
    lists = [route for route in routes_of(world.app) if not route.arguments and route.method == "GET"]

    monkeypatch.setattr(sessions, "_OF_THE_CLINIC", with_loader_criteria(ClinicOwned, true()))
    for route in lists:
        caller.cell(route)

    told = {trace.split(" tells ")[0] for trace in caller.traces}
    assert told >= {f"GET {rule}" for rule in ("/patients", "/appointments", "/invoices", "/messages")}
    assert told >= {f"GET /api/v1/{rule}" for rule in ("patients", "appointments", "invoices", "practitioners")}


def _all_but(forgetful: type[ClinicOwned]) -> object:
    """Return the filter of clinics, as if a model had forgotten it."""
    clinic_id = None

    def criterion(cls: type[ClinicOwned]) -> object:
        return true() if cls is forgetful else cls.clinic_id == current_clinic_id()

    return with_loader_criteria(ClinicOwned, criterion, include_aliases=True)  # type: ignore[arg-type]
