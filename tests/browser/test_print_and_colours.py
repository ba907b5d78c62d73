"""Pages on paper, and on screens that show their own colours or no motion."""

import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from clinic.web.template_filters import day
from tests.browser.records import Records

pytestmark = pytest.mark.browser

A4 = (595, 842)
"""Width and height in points."""

PRINTED = {
    "day": "/appointments?day={day}",
    "invoice": "/invoices/{part_paid_invoice}",
    "invoice alone": "/invoices/{part_paid_invoice}/print",
    "statement": "/invoices/statement/{patient}",
    "receipt": "/invoices/payments/{payment}/receipt",
}
HEADINGS = {"day": "h1"}
"""What a sheet is headed by; the document has its own heading."""


@pytest.mark.parametrize("name", PRINTED)
def test_a_sheet_fits_on_one_page_of_a4(name: str, page: Page, records: Records) -> None:
    page.goto(PRINTED[name].format_map(vars(records)))

    pdf = page.pdf(prefer_css_page_size=True)

    assert _sheets(pdf) == 1
    assert _paper(pdf) == A4


def test_a_statement_is_printed_in_its_columns(page: Page, records: Records) -> None:
    page.goto(f"/invoices/{records.corrected_invoice}")
    page.get_by_role("link", name="Statement of account").click()
    page.wait_for_url("**/invoices/statement/**")
    page.set_viewport_size({"width": 690, "height": 1000})
    page.emulate_media(media="print")

    edges = page.eval_on_selector_all(
        ".ledger :is(th, td):last-child", "cells => cells.map(cell => Math.round(cell.getBoundingClientRect().right))"
    )

    assert len(edges) > 4
    assert len(set(edges)) == 1


def test_an_invoice_of_300_lines_is_printed_whole_with_its_head_on_every_sheet(page: Page, records: Records) -> None:
    page.goto(f"/invoices/{records.part_paid_invoice}/print")
    page.evaluate(
        "const rows = document.querySelector('.items tbody');"
        "for (let at = 1; at < 300; at += 1) rows.append(rows.rows[0].cloneNode(true));"
    )
    page.evaluate(
        "const link = document.createElement('a');"
        "link.href = 'https://example.org/totals'; link.textContent = 'Totals';"
        "document.querySelector('.closing .totals').append(link);"
    )

    pdf = page.pdf(prefer_css_page_size=True)

    page.emulate_media(media="print")
    assert _sheets(pdf) > 8
    assert b"https://example.org/totals" in pdf
    assert page.evaluate("getComputedStyle(document.querySelector('.items thead')).display") == "table-header-group"


@pytest.mark.parametrize("name", PRINTED)
def test_paper_shows_the_heading_but_nothing_to_click(name: str, page: Page, records: Records) -> None:
    page.goto(PRINTED[name].format_map(vars(records)))

    page.emulate_media(media="print")

    expect(page.locator(HEADINGS.get(name, "#document"))).to_be_visible()
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".footer")).to_be_hidden()
    assert not page.locator("button:visible, .btn:visible, input:visible").count()


def test_the_printed_day_shows_which_day_it_is_and_who_comes(page: Page, records: Records) -> None:
    page.goto(f"/appointments?day={records.day}")

    page.emulate_media(media="print")

    expect(page.locator("h1")).to_have_text(day(date.fromisoformat(str(records.day))))
    expect(page.locator(".appt").first).to_be_visible()


def test_the_day_tells_states_apart_in_the_screen_s_own_colours(page: Page, records: Records) -> None:
    page.emulate_media(forced_colors="active")

    for state, word in [("booked", "Booked"), ("cancelled", "Cancelled")]:
        page.goto(f"/appointments?day={records.day}&state={state}")
        card = page.locator(f".appt[data-state={state}]").first
        expect(card.locator(".st")).to_be_visible()
        expect(card.locator(".st")).to_have_text(word)
        expect(card.locator("svg")).to_be_visible()


def test_nothing_moves_for_those_who_want_no_motion(page: Page, records: Records) -> None:
    page.emulate_media(reduced_motion="reduce")

    page.goto(f"/appointments?day={records.day}")

    moving = "[...document.querySelectorAll('*')].filter((one) => parseFloat(getComputedStyle(one).transitionDuration))"
    expect(page.locator(".appt .st").first).to_be_visible()
    assert page.evaluate(f"{moving}.length + document.getAnimations().length") == 0


def _sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b[^s]", pdf))


def _paper(pdf: bytes) -> tuple[int, int]:
    """Return width and height of the first page."""
    box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box
    return round(float(box[1])), round(float(box[2]))
