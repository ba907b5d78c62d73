"""What scripts add to single controls, on the page that shows every component."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Browse, OpenTab
from tests.browser.pages import expired_form, in_trouble
from tests.browser.records import Records
from tests.browser.visual_checks import SCHEMES, WIDTHS, axe_violations, looks_wrong

pytestmark = pytest.mark.browser


@pytest.fixture
def components(page: Page) -> Page:
    """The page of all components."""
    page.goto("/dev/components")
    return page


@pytest.mark.parametrize("query", ["", "?problems=1"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_components_are_accessible_and_fit_every_screen(page: Page, scheme: str, query: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"/dev/components{query}")
    assert not axe_violations(page)
    page.get_by_label("Maximiliana Wolfeschlegelsteinhausen: account").click()

    problems = [problem for width in WIDTHS for problem in looks_wrong(page, width)]

    assert not problems
    assert not axe_violations(page, ".account[open]")


def test_a_password_is_shown_on_request_and_hidden_before_it_is_sent(components: Page) -> None:
    field, button = _password(components), components.locator("button[data-show]")
    field.fill("correct horse")

    components.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")
    expect(button).to_have_accessible_name("Hide password")
    components.evaluate("addEventListener('submit', (event) => event.preventDefault())")
    components.get_by_role("button", name="Register patient").click()

    expect(field).to_have_attribute("type", "password")
    expect(button).to_have_accessible_name("Show password")


def test_caps_lock_is_hinted_at_while_a_password_is_typed(components: Page) -> None:
    hint, field = components.locator("[data-caps]"), _password(components)
    expect(hint).to_be_hidden()

    field.evaluate(_KEYUP, True)
    expect(hint).to_be_visible()
    expect(components.locator("[data-announcer]")).to_have_text("Caps Lock is on")
    field.evaluate(_KEYUP, False)

    expect(hint).to_be_hidden()


def test_without_scripts_there_is_no_button_that_would_do_nothing(open_tab: OpenTab) -> None:
    page = open_tab(javascript=False)

    page.goto("/dev/components")

    expect(_password(page)).to_be_visible()
    expect(page.get_by_role("button", name="Show")).to_be_hidden()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()


def test_a_secret_is_copied_letter_by_letter(browse: Browse) -> None:
    page = browse(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/dev/components")

    page.get_by_role("button", name="Copy key").click()

    expect(page.locator("[data-announcer]")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".secret code").inner_text()


def test_a_code_from_a_phone_is_offered_and_typed_with_digits(components: Page) -> None:
    field = components.get_by_label("Code")

    expect(field).to_have_attribute("autocomplete", "one-time-code")
    expect(field).to_have_attribute("inputmode", "numeric")


def test_the_account_menu_opens_and_closes_with_the_keyboard(components: Page) -> None:
    menu = components.get_by_label("Jo Reyes: account")
    menu.focus()

    components.keyboard.press("Enter")
    components.keyboard.press("Tab")
    expect(components.get_by_role("link", name="My account").first).to_be_focused()
    components.keyboard.press("Escape")

    expect(menu).to_be_focused()
    expect(components.get_by_role("link", name="My account")).to_have_count(0)


def test_a_menu_closes_when_another_one_is_opened(components: Page) -> None:
    components.get_by_label("Jo Reyes: account").click()

    components.locator("summary", has_text="More").click()

    expect(components.locator("details[open]")).to_have_count(1)
    expect(components.get_by_text("Write a credit note")).to_be_visible()


def test_the_account_menu_works_without_scripts(open_tab: OpenTab) -> None:
    page = open_tab(javascript=False)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto("/dev/components")

    page.get_by_label("Maximiliana Wolfeschlegelsteinhausen: account").click()

    expect(page.get_by_role("button", name="Clínica São João do Estoril")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_heading_of_an_error_has_the_focus_and_its_reference_is_copied(browse: Browse, records: Records) -> None:
    page = browse(permissions=["clipboard-read", "clipboard-write"])
    in_trouble("unexpected")(page, records)

    expect(page.locator("h1")).to_be_focused()
    page.get_by_role("button", name="Copy reference").click()
    expect(page.locator("[data-announcer]")).to_have_text("Copied")

    assert page.evaluate("navigator.clipboard.readText()") == page.locator("code").inner_text()


def test_a_page_that_failed_is_tried_again_with_one_click(either_page: Page, records: Records) -> None:
    in_trouble("busy")(either_page, records)

    either_page.get_by_role("link", name="Try again").click()

    expect(either_page.locator("h1")).to_have_text("Patients")


def test_a_form_that_has_expired_is_sent_again_with_one_click(either_page: Page, records: Records) -> None:
    expired_form(either_page, records)

    expect(either_page.locator("h1")).to_have_text("This form has expired")
    name = either_page.locator("[name=family_name]").get_attribute("value") or "no name"
    either_page.get_by_role("button", name="Send again").click()

    expect(either_page.locator("h1")).to_have_text(name)


_KEYUP = """(field, on) => field.dispatchEvent(
  new KeyboardEvent('keyup', { key: 'a', bubbles: true, modifierCapsLock: on }))"""


def _password(page: Page) -> Locator:
    return page.get_by_label("Password", exact=True)
