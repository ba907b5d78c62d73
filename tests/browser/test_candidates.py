"""Who may be on file already is shown while a patient's form is filled in."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_actions import a_new_name
from tests.browser.on_file import put_on_file
from tests.browser.records import Records

pytestmark = pytest.mark.browser


def test_leaving_a_field_shows_who_is_on_file_and_a_tick_goes_on(page: Page, records: Records) -> None:
    name = a_new_name()
    number = put_on_file(page, records, name).number

    page.goto("/patients/new")
    page.get_by_label("Given names").first.fill("Véra")
    page.get_by_label("Family name").first.fill(name)
    page.get_by_label("Given names").first.focus()
    aside = page.get_by_role("complementary").filter(has_text="may already be on file")

    expect(aside).to_contain_text(number)
    expect(aside).to_contain_text("possible")
    page.get_by_role("checkbox", name="This is somebody else").check()
    page.get_by_role("button", name="Register patient").click()
    expect(page.locator(".banner")).to_contain_text("Véra")
