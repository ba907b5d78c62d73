"""The work of a front desk, with and without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Browse, OpenTab
from tests.browser.desk_actions import (
    SEND,
    a_new_name,
    book,
    edit_phone,
    make_invoice,
    number_of,
    open_appointment,
    payments_of,
    register,
    take_payment,
    toast,
)
from tests.browser.on_file import book_at, open_a_new_invoice, put_on_file
from tests.browser.records import Records

pytestmark = pytest.mark.browser


def test_a_new_patient_gets_a_page_of_their_own(either_page: Page) -> None:
    name = a_new_name()

    number = register(either_page, name)

    expect(either_page.locator("h1")).to_have_text(f"{name}, Vera")
    expect(toast(either_page)).to_have_text(f"Registered as {number}")


def test_a_patient_without_a_name_is_asked_for_one(either_page: Page) -> None:
    either_page.goto("/patients/new")
    either_page.get_by_role("heading", name="More").click()
    either_page.get_by_role("textbox", name="Address").fill("Rua Nova 1")

    either_page.locator(SEND).click()

    expect(either_page.locator(".errors")).to_contain_text("Enter the family name or the given name")
    expect(either_page.get_by_role("textbox", name="Address")).to_have_value("Rua Nova 1")


def test_a_patient_is_found_by_a_part_of_the_name(either_page: Page, records: Records) -> None:
    name = a_new_name()
    put_on_file(either_page, records, name)

    either_page.goto("/patients")
    either_page.locator("main").get_by_label("Find").fill(name[:9].lower())
    either_page.get_by_role("button", name="Search").click()

    expect(either_page.locator("#patient-results tbody a").first).to_have_text(f"{name}, Vera")


def test_a_booked_appointment_is_on_the_list_of_its_day(either_page: Page, records: Records) -> None:
    number, time = put_on_file(either_page, records).number, _free_time(either_page, records)

    book(either_page, number, records, time)

    expect(toast(either_page)).to_contain_text("booked:")
    expect(either_page.locator(".appt").filter(has_text=number)).to_contain_text("Booked")


def test_an_appointment_is_cancelled_with_its_reason(either_page: Page, records: Records) -> None:
    appointment = book_at(either_page, records, "20:00")
    either_page.goto(f"/appointments?day={records.day}&appointment={appointment}")

    open_appointment(either_page)
    either_page.get_by_label("The practitioner").check()
    either_page.get_by_role("button", name="Cancel appointment").click()

    expect(toast(either_page)).to_contain_text("is cancelled")
    expect(either_page.locator(".facts")).to_contain_text("practitioner")
    expect(either_page.get_by_role("button", name="Cancel appointment")).to_have_count(0)


def test_a_taken_slot_is_refused_and_the_form_keeps_what_was_typed(either_page: Page, records: Records) -> None:
    number = put_on_file(either_page, records).number

    book(either_page, number, records, records.taken_time)

    expect(either_page.locator(".errors")).to_contain_text("This time is taken")
    expect(either_page.locator(".banner")).to_contain_text(number)
    expect(either_page.get_by_label("Practitioner", exact=True)).to_have_value(records.practitioner)
    expect(either_page.get_by_label("Date")).to_have_value(str(records.day))
    expect(either_page.get_by_label("Time", exact=True)).to_have_value(records.taken_time)


def test_an_invoice_is_written_issued_and_paid(either_page: Page) -> None:
    make_invoice(either_page, register(either_page), "45.00")

    expect(either_page.get_by_label("Amount")).to_have_value("45.00")
    either_page.get_by_role("button", name="Take payment").click()

    expect(toast(either_page)).to_have_text("€45.00 taken")
    expect(either_page.locator("h1 + .tag")).to_have_text("Paid")
    assert payments_of(either_page) == ["€45.00"]


def test_a_part_is_paid_first_and_the_rest_later(either_page: Page, records: Records) -> None:
    open_a_new_invoice(either_page, records)

    take_payment(either_page, "20")

    expect(either_page.locator("h1 + .tag")).to_have_text("Part paid")
    expect(either_page.get_by_label("Amount")).to_have_value("25.00")


def test_the_cash_given_is_asked_for_only_if_it_is_paid_in_cash(either_page: Page, records: Records) -> None:
    open_a_new_invoice(either_page, records)
    given = either_page.get_by_label("Cash given")
    expect(given).to_be_hidden()

    either_page.get_by_label("Cash", exact=True).check()
    given.fill("50")
    either_page.get_by_role("button", name="Take payment").click()

    expect(toast(either_page)).to_have_text("€45.00 taken, change €5.00")


@pytest.mark.row(75)
def test_a_double_click_on_take_payment_takes_one_payment(either_page: Page, records: Records) -> None:
    open_a_new_invoice(either_page, records)
    either_page.get_by_label("Amount").fill("20")

    either_page.get_by_role("button", name="Take payment").dblclick()

    expect(either_page.locator("h1 + .tag")).to_have_text("Part paid")
    assert len(payments_of(either_page)) == 1


@pytest.mark.row(75)
def test_a_form_of_a_payment_that_is_sent_again_takes_nothing_again(either_page: Page, records: Records) -> None:
    open_a_new_invoice(either_page, records)
    key = either_page.get_by_role("region", name="Take payment").locator("[name=key]")
    first = key.input_value()
    take_payment(either_page, "20")

    key.evaluate("(input, key) => { input.value = key; }", first)
    take_payment(either_page, "20")

    expect(toast(either_page)).to_have_text("€20.00 taken")
    assert len(payments_of(either_page)) == 1


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_the_second_of_two_editors_sees_both_versions_and_chooses(
    open_tab: OpenTab, browse: Browse, javascript: bool, records: Records
) -> None:
    first, second = open_tab(javascript=javascript), browse(java_script_enabled=javascript)
    patient = put_on_file(first, records)
    edit_phone(second, patient.url, "+351 912 555 041")
    second.get_by_role("heading", name="More").click()
    second.get_by_label("Pronouns").fill("she/her")
    edit_phone(first, patient.url, "+351 912 555 014")
    first.locator(SEND).click()

    second.locator(SEND).click()

    expect(second.locator("h1")).to_contain_text("Somebody else changed")
    if javascript:
        expect(second.locator("h1")).to_be_focused()
    expect(second.get_by_label("+351912555041")).to_be_checked()
    second.get_by_label("+351912555014").check()
    second.locator(SEND).click()
    expect(toast(second)).to_have_text(f"Saved: {patient.number}")
    assert number_of(second) == patient.number
    expect(second.locator(".banner")).to_contain_text("+351912555014")
    expect(second.locator(".facts")).to_contain_text("she/her")


def test_home_is_the_first_entry_of_the_navigation(either_page: Page) -> None:
    either_page.goto("/")

    expect(either_page.locator("nav[aria-label=Main] a").first).to_have_attribute("aria-current", "page")


def _free_time(page: Page, records: Records) -> str:
    """Return a time after noon at which the first practitioner is still free."""
    page.goto(f"/appointments?day={records.day}")
    booked = page.locator(".col").first.locator(".at").all_inner_texts()
    return next(time for hour in range(13, 23) if not any(one.startswith(time := f"{hour}:00") for one in booked))
