"""The form of a patient's record in a browser: the age as it is typed, and rows that are added and removed."""

import pytest
from playwright.sync_api import Page, expect

from clinic.core.clock import today
from tests.browser.desk_actions import SEND, a_new_name, toast

pytestmark = pytest.mark.browser


def test_the_age_follows_the_date_of_birth(page: Page) -> None:
    page.goto("/patients/new")
    born, age = page.get_by_role("group", name="Date of birth"), page.locator("output[data-age]")

    born.get_by_label("Day").fill("1")
    born.get_by_label("Month").fill("1")
    born.get_by_label("Year").fill(str(today("Europe/Lisbon").year - 30))
    expect(age).to_have_text("30 years old")

    born.get_by_label("Month").fill("13")
    expect(age).to_have_text("")


def test_a_phone_is_added_used_and_undone(either_page: Page) -> None:
    page = either_page
    page.goto("/patients/new")
    page.get_by_label("Family name").fill(a_new_name())
    page.get_by_role("textbox", name="Phone").fill("912 555 014")
    page.get_by_role("heading", name="More").click()
    page.get_by_role("button", name="Add a phone").click()
    other = page.get_by_role("group", name="Other phones")
    expect(other.get_by_label("Phone")).to_be_focused()
    other.get_by_label("Phone").fill("213 456 789")
    other.get_by_label("Use").select_option("work")
    page.locator(SEND).click()

    page.get_by_role("button", name="Use +351213456789").click()
    expect(page.locator(".banner")).to_contain_text("+351213456789")
    toast(page).get_by_role("button", name="Undo").click()
    expect(page.locator(".banner")).to_contain_text("+351912555014")
