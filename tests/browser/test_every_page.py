"""What holds for every page; the fixture `browse` adds: no error, no violated policy, no request elsewhere."""

from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Browse, Door
from tests.browser.pages import EMPTY_PLACES, PAGES, open_page
from tests.browser.records import Records
from tests.browser.visual_checks import SCHEMES, WIDTHS, axe_violations, html_bytes, looks_wrong, words_of_title

pytestmark = pytest.mark.browser

EVERY_RULE = {390: "dark", 1440: "light"}
"""Widths at which axe looks, and the scheme in which it checks more than the colours there."""

MOST_HTML = 60 * 1024
MOST_REFERENCE_HTML = 192 * 1024
"""The page of the API's 70 operations is read once, not all day."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_the_rules_of_every_page(name: str, page: Page, records: Records) -> None:
    open_page(name, page, records)

    assert not _problems(page)
    assert not words_of_title(page) & records.names


@pytest.mark.parametrize("name", EMPTY_PLACES)
def test_a_page_of_a_new_clinic_holds_the_rules_of_every_page(name: str, browse: Browse, new_site: Door) -> None:
    page = browse(new_site)
    page.goto(EMPTY_PLACES[name])

    assert page.locator("main .empty").is_visible()
    assert not _problems(page)


def _problems(page: Page) -> list[str]:
    """Return what is wrong with a page at any width, in any colours."""
    problems = [] if page.locator("h1").count() == 1 else ["not one h1"]
    most = MOST_REFERENCE_HTML if page.url.endswith("/api/docs") else MOST_HTML
    problems += [] if html_bytes(page) <= most else [f"{html_bytes(page)} bytes of HTML"]
    for width in WIDTHS:
        problems += looks_wrong(page, width)
        problems += [found for scheme in SCHEMES if width in EVERY_RULE for found in _violations(page, width, scheme)]
    return problems


def _violations(page: Page, width: int, scheme: Literal["light", "dark"]) -> list[str]:
    """Return what axe finds at a width: with every rule in one scheme, with those about colours in the other."""
    page.emulate_media(color_scheme=scheme)
    found = axe_violations(page, only_colours=scheme != EVERY_RULE[width])
    return [f"{scheme}, {width} px: {violation}" for violation in found]
