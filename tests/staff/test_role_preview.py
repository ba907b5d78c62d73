"""Seeing the app as people in another role do."""

import re

import pytest

from clinic.audit.service import audit_service
from clinic.core.tenancy import clinic_scope
from clinic.identity.members import member_service
from clinic.identity.roles import ROLES
from tests.assertions import contents, spoken
from tests.builders import somebody
from tests.staff.people import browser_of

BANNER = "You are viewing the app as: Receptionist. You can’t change anything."


@pytest.fixture
def seeing(client):
    """The browser of an administrator who sees the app as a receptionist."""
    answer = client.submit("/staff/seeing", role="receptionist")
    assert (answer.status_code, answer.location) == (303, "/")
    return client


def offered(client):
    """Return the roles that the page offers to see the app as."""
    return re.findall(r'name="role" value="([^"]*)"', client.get("/staff/roles").text)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["/patients", "/account", "/staff", "/nowhere"])
def test_every_page_shows_as_which_role_it_is_seen_and_has_the_way_back(seeing, page):
    shown = seeing.get(page).text

    assert BANNER in spoken(shown)
    assert 'action="/staff/seeing/end"' in shown


def test_a_page_that_the_role_may_not_see_names_the_role(seeing):
    answer = seeing.get("/staff")

    assert answer.status_code == 403
    assert "Your role Receptionist" in spoken(answer.text)


@pytest.mark.slow
def test_what_the_role_has_no_use_for_is_not_offered(seeing):
    assert 'href="/staff"' not in seeing.get("/patients").text


@pytest.mark.row(34)
def test_nothing_can_be_changed_though_the_role_could(seeing, app):
    before = contents(app)

    answer = seeing.submit("/patients/new", family_name="Sousa", given_names="Rui", birth_date="1990-01-01")

    assert answer.status_code == 403
    assert "You are viewing the app as another role: nothing was changed" in spoken(answer.text)
    assert contents(app) == before


@pytest.mark.slow
def test_afterwards_one_sees_and_may_do_what_one_could_before(seeing):
    answer = seeing.submit("/staff/seeing/end")

    assert (answer.status_code, answer.location) == (303, "/")
    page = seeing.get("/staff")
    assert (page.status_code, "You are viewing the app as yourself again" in page.text) == (200, True)
    assert "You can change nothing" not in page.text


def test_who_sees_the_app_as_themselves_goes_on_so(client):
    assert client.submit("/staff/seeing/end").status_code == 303
    assert client.get("/staff").status_code == 200


@pytest.mark.row(14)
@pytest.mark.parametrize("way", ["/staff/seeing", "/staff/seeing/end"])
def test_the_token_of_before_is_worth_nothing_afterwards(client, app, way):
    with client.session_transaction() as cookie:
        before = dict(cookie)
    assert client.submit(way, role="receptionist").status_code == 303

    stranger = app.test_client()
    with stranger.session_transaction() as cookie:
        cookie.update(before)

    assert stranger.get("/account").location.startswith("/login")


@pytest.mark.slow
def test_a_form_that_was_open_before_is_refused_and_good_again_afterwards(client):
    token = client.token()
    client.submit("/staff/seeing", role="receptionist")
    fields = {"csrf_token": token, "family_name": "Sousa", "given_names": "Rui", "sex": "unknown"}

    meanwhile = client.post("/patients/new", data=fields).status_code
    client.submit("/staff/seeing/end")

    assert (meanwhile, client.post("/patients/new", data=fields).status_code) == (403, 422)


def test_in_another_clinic_one_sees_the_app_as_oneself(app, hired, other_clinic):
    manager = hired("manager")
    with app.app_context(), clinic_scope(other_clinic.id):
        member_service.invite(email=manager.email, name="Marta", role="manager")
    browser = browser_of(app, manager)
    browser.submit("/staff/seeing", role="receptionist")

    assert browser.submit("/clinic/switch", clinic_id=str(other_clinic.id)).status_code == 303
    page = browser.get("/staff")

    assert (page.status_code, "You see the app as" in page.text) == (200, False)


@pytest.mark.slow
def test_the_trail_keeps_ones_own_name_and_shows_as_which_role(client, seeing, here):
    with here():
        patient_id = somebody(email=None).id
    seeing.get(f"/patients/{patient_id}")
    seeing.submit("/staff/seeing/end")

    with here():
        acts = [entry for entry in audit_service.list().rows if entry.action in {"seen-as", "viewed"}]
        assert [entry.action for entry in acts] == ["viewed", "seen-as"]
        assert len({entry.actor for entry in acts}) == 1
        assert acts[1].actor == f"staff:{acts[1].record_id}"
        assert acts[1].changes == {"role": [None, "receptionist"]}
    shown = spoken(client.get("/audit?action=seen-as").text)
    assert re.search(r"Administrator Person .*Viewed the app as another role .*Role (before )?.*Receptionist", shown), (
        shown
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "choices"),
    [
        ("administrator", ["manager", "receptionist", "practitioner", "billing-clerk", "read-only"]),
        ("manager", ["receptionist", "practitioner", "billing-clerk", "read-only"]),
    ],
)
def test_one_may_see_the_app_as_who_may_do_less(app, client, hired, role, choices):
    browser = browser_of(app, hired(role))

    assert offered(browser) == choices
    for choice in choices:
        browser.submit("/staff/seeing", role=choice)
        assert f"You are viewing the app as: {ROLES[choice].label}." in spoken(browser.get("/account").text)
        browser.submit("/staff/seeing/end")


@pytest.mark.slow
def test_nobody_sees_the_app_as_who_may_do_more(app, client, hired):
    browser = browser_of(app, hired("manager"))

    answer = browser.submit("/staff/seeing", role="administrator")

    assert answer.status_code == 422
    assert "Choose a role without permissions that you do not have" in spoken(answer.text)
    assert "You see the app as" not in browser.get("/account").text
    assert browser.get("/api-keys").status_code == 403


@pytest.mark.slow
def test_who_is_denied_something_does_not_see_the_app_as_who_may_do_it(app, client, hired):
    manager = hired("manager")
    client.submit(manager.page, name="Marta", role="manager", version=1, denied="payments:write")
    browser = browser_of(app, manager)

    assert offered(browser) == ["practitioner", "read-only"]
    assert browser.submit("/staff/seeing", role="billing-clerk").status_code == 422


def test_while_one_sees_the_app_as_a_manager_no_other_role_is_offered(client):
    client.submit("/staff/seeing", role="manager")

    assert offered(client) == []
    assert client.submit("/staff/seeing", role="receptionist").status_code == 403


@pytest.mark.breadth
@pytest.mark.parametrize(
    "fields", [{}, {"role": ""}, {"role": "owner"}, {"role": "\x00"}, {"role": "read-only", "clinic_id": "x"}]
)
def test_a_role_that_is_not_there_is_refused(client, fields):
    assert client.submit("/staff/seeing", **fields).status_code == 422


@pytest.mark.slow
def test_a_receptionist_does_not_choose(app, desk):
    assert browser_of(app, desk).submit("/staff/seeing", role="read-only").status_code == 403
