"""What people at the desk do, on whatever page they do it."""

import re
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

from tests.browser.records import PASSWORD, Records

SEND = "main form:not([role=search]) .btn.primary"

CLOSED_WITHIN = 1_000
"""Milliseconds after which a page that is still open is closed again."""

MOST_CLOSES = 10


def toast(page: Page) -> Locator:
    """Return the message about what was just done."""
    return page.locator(".toast:visible")


def sign_in(page: Page, email: str) -> None:
    """Sign in with the password of all tests."""
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: not url.endswith("/login"))


def become(page: Page, email: str) -> None:
    """Sign in as somebody else."""
    page.context.clear_cookies()
    sign_in(page, email)


def click_through(control: Locator) -> None:
    """Click what opens another page, and wait until that has come."""
    with control.page.expect_navigation():
        control.click()


def close_tab(tab: Page) -> None:
    """Close a page; again if it stays open.

    Chromium forgets to close a page that changes to another at that moment, and `Page.close` then waits for ever:
    https://crbug.com/536385539.
    """
    for _ in range(MOST_CLOSES):
        try:
            with tab.expect_event("close", timeout=CLOSED_WITHIN):
                tab.close(run_before_unload=True)  # which does not wait; no page of ours asks before it goes
        except TooLate:
            continue
        return
    raise AssertionError(f"{tab.url} can't be closed")


def press(page: Page, key: str) -> None:
    """Press a key on the page that has opened, when its scripts run: they listen from the end of its load on."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


def register(page: Page, family_name: str = "") -> str:
    """Register a patient with the mouse; return the number."""
    page.goto("/patients/new")
    page.get_by_label("Given names").fill("Vera")
    page.get_by_label("Family name").fill(family_name or a_new_name())
    page.get_by_role("button", name="Register patient").click()
    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))
    return number_of(page)


def number_of(page: Page) -> str:
    """Return the number of the patient whose page is open."""
    return page.locator(".banner dd").filter(has_text="P-").inner_text()


def a_new_name() -> str:
    """Return a family name that nobody else has."""
    return "Q" + "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex[:12])


def fill_booking(page: Page, patient: str, records: Records, time: str) -> None:
    """Fill the form of a booking with the first practitioner on the day that is filled already."""
    page.goto(f"/appointments/new?patient={patient}&day={records.day}")
    page.get_by_label("Practitioner", exact=True).select_option(records.practitioner)
    page.get_by_label("Time", exact=True).fill(time)


def book(page: Page, patient: str, records: Records, time: str) -> None:
    """Try to book with the mouse."""
    fill_booking(page, patient, records, time)
    click_through(page.locator(SEND))


def open_appointment(page: Page) -> None:
    """Open the page of the appointment that is chosen on the day."""
    page.locator("#panel").get_by_role("link", name="Open the appointment").click()


def make_invoice(page: Page, patient: str, price: str = "45.00") -> None:
    """Draft an invoice of one line and issue it."""
    page.goto(f"/invoices/new?patient={patient}")
    page.get_by_label("Item").first.fill("Consultation")
    page.get_by_label("Price").first.fill(price)
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("h1")).to_have_text("Draft invoice")
    page.get_by_role("button", name="Issue").click()
    expect(page.locator("h1")).to_contain_text("Invoice INV-")


def take_payment(page: Page, amount: str) -> None:
    """Take a payment for the invoice whose page is open."""
    page.get_by_label("Amount").fill(amount)
    page.get_by_role("button", name="Take payment").click()
    expect(toast(page)).to_contain_text("taken")


def payments_of(page: Page) -> list[str]:
    """Return the amounts of the payments of the invoice whose page is open, as they stand there by now."""
    page.goto(page.url.split("?")[0])
    return page.get_by_role("region", name="Payments").locator("tbody .num").all_inner_texts()


def edit_phone(page: Page, patient: str, phone: str) -> None:
    """Fill another phone number into the form of the patient at an address, without sending it."""
    page.goto(f"{patient}/edit")
    page.get_by_role("textbox", name="Phone").first.fill(phone)
