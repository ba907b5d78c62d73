"""Which permission opens what: as the reviewed file says, and by nothing else."""

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import click
import pytest
from flask import Flask

from clinic.identity.roles import ROLES, permission_names
from clinic.web.authorization import Access, access_to
from clinic.web.cli import needed_for
from tests.access.callers import Caller, body_for
from tests.access.routes import GUARDED_TWICE, WITHOUT_A_VIEW, Route, routes_of
from tests.access.test_matrix import Record
from tests.access.two_clinics import World, lasting_ids
from tests.databases import on_one_database

FILE = Path(__file__).parent / "permissions.txt"

HEADER = """\
# What each role may do, and which permission opens each route and each command. Reviewed by people, like matrix.txt:
# roles that hold two permissions together look the same there, whichever of the two a route asks for.
#
# Written by: CLINIC_WRITE_MATRIX=1 python -m pytest tests/access/test_permissions.py
"""


def test_permissions_are_those_of_the_reviewed_file(app: Flask) -> None:
    written = HEADER + "\n".join(_lines(app)) + "\n"

    if os.environ.get("CLINIC_WRITE_MATRIX") == "1":
        FILE.write_text(written, "utf-8")
        pytest.fail("tests/access/permissions.txt is written: review it")
    assert written.splitlines() == FILE.read_text("utf-8").splitlines()


@on_one_database
@pytest.mark.slow
@pytest.mark.row(28)
@pytest.mark.parametrize("permission", permission_names())
def test_a_route_opens_by_its_permission_alone(world: World, permission: str, record_property: Record) -> None:
    without, alone = (
        Caller(world, f"{kind} {permission}", may=may)
        for kind, may in (("without", frozenset(permission_names()) - {permission}), ("with", {permission}))
    )
    wrong = []

    for route in _opened_by(world.app, permission):
        if route.rule in GUARDED_TWICE:
            continue
        closed = without.ask(route, lasting_ids(world, route), body_for(route, world.lasting_own)).status_code
        opened = alone.ask(route, alone.own_ids(route), alone.body(route)).status_code
        if closed != 403 or opened == 403:
            wrong.append(f"{route.method} {route.rule}: {closed} without {permission}, {opened} with it alone")

    record_property("requests", without.asked + alone.asked)
    assert wrong == []


def _opened_by(app: Flask, permission: str) -> list[Route]:
    routes = [route for route in routes_of(app) if route.method not in WITHOUT_A_VIEW]
    return [route for route in routes if access_to(app, route.endpoint).permission == permission]


def _lines(app: Flask) -> Iterator[str]:
    yield "\n## Roles\n"
    for permission in permission_names():
        holders = (role.name for role in ROLES.values() if permission in role.permissions)
        yield f"{permission:22} {' '.join(holders)}"
    yield "\n## Routes\n"
    yield from _aligned((route.rule, route.method, _word(access_to(app, route.endpoint))) for route in routes_of(app))
    yield "\n## Commands\n"
    for name, command in _commands(app):
        if (needs := needed_for(command)) is not None:
            yield f"flask {name:32} {needs}"


def _aligned(rows: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """Return a line for each rule and what opens it; methods that only look stand with GET."""
    wanted = [row for row in rows if row[1] not in WITHOUT_A_VIEW]
    for (rule, word), same in groupby(wanted, key=lambda row: (row[0], row[2])):
        yield f"{rule:52} {' '.join(method for _, method, _ in same):10} {word}"


def _word(access: Access) -> str:
    if access.public:
        return "(everybody)"
    return access.permission or (
        "(whoever is on the way in)" if access.allows_incomplete_login else "(whoever has signed in)"
    )


def _commands(app: Flask) -> Iterator[tuple[str, click.Command]]:
    for group_name, group in sorted(app.cli.commands.items()):
        for name, command in sorted(getattr(group, "commands", {}).items()):
            yield f"{group_name} {name}", command
