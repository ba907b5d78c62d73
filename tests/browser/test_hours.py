"""The form of hours: rows and totals that change in place, and what becomes of the appointments outside."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import hours_with_appointments_outside
from tests.browser.records import Records

pytestmark = pytest.mark.browser


def day(page: Page, name: str) -> Locator:
    """Return the group of a day's fields."""
    return page.get_by_role("group", name=name, exact=True)


def add(page: Page, name: str, number: int, starts: str, ends: str) -> None:
    """Add a row to a day and fill it in."""
    page.get_by_role("button", name=f"Add hours on {name}").click()
    page.get_by_label(f"{name}, range {number}, from").fill(starts)
    page.get_by_label(f"{name}, range {number}, to").fill(ends)


def test_rows_are_added_removed_and_checked(either_page: Page, records: Records) -> None:
    page = either_page
    page.goto(f"/appointments/hours/{records.practitioner}")

    add(page, "Saturday", 1, "8", "9")
    add(page, "Saturday", 2, "9.30", "1215")
    day(page, "Saturday").get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Check").click()

    expect(page.get_by_label("Saturday, range 1, from")).to_have_value("09:30")
    expect(day(page, "Saturday").locator("output")).to_have_text("2 h 45")
    expect(page.locator("[data-week-total]")).to_have_text("2 h 45")


def test_rows_and_totals_change_in_place_and_the_focus_follows(page: Page, records: Records) -> None:
    page.goto(f"/appointments/hours/{records.practitioner}")
    page.evaluate("document.body.dataset.same = 'page'")
    saturday, total = day(page, "Saturday"), page.locator("[data-week-total]")

    page.get_by_role("button", name="Add hours on Saturday").click()
    expect(page.get_by_label("Saturday, range 1, from")).to_be_focused()
    page.keyboard.type("9h30")
    page.keyboard.press("Tab")
    page.keyboard.type("24")
    expect(saturday.locator("output")).to_have_text("14 h 30")
    expect(total).to_have_text("14 h 30")
    page.get_by_label("Saturday, range 1, to").fill("25")
    expect(total).to_have_text("–")
    saturday.get_by_role("button", name="Remove").click()

    expect(saturday).to_contain_text("Does not work")
    expect(page.get_by_role("button", name="Add hours on Saturday")).to_be_focused()
    expect(page.locator("body")).to_have_attribute("data-same", "page")


def test_the_button_says_what_becomes_of_the_appointments_outside(page: Page, records: Records) -> None:
    hours_with_appointments_outside(page, records)
    choices, button = page.locator("td.choice select"), page.get_by_role("button", name="Save hours").last
    expect(choices.first).to_be_hidden()
    expect(button).to_contain_text("as booked")

    page.get_by_label("Use the choices below").check()
    for number in range(choices.count()):
        choices.nth(number).select_option("keep")
    choices.first.select_option("cancel")

    expect(button).to_contain_text("Save hours, cancel 1")
    expect(page.get_by_text("1 cancelled")).to_be_visible()


def test_choices_are_offered_without_javascript_only_where_they_are_used(either_page: Page, records: Records) -> None:
    page = either_page
    hours_with_appointments_outside(page, records)
    choices = page.locator("td.choice select")
    expect(choices.first).to_be_hidden()

    page.get_by_label("Use the choices below").check()

    expect(choices.first).to_be_visible()


def test_the_month_of_exceptions_is_one_stop_of_the_tab_key_and_arrows_walk_through_it(
    page: Page, records: Records
) -> None:
    page.goto(f"/appointments/hours/{records.practitioner}?month=2027-03-01")
    days = page.locator(".month tbody a")
    stops = page.locator(".month tbody a[tabindex='0']")
    expect(stops).to_have_count(1)

    stops.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    expect(days.nth(1)).to_be_focused()
    expect(stops).to_have_text("2")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("exceptions/new.day=2027-03-02"))
