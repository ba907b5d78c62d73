"""An administrator who sees the app as another role gets that role's answers, and may change nothing."""

import pytest

from clinic.identity.roles import ROLES
from clinic.web.authorization import access_to
from tests.access.callers import Caller
from tests.access.matrix_file import differences, read_table
from tests.access.routes import WITHOUT_A_VIEW, Route, routes_of
from tests.access.test_matrix import Record
from tests.access.two_clinics import World
from tests.databases import on_one_database

pytestmark = pytest.mark.slow

FULLEST = "manager"
"""The role that is asked for all forms; for the others, those that the role might send if it were not only seen."""


class Looker(Caller):
    """An administrator who sees the app as another role whenever they have signed in."""

    def __init__(self, world: World, role: str) -> None:
        self.role = role
        super().__init__(world, "administrator")
        self.column = role

    def _is_enough(self, route: Route) -> bool:
        """Return True: which record somebody may see is not decided by the role as which they see the app."""
        return True

    def start_anew(self) -> None:
        """Sign in, and see the app as the role."""
        super().start_anew()
        self.asked += 1
        fields = {"csrf_token": self.token, "role": self.role}
        assert self.client.post("/staff/seeing", data=fields).status_code == 303


@on_one_database
@pytest.mark.breadth
@pytest.mark.row(28)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_every_page_answers_as_to_the_role_but_changes_nothing(
    role: str, world: World, record_property: Record
) -> None:
    looker, table = Looker(world, role), read_table()
    pages = [route for route in routes_of(world.app) if not route.is_api]
    guarded = [route for route in pages if access_to(world.app, route.endpoint).permission]
    guarded = [route for route in guarded if route.method not in WITHOUT_A_VIEW]
    if role != FULLEST:
        guarded = [route for route in guarded if not route.writes or table[route.key][role] != "403"]
    looker.stated = {route.key: "403" if route.writes else table[route.key][role] for route in guarded}
    expected = {key: {role: cell} for key, cell in looker.stated.items()}

    cells = {route.key: looker.cell(route) for route in guarded}

    record_property("requests", looker.asked)
    assert {route.method for route in guarded if route.writes} <= {"POST"}
    assert role != FULLEST or len([route for route in guarded if route.writes]) > 100
    assert differences(role, cells, expected) == []
    assert looker.traces == []
