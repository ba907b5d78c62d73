"""A child is registered with a guardian, with and without JavaScript, and with the keyboard only."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_actions import a_new_name, press

pytestmark = pytest.mark.browser


def test_a_child_is_registered_with_a_guardian_who_is_no_patient(either_page: Page) -> None:
    page, name = either_page, a_new_name()
    _fill_child(page, name)
    _unfold_guardian(page)
    page.get_by_label("Name of the guardian").fill(f"Rui {name}")
    page.get_by_label("Email of the guardian").fill("rui@example.org")
    page.get_by_label("Relationship").fill("father")
    page.get_by_role("button", name="Register patient").click()

    guardian = page.locator(".notice").filter(has_text="Guardian:")
    expect(guardian).to_contain_text(f"Rui {name}")
    expect(guardian).to_contain_text("Messages and invoices go to the guardian")


def test_an_error_about_the_guardian_is_led_to_and_keeps_what_was_typed(either_page: Page) -> None:
    page = either_page
    _fill_child(page, a_new_name())
    _unfold_guardian(page)
    page.get_by_label("Name of the guardian").fill("Rui Costa")
    page.get_by_label("Email of the guardian").fill("nonsense")
    page.get_by_role("button", name="Register patient").click()

    page.locator(".errors a").first.click()
    expect(page.get_by_label("Email of the guardian")).to_be_focused()
    expect(page.get_by_label("Email of the guardian")).to_have_value("nonsense")
    expect(page.get_by_label("Name of the guardian")).to_have_value("Rui Costa")


def test_a_child_is_registered_with_a_guardian_with_the_keyboard_only(page: Page) -> None:
    name = a_new_name()
    _fill_child(page, name)
    expect(page.get_by_label("Name of the guardian")).to_be_visible()  # unfolded by the date of birth
    page.locator("summary").filter(has_text="Guardian").focus()
    press(page, "Tab")
    expect(page.get_by_label("Another patient of the clinic")).to_be_focused()
    press(page, "Tab")
    page.keyboard.type(f"Rui {name}")
    press(page, "Control+Enter")

    expect(page.locator(".notice").filter(has_text="Guardian:")).to_contain_text(f"Rui {name}")


def _fill_child(page: Page, name: str) -> None:
    page.goto("/patients/new")
    page.get_by_label("Given names").first.fill("Tiago")
    page.get_by_label("Family name", exact=True).first.fill(name)
    for part, value in (("day", "9"), ("month", "9"), ("year", "2020")):
        page.locator(f"[name='birth_date.{part}']").fill(value)


def _unfold_guardian(page: Page) -> None:
    """Show the fields of the guardian, if the date of birth has not done so."""
    if not page.get_by_label("Name of the guardian").is_visible():
        page.locator("summary").filter(has_text="Guardian").click()
