"""Forms that are sent twice in a browser, with and without JavaScript: one record, one message."""

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.conftest import Browse
from tests.browser.desk_actions import SEND, a_new_name, number_of, toast

pytestmark = pytest.mark.browser

WAIT, SHORT_WAIT = "const SEND_AGAIN_AFTER = 8000;", "const SEND_AGAIN_AFTER = 50;"
"""How long app.js does not send a form again, and how long it does not in a test."""

PRESS_TWICE_AND_AFTER_THE_WAIT = """selector => {
  const press = () => document.querySelector(selector).click();
  setTimeout(press, 0);
  setTimeout(press, 10);
  setTimeout(press, 500);
}"""


def fill_registration(page: Page, family_name: str) -> None:
    page.goto("/patients/new")
    page.get_by_label("Given names").fill("Vera")
    page.get_by_label("Family name").fill(family_name)


def count_found(page: Page, family_name: str) -> int:
    page.goto(f"/patients?q={family_name}")
    return page.locator("#patient-results tbody tr:not(.last-act)").count()


@pytest.mark.row(75)
def test_a_registration_without_an_answer_that_is_sent_again_without_javascript_registers_one_patient(
    browse: Browse,
) -> None:
    page, name = browse(java_script_enabled=False), a_new_name()
    lost: list[APIResponse] = []
    fill_registration(page, name)
    page.route("**/patients/new", lambda route: lost.append(route.fetch(max_redirects=0)), times=1)

    with page.expect_request("**/patients/new"):
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text(f"{name}, Vera")
    expect(toast(page)).to_have_text(f"Registered as {number_of(page)}")
    assert [answer.status for answer in lost] == [303]
    assert count_found(page, name) == 1


@pytest.mark.row(75)
def test_a_registration_without_an_answer_that_is_sent_again_after_the_wait_registers_one_patient(
    browse: Browse,
) -> None:
    page, name = browse(), a_new_name()
    lost: list[APIResponse] = []
    page.route("**/app.js*", _shorten_the_wait)
    fill_registration(page, name)
    page.route("**/patients/new", lambda route: lost.append(route.fetch(max_redirects=0)), times=1)

    page.evaluate(PRESS_TWICE_AND_AFTER_THE_WAIT, SEND)

    expect(page.locator("h1")).to_have_text(f"{name}, Vera")
    expect(toast(page)).to_have_text(f"Registered as {number_of(page)}")
    assert [answer.status for answer in lost] == [303]
    assert count_found(page, name) == 1


def _shorten_the_wait(route: Route) -> None:
    response = route.fetch()
    assert WAIT in response.text()
    route.fulfill(response=response, body=response.text().replace(WAIT, SHORT_WAIT))
