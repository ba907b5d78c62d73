"""The second step: codes of an app, recovery codes, turning it on and off."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinic.core.rate_limit import forget_expired
from tests.assertions import rows, spoken
from tests.concurrency import run_at_once
from tests.staff.login_helpers import (
    EMAIL,
    PASSWORD,
    a_browser,
    code_at,
    cookie,
    form_token,
    is_in,
    replay,
    send,
    sign_in,
    with_app,
)

NOON = datetime(2026, 3, 2, 12, 0, 15, tzinfo=UTC)
STEP = timedelta(seconds=30)
_RECOVERY_CODE = re.compile(r"\b[2-9a-z]{4}(?:-[2-9a-z]{4}){3}\b")


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def half_in(app, clinic, clock, visitor):
    """A browser in which somebody has entered the password; the second step is due."""
    with_app(app, clinic.id)
    sign_in(visitor)
    return visitor


@pytest.fixture
def signed_in(person, clock, visitor):
    """A browser in which somebody has signed in who has no second step."""
    sign_in(visitor)
    return visitor


def enter(browser, code: str):
    return send(browser, "/login/code", "/login/code", code=code)


def turn_on(browser) -> list[str]:
    """Turn the second step on as its owner would; return the recovery codes."""
    send(browser, "/account/second-step/begin", "/account")
    answer = send(browser, "/account/second-step", "/account/second-step", code=code_at(secret=secret_on(browser)))
    assert answer.status_code == 200
    return _RECOVERY_CODE.findall(spoken(answer.text))


def secret_on(browser) -> str:
    found = re.search(r"<code data-copied>([A-Z2-7 ]+)</code>", browser.get("/account/second-step").text)
    assert found
    return found[1].replace(" ", "")


@pytest.mark.slow
@pytest.mark.row(11)
def test_the_code_that_the_app_shows_completes_the_sign_in(half_in):
    answer = enter(half_in, code_at())

    assert (answer.status_code, answer.location) == (303, "/")
    assert is_in(half_in)


@pytest.mark.slow
def test_a_wrong_code_is_answered_with_the_other_way_in_and_no_empty_navigation(half_in):
    page = enter(half_in, "000000").text

    assert "enter the one that is shown now, or one of your recovery codes" in spoken(page)
    assert "<nav" not in page
    assert ">Continue</button>" in page


@pytest.mark.breadth
@pytest.mark.row(11)
@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_counts_one_step_around_now(half_in, steps, fits):
    assert enter(half_in, code_at(NOON + steps * STEP)).status_code == (303 if fits else 422)


@pytest.mark.row(11)
def test_a_code_is_used_once(app, half_in):
    enter(half_in, code_at())
    thief = a_browser(app, "192.0.2.9")
    sign_in(thief)

    answer = enter(thief, code_at())

    assert answer.status_code == 422
    assert "was used before" in spoken(answer.text)
    assert not is_in(thief)


@pytest.mark.row(11)
def test_a_code_that_is_sent_twice_at_once_lets_one_in(app, clinic, half_in):
    second = a_browser(app, "192.0.2.9")
    sign_in(second)
    browsers = [(one, form_token(one, "/login/code")) for one in (half_in, second)]
    answers = {}

    def send_it(number: int) -> None:
        browser, token = browsers[number]
        answers[number] = browser.post("/login/code", data={"csrf_token": token, "code": code_at()}).status_code

    assert run_at_once(app, clinic.id, 2, send_it) == [None, None]
    assert sorted(answers.values()) == [303, 422]


@pytest.mark.row(11)
def test_codes_are_tried_five_times_in_five_minutes(half_in, clock):
    answers = [enter(half_in, "000000").status_code for _ in range(6)]
    right = enter(half_in, code_at())
    clock.shift(timedelta(minutes=5))
    later = enter(half_in, code_at())

    assert answers == [422] * 5 + [429]
    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) > 0
    assert later.status_code == 303


def test_wrong_codes_are_written_down(app, half_in):
    enter(half_in, "000000")

    assert rows(app, "audit_entries")[-1]["action"] == "sign-in-refused"


@pytest.mark.slow
def test_signing_in_is_written_down_when_it_is_complete(app, half_in):
    before = [row["action"] for row in rows(app, "audit_entries")]
    enter(half_in, code_at())

    assert "signed-in" not in before
    assert rows(app, "audit_entries")[-1]["action"] == "signed-in"


@pytest.mark.slow
def test_a_second_step_is_turned_on_with_a_first_code(app, signed_in, clock):
    copied, elsewhere = cookie(signed_in), a_browser(app, "192.0.2.9")
    sign_in(elsewhere)

    codes = turn_on(signed_in)
    clock.shift(STEP)
    again = sign_in(a_browser(app, "192.0.2.10"))

    assert len(set(codes)) == 10
    assert is_in(signed_in)
    assert not is_in(replay(app, copied))
    assert not is_in(elsewhere)
    assert again.location == "/login/code?next=/"
    assert not any(code in str(rows(app, "recovery_codes")) for code in codes)


@pytest.mark.slow
def test_until_a_code_is_confirmed_nothing_is_asked_for(app, signed_in):
    send(signed_in, "/account/second-step/begin", "/account")
    refused = send(signed_in, "/account/second-step", "/account/second-step", code="000000")

    assert refused.status_code == 422
    assert sign_in(a_browser(app, "192.0.2.9")).location == "/"


def test_without_a_secret_no_code_turns_it_on(signed_in):
    assert send(signed_in, "/account/second-step", "/account", code=code_at()).status_code == 422


def test_the_secret_is_shown_until_it_is_on_and_never_again(app, signed_in):
    send(signed_in, "/account/second-step/begin", "/account")
    shown = signed_in.get("/account/second-step").text
    secret = secret_on(signed_in)
    turn_on(signed_in)

    assert "<svg" in shown
    assert signed_in.get("/account/second-step").location == "/account"
    assert send(signed_in, "/account/second-step/begin", "/account").status_code == 409
    assert secret != next(row["totp_secret"] for row in rows(app, "staff_members"))


@pytest.mark.slow
def test_a_recovery_code_stands_in_for_the_app_once(app, signed_in, clock):
    codes = turn_on(signed_in)
    first, second = a_browser(app, "192.0.2.9"), a_browser(app, "192.0.2.10")
    sign_in(first)
    sign_in(second)

    used, again = enter(first, codes[0].upper().replace("-", " ")), enter(second, codes[0])
    another = enter(second, codes[1])

    assert (used.status_code, again.status_code, another.status_code) == (303, 422, 303)


@pytest.mark.slow
def test_new_recovery_codes_make_the_old_ones_worthless(app, signed_in):
    old = turn_on(signed_in)

    refused = send(signed_in, "/account/recovery-codes", "/account/recovery-codes", present_password="another one")
    answer = send(signed_in, "/account/recovery-codes", "/account/recovery-codes", present_password=PASSWORD)
    new = _RECOVERY_CODE.findall(spoken(answer.text))
    browser = a_browser(app, "192.0.2.9")
    sign_in(browser)

    assert refused.status_code == 422
    assert len(set(new) - set(old)) == 10
    assert (enter(browser, old[0]).status_code, enter(browser, new[0]).status_code) == (422, 303)


def test_the_second_step_is_turned_off_with_the_password(app, signed_in):
    turn_on(signed_in)
    copied = cookie(signed_in)

    refused = send(signed_in, "/account/second-step/end", "/account/second-step/end", present_password="another one")
    still_asked = sign_in(a_browser(app, "192.0.2.9")).location
    answer = send(signed_in, "/account/second-step/end", "/account/second-step/end", present_password=PASSWORD)

    assert (refused.status_code, still_asked) == (422, "/login/code?next=/")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert not is_in(replay(app, copied))
    assert rows(app, "recovery_codes") == []
    assert sign_in(a_browser(app, "192.0.2.10"), EMAIL).location == "/"


@pytest.mark.slow
def test_tries_that_count_no_more_are_forgotten(app, half_in, clock):
    enter(half_in, "000000")
    clock.shift(timedelta(minutes=6))

    with app.app_context():
        forget_expired()

    assert rows(app, "throttles") == []
