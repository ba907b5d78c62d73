"""How much a browser has to fetch; the HTML of each page is weighed with its other rules."""

import gzip
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response

from tests.browser.conftest import Browse

pytestmark = pytest.mark.browser

MOST_STYLES_AND_SCRIPTS = 12 * 1024
"""Bytes, compressed."""


def test_common_styles_and_scripts_weigh_at_most_12_kilobytes_compressed(browse: Browse) -> None:
    fetched = _fetched(browse(), "/patients")

    files = {
        urlsplit(one.url).path: one.body() for one in fetched if one.request.resource_type in {"stylesheet", "script"}
    }
    assert {path.rsplit(".", 1)[-1] for path in files} == {"css", "js"}
    common = [body for path, body in files.items() if "/pages/" not in path]
    assert sum(len(gzip.compress(body)) for body in common) <= MOST_STYLES_AND_SCRIPTS


def test_styles_scripts_and_icons_may_be_kept_for_ever(browse: Browse) -> None:
    fetched = _fetched(browse(), "/patients")

    kept = [one.headers.get("cache-control", "") for one in fetched if one.request.resource_type != "document"]
    assert len(kept) >= 3
    assert all("immutable" in policy for policy in kept)


def _fetched(page: Page, address: str) -> list[Response]:
    """Open a page and return every answer that it needed."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks its handlers, which no built-in allows
    page.goto(address, wait_until="networkidle")
    return answers
