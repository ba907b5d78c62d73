"""Finding, booking and moving a time, with and without JavaScript, with the mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk_actions import SEND, a_new_name, number_of, press, toast
from tests.browser.on_file import book_at, put_on_file
from tests.browser.records import Records

pytestmark = pytest.mark.browser

MOST_PRESSES = 12
"""Keys from the search to the booked appointment, beyond those of the name."""


class Keyboard:
    """The keyboard of a page, which counts the keys that are pressed beyond what is typed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, *keys: str) -> None:
        """Press some keys."""
        for key in keys:
            press(self.page, key)
            self.presses += 1

    def type(self, text: str) -> None:
        """Type a name."""
        self.page.keyboard.type(text)


def free_times(page: Page) -> Locator:
    """Return the radio buttons of the first free times."""
    return page.locator("#times [name=slot]:not([value=''])")


def chosen_card(page: Page) -> Locator:
    """Return what the day shows of the appointment that is chosen."""
    return page.locator("#panel")


def test_a_free_time_is_found_booked_moved_and_undone(either_page: Page, records: Records) -> None:
    page, name = either_page, a_new_name()
    page.goto(put_on_file(page, records, name).url)
    page.get_by_role("link", name="Book", exact=True).click()

    free_times(page).nth(2).check()
    page.locator(SEND).click()
    expect(toast(page)).to_contain_text(re.compile("Vera .* booked: "))
    expect(chosen_card(page)).to_contain_text(name)

    appointment = page.url.rpartition("appointment=")[2]
    before = chosen_card(page).locator(".facts").inner_text()
    page.goto(f"/appointments/{appointment}/move")
    free_times(page).nth(5).check()
    page.locator(SEND).click()
    expect(toast(page)).to_contain_text(" moved: ")
    expect(chosen_card(page).locator(".facts")).not_to_have_text(before, use_inner_text=True)

    toast(page).get_by_role("button", name="Undo").click()
    expect(chosen_card(page).locator(".facts")).to_have_text(before, use_inner_text=True)


def test_a_patient_is_found_and_booked_in_few_presses(page: Page, records: Records) -> None:
    name, keys = a_new_name(), Keyboard(page)
    put_on_file(page, records, name)
    page.goto("/messages")

    keys.press("/")
    keys.type(name)
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Patients")
    keys.press("j", "Enter")
    expect(page.locator(".banner")).to_contain_text(name)
    keys.press("n")
    expect(page.locator("h1")).to_have_text("Book an appointment")
    expect(free_times(page).first).to_be_visible()
    expect(page.get_by_label("For", exact=True)).to_be_focused()
    keys.type("Mole")
    expect(page.locator("#found > [name=service_id]:not([form])")).not_to_have_value("")
    keys.press("Escape", "s", "ArrowRight")
    expect(page.locator(SEND)).to_have_text(re.compile(r"^Book \w{3} \d+ \w{3} \d\d:\d\d"))
    keys.press("Control+Enter")

    expect(toast(page)).to_contain_text("booked:")
    expect(chosen_card(page)).to_contain_text(name)
    assert keys.presses <= MOST_PRESSES


def test_a_new_patient_is_registered_and_booked_in_few_presses(page: Page, records: Records) -> None:
    name, keys = a_new_name().capitalize(), Keyboard(page)
    page.goto(f"/appointments?day={records.day}")

    keys.press("n")
    expect(page.get_by_label("Patient", exact=True)).to_be_focused()
    keys.type(f"Vera {name}")
    expect(page.get_by_label("Family name")).to_have_value(name)
    keys.press("Escape", "s", "Control+Enter")

    expect(toast(page)).to_contain_text(f"Vera {name} booked:")
    expect(chosen_card(page)).to_contain_text(name)
    assert keys.presses <= MOST_PRESSES


def test_a_patient_is_chosen_from_those_who_are_found_while_typing(page: Page, records: Records) -> None:
    page.goto("/appointments/new")

    page.keyboard.type("kovacs esz")
    expect(page.locator(".matches")).to_contain_text("Kovács, Eszter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator(".banner")).to_contain_text("Kovács, Eszter")


def test_an_answer_to_why_not_is_booked_at_once(either_page: Page, records: Records) -> None:
    page = either_page
    number = put_on_file(page, records).number
    page.goto(f"/appointments/new?patient={number}&practitioner_id={records.practitioner}&day={records.day}")

    page.get_by_label("time", exact=True).fill(records.taken_time)
    page.get_by_role("button", name="Check this time").click()
    answer = page.locator(".why li")
    expect(answer).to_contain_text("Booked 09:00–09:30")
    answer.get_by_role("radio").check()
    page.locator(SEND).click()

    expect(toast(page)).to_contain_text("booked:")


def test_what_was_typed_survives_another_search_and_a_taken_time(page: Page, records: Records) -> None:
    number = put_on_file(page, records).number
    page.goto(f"/appointments/new?patient={number}&day={records.day}")
    page.get_by_label("Reason for the visit").fill("A cough")

    page.get_by_label("Time of day").select_option("afternoon")
    expect(page.locator("#times h3").first).to_be_visible()
    expect(free_times(page).first).to_have_value(re.compile("T1[2-7]:"))
    expect(page.get_by_label("Reason for the visit")).to_have_value("A cough")
    expect(page.locator(SEND)).to_have_text(re.compile("^Book Ctrl"))

    page.get_by_label("Practitioner", exact=True).select_option(records.practitioner)
    page.get_by_label("Time", exact=True).fill(records.taken_time)
    page.locator(SEND).click()
    expect(page.locator(".errors")).to_contain_text("This time is taken")
    expect(page.get_by_label("Reason for the visit")).to_have_value("A cough")


def test_a_free_and_a_typed_time_replace_each_other(page: Page, records: Records) -> None:
    page.goto(f"/appointments/new?patient={records.patient}&day={records.day}")
    time = page.get_by_label("Time", exact=True)

    time.fill("9:15")
    free_times(page).first.check()
    expect(time).to_have_value("")
    time.fill("9:15")
    expect(free_times(page).first).not_to_be_checked()


def test_moving_shows_what_will_be(page: Page, records: Records) -> None:
    page.goto(f"/appointments/{book_at(page, records, '21:15')}/move")

    free_times(page).first.check()

    expect(page.locator("[data-will-be]")).to_contain_text("earlier")
    expect(page.locator(".banner")).to_contain_text(number_of(page))
    page.get_by_role("link", name="Keep the old time").click()
    expect(page.locator("main")).to_contain_text("21:15")
