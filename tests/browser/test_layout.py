"""Things that only an eye would notice, measured."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import open_page
from tests.browser.records import Records

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["book", "taken slot"])
def test_fields_side_by_side_are_level(name: str, page: Page, records: Records) -> None:
    open_page(name, page, records)

    assert _top(page.get_by_label("Date", exact=True)) == pytest.approx(
        _top(page.get_by_role("textbox", name="Time", exact=True)), abs=1
    )


def test_numbers_in_cards_say_what_they_are(page: Page, records: Records) -> None:
    page.set_viewport_size({"width": 390, "height": 900})

    for address in ("/messages/next", f"/invoices/{records.open_invoice}/credit-note"):
        page.goto(address)
        bare = page.locator(".flow tbody td:not([data-label])").filter(has_text=re.compile(r"^\D?[\d.,]+$"))
        expect(page.locator(".flow tbody td[data-label]").first).to_be_visible()
        expect(bare).to_have_count(0)


def test_the_second_column_of_cards_lines_up(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/staff")

    cells = page.locator("tbody td:nth-child(2)")
    assert cells.count() > 2
    assert len(set(cells.evaluate_all("cells => cells.map((cell) => cell.getBoundingClientRect().left)"))) == 1


def test_what_the_search_asks_for_ends_in_dots_where_there_is_no_room(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/patients")

    expect(page.locator("#q")).to_have_css("text-overflow", "ellipsis")


def test_the_keys_and_days_of_a_table_stay_on_one_line(page: Page) -> None:
    page.goto("/api-keys")

    for words in (page.locator("td code").first, page.locator("td[data-label=Created]").first):
        assert (
            words.evaluate(
                "(words) => { const all = document.createRange(); all.selectNodeContents(words);"
                " return new Set([...all.getClientRects()].map((box) => box.top)).size; }"
            )
            == 1
        )


def test_the_lines_of_an_address_stay_lines(page: Page, records: Records) -> None:
    page.goto(f"/patients/{records.patient}")

    expect(page.locator("[aria-labelledby=contact] .facts")).to_contain_text(
        "Rua das Flores 18\n4050-262 Porto", use_inner_text=True
    )


def test_a_long_name_among_the_filters_does_not_push_the_page_aside(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/audit")

    page.get_by_label("User", exact=True).evaluate("field => field.add(new Option('M'.repeat(200)))")

    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_button_of_the_filters_stands_on_their_line(page: Page) -> None:
    page.goto("/audit")

    field, button = page.get_by_label("Until"), page.get_by_role("button", name="Show", exact=True)
    assert _bottom(field) == pytest.approx(_bottom(button), abs=1)


def _bottom(field: Locator) -> float:
    box = field.bounding_box()
    assert box
    return box["y"] + box["height"]


def _top(field: Locator) -> float:
    box = field.bounding_box()
    assert box
    return box["y"]
