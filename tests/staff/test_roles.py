"""What each role may do: one table, shown in plain words; a denial always wins."""

import re

import pytest

from clinic.identity.roles import ROLES, permission_labels, permission_names, role_permissions, scope_permissions
from tests.assertions import spoken
from tests.staff.people import browser_of


def test_the_page_shows_each_permission_in_plain_words_with_the_roles_that_have_it(app, client):
    page = client.get("/staff/roles").text

    with app.app_context():
        labels = permission_labels()
    for name, words in labels.items():
        row = next(row for row in page.split("<tr>") if words.replace("'", "&#39;") in row)
        shown = re.findall(r'class="vh">(Yes|No)<', row)
        assert shown == ["Yes" if name in role.permissions else "No" for role in ROLES.values()]


def test_the_page_shows_who_has_each_role_and_what_is_denied_to_them(client, hired):
    clerk = hired("billing-clerk")
    client.submit(clerk.page, name="Bruno", role="billing-clerk", version=1, denied="payments:write")

    page = spoken(client.get("/staff/roles").text)

    assert "Billing clerk Bruno without: Take payments" in page
    assert "Manager None" in page


@pytest.mark.slow
def test_who_has_left_has_no_role(client, desk):
    client.submit(f"{desk.page}/deactivation")
    client.get("/staff")  # takes the message that names them

    assert "Receptionist Person" not in client.get("/staff/roles").text


@pytest.mark.slow
def test_a_receptionist_does_not_see_the_roles(app, desk):
    assert browser_of(app, desk).get("/staff/roles").status_code == 403


@pytest.mark.parametrize(
    ("denied", "home"),
    [
        ([], "/appointments"),
        (["appointments:read"], "/patients"),
        (["appointments:read", "patients:read"], "/invoices"),
        (sorted(ROLES["receptionist"].permissions), "/account"),
    ],
    ids=str,
)
def test_home_is_the_first_navigation_entry_that_a_person_may_open(client, become, denied, home):
    become("receptionist", *denied)

    assert client.get("/").location == home


def test_an_administrator_may_do_everything_and_nobody_else_changes_the_staff():
    assert ROLES["administrator"].permissions == frozenset(permission_names())
    assert [name for name, role in ROLES.items() if "staff:write" in role.permissions] == ["administrator"]


def test_every_role_permits_only_what_there_is():
    assert all(role.permissions <= frozenset(permission_names()) for role in ROLES.values())


@pytest.mark.row(34)
@pytest.mark.parametrize("role", ROLES)
def test_a_denial_wins_over_every_role(role):
    assert role_permissions(role, frozenset(permission_names())) == frozenset()
    assert role_permissions(role, ["patients:read"]) == ROLES[role].permissions - {"patients:read"}


@pytest.mark.row(34)
def test_a_role_that_is_not_there_permits_nothing():
    assert role_permissions("owner") == frozenset()


def test_scopes_that_are_not_there_open_nothing():
    assert scope_permissions(["patients:read", "everything"]) == {"patients:read"}
    assert scope_permissions(["all"]) == frozenset(permission_names())
