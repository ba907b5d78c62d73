"""The warning before a session ends."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Browse, Site
from tests.browser.desk_actions import sign_in
from tests.browser.records import ADMINISTRATOR

pytestmark = pytest.mark.browser

Unused = Callable[[timedelta], None]
SOON = timedelta(minutes=13, seconds=30)


@pytest.fixture
def desk(browse: Browse) -> Page:
    """A page whose clock can be put forward, in which somebody has just signed in."""
    page = browse(storage_state=None)
    page.clock.install()
    sign_in(page, ADMINISTRATOR)
    page.goto("/patients/new")
    return page


@pytest.fixture
def unused(site: Site) -> Unused:
    """Let the latest session have been unused for a while."""

    def put_back(since: timedelta) -> None:
        seen = (datetime.now(UTC) - since).strftime("%Y-%m-%d %H:%M:%S.%f")
        with sqlite3.connect(site.database, timeout=10) as connection:
            connection.execute(
                "UPDATE sign_ins SET seen_at = ? WHERE created_at = (SELECT max(created_at) FROM sign_ins)", [seen]
            )

    return put_back


def warning(page: Page) -> Locator:
    return page.locator("dialog[data-session]")


def test_two_minutes_before_the_end_one_may_stay(desk: Page, unused: Unused) -> None:
    unused(SOON)
    expect(warning(desk)).to_be_hidden()
    desk.clock.fast_forward("13:05")

    expect(desk.get_by_text("You will be signed out in about 2 minutes")).to_be_visible()
    desk.get_by_role("button", name="Stay signed in").click()

    expect(warning(desk)).to_be_hidden()
    answer = desk.request.get("/account/session")
    assert answer.json()["seconds"] > 890


def test_who_goes_on_in_another_tab_is_not_warned(desk: Page) -> None:
    with desk.expect_response("**/account/session") as told:
        desk.clock.fast_forward("13:05")

    assert told.value.json()["seconds_to_warning"] > 0
    desk.evaluate("fetch('/account').then((answer) => answer.text())")  # by then the page knows its answer, too
    expect(warning(desk)).to_be_hidden()


def test_who_has_been_signed_out_is_told_once_and_keeps_what_was_typed(desk: Page, unused: Unused) -> None:
    desk.get_by_label("Family name").fill("Halloran")
    unused(timedelta(minutes=16))
    desk.clock.fast_forward("13:05")

    expect(desk.get_by_role("heading", name="You have been signed out")).to_be_visible()
    desk.get_by_role("button", name="Close").click()
    desk.clock.fast_forward("05:00")

    expect(warning(desk)).to_be_hidden()
    expect(desk.get_by_label("Family name")).to_have_value("Halloran")
