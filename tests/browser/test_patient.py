"""A patient's page by keyboard: opened from the list, its timeline filtered and continued, a visit booked from it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_actions import press
from tests.browser.records import Records

pytestmark = pytest.mark.browser


def test_a_patient_is_opened_from_the_list_and_booked_with_the_keyboard_only(page: Page) -> None:
    page.goto("/patients?q=kovacs+eszter")

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Kovács, Eszter")
    press(page, "n")

    expect(page).to_have_url(re.compile("/appointments/new"))
    expect(page.locator(".banner")).to_contain_text("Kovács")


def test_the_timeline_is_filtered_and_continued_without_a_reload(page: Page, records: Records) -> None:
    page.goto(f"/patients/{records.changed_patient}")
    page.evaluate("window.still_here = true")
    card = page.locator("#timeline-card")

    card.get_by_role("link", name="Changes").focus()
    page.keyboard.press("Enter")
    expect(card.get_by_role("link", name="Changes")).to_be_focused()
    expect(card.locator(".events > li")).to_have_count(20)
    expect(page.locator("[data-announcer]")).to_have_text("20 entries of changes")
    card.get_by_role("link", name="older").focus()
    page.keyboard.press("Enter")

    expect(card.locator(".events > li").nth(20)).to_be_focused()
    expect(card.get_by_text("Registered a patient")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?show=changes$"))
    assert page.evaluate("window.still_here")


def test_what_has_the_focus_is_never_behind_the_banner(page: Page, records: Records) -> None:
    page.set_viewport_size({"width": 1000, "height": 500})
    page.goto(f"/patients/{records.patient}")
    links = page.locator("main .split a:visible, main .split button:visible")

    for number in reversed(range(min(links.count(), 25))):
        links.nth(number).focus()
        hidden = page.evaluate(
            "document.activeElement.getBoundingClientRect().top"
            " < document.querySelector('.banner').getBoundingClientRect().bottom"
        )
        assert not hidden, number
