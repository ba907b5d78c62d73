"""From a patient's record to the comparison with another one, and to one record, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_actions import SEND, a_new_name, press, toast
from tests.browser.on_file import put_on_file
from tests.browser.records import Records

pytestmark = pytest.mark.browser


def test_two_records_are_merged_from_the_page_of_one(either_page: Page, records: Records) -> None:
    page = either_page
    other, patient = put_on_file(page, records).number, put_on_file(page, records)
    number = patient.number
    page.goto(f"{patient.url}/merge")
    page.get_by_label("The other record").fill("nobody at all")
    page.locator(SEND).click()
    expect(page.locator(".errors")).to_contain_text("No patient matches")

    page.get_by_label("The other record").fill(other)
    page.locator(SEND).click()
    page.get_by_role("button", name=re.compile("Merge into")).click()

    expect(toast(page)).to_be_visible()
    expect(page.locator(".banner")).to_contain_text(re.compile(f"{number}|{other}"))
    page.goto(f"/patients?q={other}")
    expect(page.locator("#patient-results [data-rows] tr").first).to_contain_text(re.compile(f"{number}|{other}"))


def test_the_other_record_is_chosen_with_the_keyboard_only(page: Page, records: Records) -> None:
    name = a_new_name()
    first, patient = put_on_file(page, records, name).number, put_on_file(page, records, f"{name}a").url
    page.goto(f"{patient}/merge")
    expect(page.get_by_label("The other record")).to_be_focused()

    page.keyboard.type(first)
    press(page, "Control+Enter")

    expect(page.locator("h1")).to_have_text("One person or two?")
