"""Odd addresses lead nowhere."""

from itertools import cycle
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.access.callers import Caller
from tests.access.routes import Route, routes_of
from tests.access.two_clinics import World, lasting_ids
from tests.databases import on_one_database

NO_IDS = ["0", "-1", "2147483648", "9223372036854775808", "9" * 5000, "1.0", " 1", "١", "%00", "None", "{}"]

NO_FILES = [
    *("../config.toml", "..%2f..%2fpyproject.toml", "%2e%2e/%2e%2e/pyproject.toml", "..\\..\\pyproject.toml"),
    *("....//pyproject.toml", "/etc/passwd", "//etc/passwd", "css/../../pyproject.toml", "js/app.js%00", "js", "."),
    *("file:///etc/passwd", "C:\\windows\\win.ini", "%252e%252e/pyproject.toml"),
]


@on_one_database
@pytest.mark.slow
@pytest.mark.row(65)
def test_what_is_no_id_is_nowhere(world: World) -> None:
    caller = Caller(world, "administrator")
    rules = {one.rule: one for one in routes_of(world.app) if "<uuid:" in one.rule}.values()
    thorough = {"/patients/<uuid:patient_id>", "/api/v1/patients/<uuid:patient_id>"}

    answers = {
        (route.rule, no_id[:20], caller.ask(_with(route, quote(no_id, safe="%")), ids, {}).status_code)
        for route, next_one in zip(rules, cycle(NO_IDS), strict=False)
        for ids in [lasting_ids(world, route)]
        for no_id in (NO_IDS if route.rule in thorough else [next_one])
    }

    assert {rule for rule, *_ in answers} >= thorough
    assert {answer for answer in answers if answer[2] != 404} == set()


@pytest.mark.breadth
@pytest.mark.row(57)
@pytest.mark.parametrize("path", NO_FILES)
def test_no_path_leads_out_of_the_folder_of_static_files(path: str, client: FlaskClient) -> None:
    answer = client.get(f"/static/{path}", buffered=True, follow_redirects=True)

    assert answer.status_code == 404
    assert "[project]" not in answer.text


def _with(route: Route, value: str) -> Route:
    """Return an address with a value where the ids stand, to be asked without a body."""
    rule = "/".join(value if part.startswith("<uuid:") else part for part in route.rule.split("/"))
    return Route("GET", rule, "", ())
