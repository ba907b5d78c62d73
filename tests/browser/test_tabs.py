"""Tabs of the browser of the tests."""

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.conftest import Browse
from tests.browser.desk_actions import close_tab

pytestmark = pytest.mark.browser

CHANGING = '<meta http-equiv="refresh" content="0; URL=/changed">'


def change(route: Route) -> None:
    """Answer with a page that changes to another as soon as it has come."""
    route.fulfill(content_type="text/html", body="changed" if route.request.url.endswith("/changed") else CHANGING)


def test_a_tab_is_closed_also_while_it_changes_to_another_page(browse: Browse) -> None:
    context: BrowserContext = browse().context
    context.route("**/chang*", change)
    tabs = [context.new_page() for _ in range(3)]
    for tab in tabs:
        tab.goto("/changing", wait_until="commit")
        close_tab(tab)

    assert [tab.is_closed() for tab in tabs] == [True] * 3
    assert len(context.pages) == 1
