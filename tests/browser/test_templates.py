"""The editor of the texts of messages: previews of what is typed, then saving it, with and without JavaScript."""

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.desk_actions import toast

pytestmark = pytest.mark.browser

URL = "/messages/templates/recall/email/en"
START = "{{greeting}}\n\n"


def preview(page: Page) -> FrameLocator:
    """Return the frame in which the message is shown as it would be sent."""
    return page.frame_locator("iframe[name=preview]")


def test_a_text_is_previewed_twice_and_saved(either_page: Page) -> None:
    page = either_page
    page.goto(URL)
    typed = {"First try.": "First try.", "{{frist_name}}": "Did you mean {{first_name}}?", "Third try.": "Third try."}
    for text, shown in typed.items():
        page.get_by_label("Text", exact=True).fill(START + text)
        page.get_by_role("button", name="Show", exact=True).click()
        expect(preview(page).locator("body")).to_contain_text(shown)

    page.get_by_role("button", name="Save").click()

    expect(toast(page)).to_contain_text("The text is saved")
    page.goto(URL)
    expect(page.get_by_label("Text", exact=True)).to_have_value(START + "Third try.")
    expect(preview(page).locator("body")).to_contain_text("Third try.")
    page.get_by_role("button", name="Back to the default").click()
    expect(toast(page)).to_contain_text("The default text is used again")


def test_what_is_wrong_with_a_text_is_shown_while_it_is_typed(page: Page) -> None:
    page.goto(URL)

    page.get_by_label("Text", exact=True).fill(START + "{{frist_name}}")

    expect(preview(page).locator("li")).to_contain_text("Did you mean {{first_name}}?")
    expect(page).to_have_url(URL)
