"""Finding a patient from any page, with the keyboard alone."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_actions import a_new_name
from tests.browser.on_file import put_on_file
from tests.browser.records import Records

pytestmark = pytest.mark.browser


def test_a_patient_is_opened_from_another_page_by_half_a_name(page: Page, records: Records) -> None:
    name = a_new_name()
    number = put_on_file(page, records, name).number
    page.goto("/invoices")

    page.keyboard.press("/")
    page.keyboard.type(f"ver {name[:8]}")
    expect(page.locator("[data-suggestions] li").first).to_contain_text(number)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))
    expect(page.locator(".banner")).to_contain_text(number)


@pytest.mark.parametrize("in_full", [True, False])
def test_a_patient_is_opened_by_number_with_or_without_prefix_and_zeros(
    page: Page, records: Records, in_full: bool
) -> None:
    number = put_on_file(page, records).number
    page.goto("/appointments")

    page.keyboard.press("/")
    page.keyboard.type(number if in_full else number.removeprefix("P-").lstrip("0"))
    expect(page.locator("[data-suggestions] li").first).to_contain_text(number)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))
    expect(page.locator(".banner")).to_contain_text(number)


def test_a_patient_is_opened_by_the_birth_date_as_the_record_shows_it(page: Page, records: Records) -> None:
    patient = put_on_file(page, records, birth_date="1931-03-07")
    page.goto(patient.url)
    born = re.search(r"\d+-\w+-1931", page.locator(".banner").inner_text())
    assert born is not None
    page.goto("/invoices")

    page.keyboard.press("/")
    page.keyboard.type(born[0])
    expect(page.locator("[data-suggestions] li").first).to_contain_text(patient.number)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))
    expect(page.locator(".banner")).to_contain_text(patient.number)


def test_a_patient_is_opened_by_the_end_of_a_phone_number(page: Page, records: Records) -> None:
    phone = f"+35191{int(uuid4().hex[:8], 16) % 10**7:07d}"  # of a range that is in use: any other is refused
    number = put_on_file(page, records, phone=phone).number
    page.goto("/appointments")

    page.keyboard.press("/")
    page.keyboard.type(f"{phone[-6:-3]} {phone[-3:]}")
    expect(page.locator("[data-suggestions] li").first).to_contain_text(number)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))
    expect(page.locator(".banner")).to_contain_text(number)


def test_up_and_escape_lead_back_to_the_field(page: Page) -> None:
    page.goto("/appointments")
    page.keyboard.press("/")
    page.keyboard.type("kovacs")
    expect(page.locator("[data-suggestions] li").first).to_contain_text("Kovács")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")

    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("[data-suggestions]")).to_be_hidden()


def test_who_is_not_on_file_is_registered_with_what_was_typed(page: Page) -> None:
    name = a_new_name()
    page.goto("/messages")

    page.keyboard.press("/")
    page.keyboard.type(f"rui {name} 27.3.1987")
    expect(page.locator("[data-suggestions]")).to_contain_text("Nobody matches")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"Register “Rui {name}”").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_label("Given names")).to_have_value("Rui")
    expect(page.get_by_label("Family name", exact=True).first).to_have_value(name)
    expect(page.locator("[name='birth_date.year'], [name='birth_date-year']").first).to_have_value("1987")
