"""What holds for every page; the fixture `browse` adds: no error, no violated policy, no request elsewhere."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LookAs
from tests.browser.pages import EMPTY_PLACES, READERS, SIGNED_IN, open_page
from tests.browser.records import NEWCOMER, Records
from tests.browser.visual_checks import (
    WIDTHS,
    axe_violations,
    has_new_look,
    looks_wrong,
    scroll_to_the_top,
)

pytestmark = pytest.mark.browser

LOOKS: dict[int, tuple[Literal["dark", "light"], ...]] = {1440: ("light", "dark"), 390: ("dark",)}
"""Widths at which axe looks, and in which schemes.

It looks with every rule in the first; in others with those about colours, if a text has a look that it has not met.
"""

MOST_HTML = 60 * 1024
MOST_REFERENCE_HTML = 320 * 1024
"""The page of the API's 120 operations is read once, not all day."""


@pytest.mark.parametrize("name", READERS)
def test_a_page_holds_the_rules_of_every_page(name: str, look_as: LookAs, records: Records) -> None:
    page = look_as(READERS[name])
    open_page(name, page, records)

    assert not _problems(page, records.names)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_a_page_of_those_who_sign_in_holds_the_rules_of_every_page(name: str, page: Page, records: Records) -> None:
    open_page(name, page, records)

    assert not _problems(page, records.names)


@pytest.mark.parametrize("name", EMPTY_PLACES)
def test_a_page_of_a_new_clinic_holds_the_rules_of_every_page(name: str, look_as: LookAs) -> None:
    page = look_as(NEWCOMER)
    page.goto(EMPTY_PLACES[name])

    expect(page.locator("main .empty")).to_be_visible()
    assert not _problems(page)


def _problems(page: Page, private: frozenset[str] = frozenset()) -> list[str]:
    """Return what is wrong with a page at any width, in any colours; private words are wrong in its title."""
    facts = scroll_to_the_top(page)  # a bar that stays covers parts of controls, which axe then finds too small
    problems = [] if facts.headings == 1 else ["not one h1"]
    problems += [f"in the title: {word}" for word in facts.words_of_title & private]
    most = MOST_REFERENCE_HTML if "/api/docs" in page.url else MOST_HTML
    problems += [] if facts.html_bytes <= most else [f"{facts.html_bytes} bytes of HTML"]
    for width in WIDTHS:
        problems += looks_wrong(page, width)
        problems += [found for scheme in LOOKS.get(width, ()) for found in _violations(page, width, scheme)]
    return problems


def _violations(page: Page, width: int, scheme: Literal["light", "dark"]) -> list[str]:
    """Return what axe finds at the present width in a scheme."""
    page.emulate_media(color_scheme=scheme)
    only_colours = scheme != LOOKS[width][0]
    if only_colours and not has_new_look(page):
        return []
    return [f"{scheme}, {width} px: {found}" for found in axe_violations(page, only_colours=only_colours)]
