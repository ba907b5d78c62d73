"""The work of a front desk without a mouse, and the keys that shorten it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_actions import a_new_name, number_of, payments_of, toast
from tests.browser.records import Records

pytestmark = pytest.mark.browser

HIDDEN_BY_A_BAR = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return '';
  const box = focused.getBoundingClientRect();
  const seen = [0.1, 0.5, 0.9].map((part) =>
    document.elementFromPoint((box.left + box.right) / 2, box.top + part * box.height));
  const shown = seen.every((one) => one && (focused.contains(one) || one.contains(focused)));
  return shown ? '' : focused.outerHTML;
}"""
"""The element that has the focus, if something else stands before it or it is outside the window."""


def test_a_patient_is_registered_and_booked_with_the_keyboard_only(page: Page) -> None:
    name = a_new_name()
    page.goto("/invoices")

    _press(page, "g", "p")
    expect(page.locator("h1")).to_have_text("Patients")
    _press(page, "n")
    _type_into(page, "Given names", "Vera")
    _press(page, "Tab")
    _type_into(page, "Family name", name)
    _press(page, "Control+Enter")
    expect(toast(page)).to_contain_text("Registered as P-")
    expect(page.locator("[data-announcer]")).to_contain_text("Registered as P-")
    number = number_of(page)

    _press(page, "n")
    expect(page.locator(".banner")).to_contain_text(number)
    page.get_by_label("With", exact=True).focus()
    _type_into(page, "With", "Sofia")
    expect(page.locator("#times .slots label").first).to_contain_text("Marin")
    _press(page, "Escape", "s", "Control+Enter")
    expect(toast(page)).to_contain_text("Vera")
    expect(page.locator("#panel .facts")).to_contain_text("Sofia Marin")


def test_a_patient_is_looked_for_and_opened_with_the_keyboard_only(page: Page) -> None:
    page.goto("/messages")

    _press(page, "/")
    _type_into(page, "Find a patient", "kovacs esz")
    _press(page, "Enter")
    expect(page.locator("h1")).to_have_text("Patients")
    _press(page, "j", "Enter")

    expect(page.locator("h1")).to_have_text("Kovács, Eszter")


def test_a_payment_is_taken_with_the_keyboard_only(page: Page, records: Records) -> None:
    page.goto("/invoices/new?patient=" + records.patient_number)
    page.get_by_label("Item").first.focus()

    page.keyboard.type("Certificate")
    _press(page, "Tab", "Tab")
    page.keyboard.type("12.20")
    _press(page, "Control+Enter")
    expect(page.locator("h1")).to_have_text("Draft invoice")
    page.get_by_role("button", name="Issue").focus()
    _press(page, "Control+Enter")
    page.get_by_label("Amount").focus()
    _press(page, "Control+Enter")

    expect(page.locator("h1 + .tag")).to_have_text("Paid")
    assert len(payments_of(page)) == 1


@pytest.mark.parametrize(
    ("keys", "heading"),
    [("g s", r"\d{4}$"), ("g p", "Patients"), ("g i", "Invoices"), ("g m", "Messages")],
    ids=["schedule", "patients", "invoices", "messages"],
)
def test_two_keys_lead_to_each_part_of_the_clinic(keys: str, heading: str, page: Page, records: Records) -> None:
    page.goto(f"/patients/{records.patient}")

    _press(page, *keys.split())

    expect(page.locator("h1")).to_have_text(re.compile(heading))


def test_shortcuts_are_off_while_typing(page: Page) -> None:
    page.goto("/patients")
    search = page.locator("main").get_by_label("Find")

    search.press_sequentially("g n ?")

    expect(search).to_have_value("g n ?")
    expect(page.locator("h1")).to_have_text("Patients")
    expect(page.locator("dialog[data-shortcuts]")).to_be_hidden()


def test_shortcuts_leave_the_keys_of_the_browser_alone(page: Page) -> None:
    page.goto("/patients")

    _press(page, "Alt+n", "Control+n", "Meta+n")

    expect(page.locator("h1")).to_have_text("Patients")


def test_the_question_mark_lists_the_shortcuts_of_the_page(page: Page, records: Records) -> None:
    page.goto(f"/patients/{records.patient}")

    _press(page, "?")

    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts.locator("dt")).to_contain_text(["g s", "g p", "g i", "g m", "/", "n", "e", "p"])
    expect(shortcuts.locator("dd")).to_contain_text(["Schedule", "Find a patient", "Book", "Edit", "Take payment"])
    _press(page, "Escape")
    expect(shortcuts).to_be_hidden()


def test_the_first_tab_stop_skips_to_the_content(page: Page) -> None:
    page.goto("/patients")

    _press(page, "Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_in_viewport()
    _press(page, "Enter", "Tab")

    expect(page.get_by_role("link", name="Recalls")).to_be_focused()


def test_the_summary_of_problems_gets_the_focus_and_leads_to_the_fields(page: Page) -> None:
    page.goto("/patients/new")
    page.get_by_role("textbox", name="Email").fill("nonsense")
    _press(page, "Control+Enter")

    expect(page.locator(".errors")).to_be_focused()
    page.get_by_role("link", name="Enter an email address").click()

    expect(page.get_by_role("textbox", name="Email")).to_be_focused()
    expect(page.get_by_role("textbox", name="Email")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("textbox", name="Email")).to_have_accessible_description(
        re.compile("Enter an email address")
    )


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_the_focus_is_never_hidden_under_a_bar(key: str, width: int, page: Page, records: Records) -> None:
    page.set_viewport_size({"width": width, "height": 420})
    page.goto(f"/patients/{records.patient}")

    hidden = [_hidden_after(page, key) for _step in range(25)]

    assert not [element for element in hidden if element]


def _hidden_after(page: Page, key: str) -> str:
    """Press a key; return the element that it moved the focus to, if it is hidden."""
    _press(page, key)
    found: str = page.evaluate(HIDDEN_BY_A_BAR)
    return found


def _press(page: Page, *keys: str) -> None:
    page.wait_for_load_state("load")
    for key in keys:
        page.keyboard.press(key)


def _type_into(page: Page, label: str, words: str) -> None:
    """Type into the field that has the focus, which must be the one of a label."""
    expect(page.get_by_label(label, exact=True)).to_be_focused()
    page.keyboard.type(words)
