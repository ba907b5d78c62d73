"""Consent at the desk: asked while registering, changed, withdrawn and taken back, with and without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_actions import a_new_name

pytestmark = pytest.mark.browser


def test_consent_is_asked_when_registering_and_changed_withdrawn_and_restored(either_page: Page) -> None:
    page = either_page
    page.goto("/patients/new")
    page.get_by_label("Family name").fill(a_new_name())
    page.get_by_role("textbox", name="Email").fill("consentida@example.org")
    page.get_by_label("Email: News").check()
    page.get_by_label("I have not asked about the rest yet").uncheck()
    page.get_by_role("button", name="Register patient").click()
    expect(page.get_by_role("row", name="Recalls").get_by_label("No", exact=True)).to_have_count(1)

    page.get_by_role("link", name="Change consent").click()
    page.get_by_label("SMS: Reminders").check()
    page.get_by_label("On the phone").check()
    page.get_by_role("button", name="Save consent").click()
    expect(page.get_by_text("Yes, by email and SMS")).to_be_visible()

    page.get_by_role("button", name="Withdraw all consent").click()
    expect(page.get_by_label("Email: Care messages")).not_to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Email: Care messages")).to_be_checked()
    expect(page.get_by_label("SMS: Reminders")).to_be_checked()
