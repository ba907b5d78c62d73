"""The main navigation and the tabs of the clinic's administration mark the page that is open."""

import re

import pytest

from clinic.identity.roles import permission_names
from tests.link_crawler import walk


def _current(page: str, label: str) -> list[str]:
    """Return the links that a list of links marks as the current ones."""
    links = page.split(f'aria-label="{label}"')[1].split("</nav>", maxsplit=1)[0]
    return re.findall(r'<a [^>]*aria-current="page">([^<]*)</a>', links)


@pytest.mark.parametrize(
    ("path", "tab"),
    [("/staff", "Staff"), ("/staff/roles", "Roles"), ("/api-keys", "API keys"), ("/clinic", "Clinic")],
)
def test_each_tab_is_current_on_its_page_and_staff_is_on_all(client, path, tab):
    page = client.get(path).text

    assert _current(page, "Administration") == [tab]
    assert [link.strip() for link in _current(page, "Main")] == ["Staff"]


@pytest.mark.parametrize(("path", "entry"), [("/staff/invite", "Staff"), ("/patients", "Patients"), ("/account", None)])
def test_a_page_without_tabs_has_one_current_entry_at_most(client, path, entry):
    marked = [link.strip() for link in _current(client.get(path).text, "Main")]

    assert marked == ([entry] if entry else [])


@pytest.mark.slow
def test_only_tabs_that_a_person_may_open_are_shown(client, become):
    become("receptionist")
    page = client.get("/clinic").text

    assert page.split('aria-label="Administration"')[1].split("</nav>")[0].count("<a ") == 3


@pytest.mark.parametrize(
    ("denied", "entry"),
    [
        (["staff:read"], '<a href="/appointments/practitioners" data-key="g a">Settings</a>'),
        (["staff:read", "schedule:write", "keys:write", "prices:write", "templates:write", "clinic:read"], None),
        ([], '<a href="/staff" data-key="g a">Staff</a>'),
    ],
)
def test_who_may_not_see_the_staff_is_led_to_the_first_tab_that_they_may_change(client, become, denied, entry):
    become("manager", *denied)

    main = client.get("/patients").text.split('aria-label="Main"')[1].split("</nav>")[0]

    links = [" ".join(link.split()).replace(" </a>", "</a>") for link in re.findall(r"<a .*?</a>", main, re.DOTALL)]
    assert [link for link in links if "g a" in link] == ([entry] if entry else [])


def test_settings_are_the_current_entry_on_their_pages_for_those_who_may_not_see_the_staff(client, become):
    become("manager", "staff:read")

    for path, tab in (
        ("/appointments/practitioners", "Practitioners"),
        ("/appointments/opening-hours", "Opening hours"),
    ):
        page = client.get(path).text
        assert [link.strip() for link in _current(page, "Main")] == ["Settings"]
        assert _current(page, "Administration") == [tab]


@pytest.mark.slow
def test_no_page_of_a_new_clinic_names_a_command(client):
    walked = walk(client, frozenset(permission_names()))

    assert walked.astray == []
    assert len(walked.opened) > 20
