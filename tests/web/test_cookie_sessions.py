"""What is said once after something was done, however the answers to a browser overtake each other."""

import pytest
from werkzeug.test import TestResponse

from clinic.web.cookie_sessions import _signed
from tests.assertions import spoken
from tests.page_client import PageClient
from tests.staff.login_helpers import OTHER_PASSWORD, PASSWORD, a_person, is_in, send, sign_in


@pytest.fixture
def desk(app, clinic, visitor: PageClient) -> PageClient:
    """A browser in which a receptionist has signed in, and read what there was to read."""
    a_person(app, clinic.id)
    sign_in(visitor)
    visitor.get("/account")
    return visitor


class Answer:
    """An answer that a browser gets later than it was written."""

    def __init__(self, desk: PageClient, method: str, url: str, **data: str) -> None:
        self.desk, self.url = desk, url
        desk._cookies, kept = dict(desk._cookies or {}), desk._cookies
        self.response: TestResponse = desk.open(url, method=method, data=data or None)
        desk._cookies = kept

    def arrives(self) -> None:
        """Let the browser take the cookies of the answer."""
        self.desk._update_cookies_from_response("localhost", self.url, self.response.headers.getlist("Set-Cookie"))


@pytest.mark.slow
@pytest.mark.row(21)
def test_messages_of_two_forms_at_once_are_both_shown(desk: PageClient) -> None:
    token = desk.token()
    first = Answer(desk, "POST", "/account/preferences", csrf_token=token)
    second = Answer(desk, "POST", "/patients/new", csrf_token=token, family_name="Pereira")

    second.arrives()
    first.arrives()
    page = spoken(desk.get("/patients").text)

    assert "Your preferences are saved" in page
    assert "Registered as" in page


@pytest.mark.slow
@pytest.mark.row(21)
def test_an_answer_that_comes_late_brings_no_ended_session_back(desk: PageClient) -> None:
    send(desk, "/account/preferences", "/account")
    late = Answer(desk, "GET", "/patients")

    changed = send(
        desk, "/account/password", "/account/password", present_password=PASSWORD, new_password=OTHER_PASSWORD
    )
    late.arrives()

    assert "Your preferences are saved" in spoken(late.response.text)
    assert changed.status_code == 303
    assert is_in(desk)
    assert desk.post("/account/preferences", data={"csrf_token": desk.token()}).status_code == 303


@pytest.mark.slow
@pytest.mark.row(21)
def test_a_message_is_shown_once(desk: PageClient) -> None:
    send(desk, "/account/preferences", "/account")

    pages = [spoken(desk.get("/patients").text) for _ in range(2)]

    assert ["Your preferences are saved" in page for page in pages] == [True, False]


@pytest.mark.slow
@pytest.mark.row(21)
def test_a_message_waits_while_pages_lead_on(desk: PageClient) -> None:
    send(desk, "/account/preferences", "/account")

    led_on = desk.get("/")
    page = desk.get(led_on.location)

    assert led_on.status_code == 302
    assert "Your preferences are saved" in spoken(page.text)


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(17)
@pytest.mark.parametrize("value", ["", "x", "W10.x.y", "a" * 3000])
def test_a_message_that_nobody_of_us_has_signed_is_not_shown(desk: PageClient, value: str) -> None:
    desk.set_cookie("said-1", value)

    assert desk.get("/patients").status_code == 200


@pytest.mark.slow
@pytest.mark.row(17)
def test_a_message_is_not_taken_for_a_session(app, desk: PageClient) -> None:
    with desk.session_transaction() as session:
        token = session["_user_id"]
    value = _signed(app).dumps([("_user_id", token)])

    desk.set_cookie("session", value)

    assert not is_in(desk)
