"""The search for patients that answers while one types."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.desk_actions import a_new_name
from tests.browser.on_file import put_on_file
from tests.browser.records import Records

pytestmark = pytest.mark.browser

FOUND = "#patient-results tbody tr:not(.last-act) a"


def test_the_list_changes_while_typing_without_a_reload(page: Page, records: Records) -> None:
    name = a_new_name()
    put_on_file(page, records, name)
    page.goto("/patients")
    page.evaluate("window.still_here = true")

    page.locator("main").get_by_label("Find").press_sequentially(name[:9])

    expect(page.locator(FOUND)).to_have_text([f"{name}, Vera"])
    assert page.evaluate("window.still_here")
    expect(page).to_have_url(re.compile(rf"/patients\?q={name[:9]}$"))


def test_how_many_were_found_is_announced(page: Page) -> None:
    page.goto("/patients")

    page.locator("main").get_by_label("Find").press_sequentially("nobody at all")

    expect(page.locator("[data-announcer]")).to_have_text("No patient found")
    expect(page.locator("#patient-results")).to_contain_text("Nobody matches “nobody at all”")


def test_down_from_the_field_goes_to_the_first_who_was_found_and_enter_opens_the_record(page: Page) -> None:
    page.goto("/patients")
    page.locator("main").get_by_label("Find").press_sequentially("kovacs eszter")
    expect(page.locator(FOUND)).to_have_count(1)

    page.keyboard.press("ArrowDown")

    expect(page.get_by_role("link", name="Kovács, Eszter")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".banner")).to_contain_text("Eszter")


def test_the_last_word_wins_over_an_answer_that_comes_late(page: Page) -> None:
    page.goto("/patients")
    late: list[Route] = []
    page.route("**/patients?q=o", lambda route: late.append(route))  # noqa: PLW0108 - Playwright marks its handlers, which no built-in allows
    search = page.locator("main").get_by_label("Find")

    with page.expect_request("**/patients?q=o"):
        search.fill("o")
    search.fill("kovacs")

    expect(page.locator(FOUND)).to_have_text(["Kovács, Eszter"])
    assert len(late) == 1
    expect(search).to_have_value("kovacs")


def test_without_a_connection_the_page_shows_a_notice_and_no_earlier_list_stays(page: Page) -> None:
    page.goto("/patients")
    page.route("**/patients?q=*", lambda route: route.abort("internetdisconnected"))
    search = page.locator("main").get_by_label("Find")

    search.fill("kovacs")

    expect(page.get_by_text("No connection")).to_be_visible()
    expect(page.locator("#patient-results tr")).to_have_count(0)
    page.unroute("**/patients?q=*")
    search.fill("kovacs e")
    expect(page.locator(FOUND)).to_have_text(["Kovács, Eszter"])
    expect(page.get_by_text("No connection")).to_be_hidden()


def test_an_error_of_the_server_is_shown_in_the_place_of_the_list(page: Page) -> None:
    page.goto("/patients")
    search = page.locator("main").get_by_label("Find")

    search.fill("x" * 201)

    expect(page.locator("#patient-results")).to_contain_text("Enter at most 200 characters")
    expect(page.locator("#patient-results tr")).to_have_count(0)
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("[data-announcer]")).to_contain_text("Enter at most 200 characters")
    expect(page.get_by_text("No connection")).to_be_hidden()
    search.fill("kovacs")
    expect(page.locator(FOUND)).to_have_text(["Kovács, Eszter"])


def test_an_answer_that_is_no_page_of_ours_is_not_taken_for_a_lost_connection(page: Page) -> None:
    page.goto("/patients")
    page.route("**/patients?q=*", lambda route: route.fulfill(status=431, body="<h1>Too large</h1>"))

    page.locator("main").get_by_label("Find").fill("kovacs")

    expect(page.locator("#patient-results")).to_have_text("The server answered with error 431")
    expect(page.get_by_text("No connection")).to_be_hidden()
