"""A day at the front desk: choosing, moving on and undoing, with and without JavaScript, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Browse
from tests.browser.desk_actions import press, toast
from tests.browser.records import Records

pytestmark = pytest.mark.browser

ASKED_EVERY = 20_000
"""Milliseconds after which a page asks whether its day has changed."""


def open_day(page: Page, records: Records) -> None:
    page.goto(f"/appointments?day={records.day}")


def panel(page: Page) -> Locator:
    return page.locator("aside.panel")


def a_booked_card(page: Page, practitioner: str, number: int = 0) -> Locator:
    """Return the link of a card that is still booked, by its name, so that it stays the same when it changes."""
    cards = page.get_by_role("region", name=practitioner).locator("[data-state=booked] > a")
    href = cards.nth(number).get_attribute("href") or ""
    return page.locator(f'.appt > a[href="{href}"]')


def state_of(card: Locator) -> Locator:
    return card.locator(".st")


def test_a_visit_goes_from_its_card_to_its_end_and_a_step_is_undone(either_page: Page, records: Records) -> None:
    page = either_page
    open_day(page, records)
    card = a_booked_card(page, "Dr Lukas Brandt")

    card.click()
    panel(page).get_by_role("button", name="Arrived").click()
    expect(toast(page)).to_contain_text("arrived at")
    panel(page).get_by_role("button", name="Call in").click()
    panel(page).get_by_role("button", name="Done", exact=False).click()
    expect(state_of(card)).to_contain_text("Done")
    toast(page).get_by_role("button", name="Undo").click()

    expect(panel(page).locator(".tag").first).to_contain_text("In room")
    expect(state_of(card)).to_contain_text("In room")


def test_a_state_and_the_practitioners_are_chosen(either_page: Page, records: Records) -> None:
    page = either_page
    open_day(page, records)

    page.locator(".counts a").filter(has_text="cancelled").click()
    expect(page.locator(".appt:not([data-state=cancelled])")).to_have_count(0)
    expect(page.locator(".appt").first).to_be_visible()
    page.locator(".counts a[aria-current]").click()
    page.locator("summary").filter(has_text="Practitioners").click()
    page.get_by_role("checkbox", name="Sofia Marin").uncheck()
    page.get_by_role("button", name="Show", exact=True).last.click()
    expect(page.locator(".col")).to_have_count(2)

    page.locator("summary").filter(has_text="Practitioners").click()
    page.get_by_role("checkbox", name="Sofia Marin").check()
    page.get_by_role("button", name="Show", exact=True).last.click()
    expect(page.locator(".col")).to_have_count(3)


def test_arrows_walk_among_the_cards_and_letters_act_on_the_one_with_the_focus(page: Page, records: Records) -> None:
    open_day(page, records)
    first, second = (a_booked_card(page, "Dr Amara Okafor", number) for number in range(2))
    first.focus()

    page.keyboard.press("Enter")
    expect(panel(page)).to_contain_text(first.locator(".who").inner_text())
    for _ in range(6):  # there may be gaps between the two
        if second.evaluate("card => card === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    expect(toast(page)).to_contain_text("arrived at")
    expect(state_of(second)).to_contain_text("Waiting")
    expect(second).to_be_focused()
    expect(state_of(first)).to_contain_text("Booked")

    page.keyboard.press("u")
    expect(state_of(second)).to_contain_text("Booked")
    press(page, "Escape")
    expect(panel(page)).to_have_count(0)
    expect(second).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("region", name="Dr Lukas Brandt").locator(":focus")).to_have_count(1)


def test_keys_turn_the_days_and_open_what_is_chosen(page: Page, records: Records) -> None:
    open_day(page, records)
    heading = page.locator("h1").inner_text()

    page.keyboard.press("]")
    expect(page.locator("h1")).not_to_have_text(heading)
    press(page, "[")
    expect(page.locator("h1")).to_have_text(heading)
    press(page, ".")
    expect(page.locator(".cols")).to_have_attribute("data-fit", "")

    card = a_booked_card(page, "Sofia Marin")
    card.focus()
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/appointments/[0-9a-f-]{36}$"))
    expect(page.locator("h1")).to_have_text("Booked")
    press(page, "x")
    page.wait_for_url("**#cancel")


def test_what_somebody_else_changes_is_offered_to_those_at_work_and_shown_to_others(
    browse: Browse, page: Page, records: Records
) -> None:
    other, page = page, browse()
    page.clock.install()
    open_day(page, records)
    mine, theirs = (a_booked_card(page, "Sofia Marin", number) for number in range(2))
    mine.focus()
    other.goto(f"/appointments{theirs.get_attribute('href')}")

    other.keyboard.press("a")
    expect(toast(other)).to_contain_text("arrived at")
    page.clock.run_for(ASKED_EVERY)
    offer = page.locator(".refresh")
    expect(offer).to_contain_text("1 change")
    expect(state_of(theirs)).to_contain_text("Booked")
    offer.get_by_role("button").click()
    expect(state_of(theirs)).to_contain_text("Waiting")

    page.locator("h1").click()
    press(other, "u")
    expect(state_of(other.locator(".appt > a[aria-current]"))).to_contain_text("Booked")
    page.clock.run_for(ASKED_EVERY)
    expect(state_of(theirs)).to_contain_text("Booked")


def test_a_phone_shows_the_same_lists_below_one_another_with_a_way_to_each(page: Page, records: Records) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_day(page, records)

    page.locator(".jump").get_by_role("link", name="Sofia Marin").click()

    expect(page.get_by_role("region", name="Sofia Marin").locator("h2")).to_be_in_viewport()
    expect(page.locator(".appt .at").first).to_be_visible()
    expect(page.locator(".gutter")).to_be_hidden()


def drag(page: Page, card: Locator, to: Locator, *, pieces: int = 4) -> None:
    """Drag a card with the mouse so that its top is at the top of something else, and keep the button pressed."""
    at, target = card.bounding_box(), to.bounding_box()
    assert at
    assert target
    page.mouse.move(at["x"] + 20, at["y"] + 8)
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + 8, steps=pieces)


def test_a_card_is_dragged_to_a_free_time_of_somebody_else_and_the_move_is_undone(page: Page, records: Records) -> None:
    open_day(page, records)
    card = a_booked_card(page, "Dr Amara Okafor")
    gap = page.get_by_role("region", name="Sofia Marin").locator(".gap a").first
    gap.scroll_into_view_if_needed()
    was = card.locator(".at").inner_text()

    drag(page, card, gap)
    ghost = page.get_by_role("region", name="Sofia Marin").locator(".ghost .at")
    expect(ghost).to_be_visible()
    page.keyboard.press("Escape")
    expect(ghost).to_have_count(0)
    page.mouse.up()
    expect(toast(page)).to_have_count(0)

    drag(page, card, gap)
    starts = ghost.inner_text().partition("–")[0]
    page.mouse.up()
    expect(toast(page)).to_contain_text(f"{starts}–")
    expect(
        page.get_by_role("region", name="Sofia Marin").locator(f'a[href="{card.get_attribute("href")}"]')
    ).to_be_visible()
    toast(page).get_by_role("button", name="Undo").click()
    expect(page.get_by_role("region", name="Dr Amara Okafor").locator("[aria-current] .at")).to_have_text(was)


def test_a_card_that_is_dropped_where_somebody_is_booked_shows_the_page_that_moves_it(
    page: Page, records: Records
) -> None:
    open_day(page, records)
    card, other = a_booked_card(page, "Dr Amara Okafor"), a_booked_card(page, "Dr Lukas Brandt")

    drag(page, card, other)
    page.mouse.up()

    expect(page.locator("h1")).to_have_text("Move appointment")
    expect(page.locator(".errors")).to_contain_text("This time is taken")
