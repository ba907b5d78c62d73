"""Guessing passwords on a large scale: hardly anything is tried, nobody is locked out, and nothing piles up.

CLINIC_GUESSES says how many guesses are made in each test: 300, or 10000 for the full proof. They run on one database:
what the limits are made of is tested on both in `tests/core/test_rate_limit.py`.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinic.identity import passwords
from clinic.identity.sign_in import PER_ACCOUNT, PER_ADDRESS
from tests.assertions import row_counts, rows
from tests.databases import on_one_database
from tests.staff.counting_hasher import Hasher
from tests.staff.login_helpers import EMAIL, PASSWORD, a_browser, form_token, send, sign_in

GUESSES = int(os.environ.get("CLINIC_GUESSES", "300"))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

pytestmark = [pytest.mark.slow, on_one_database, pytest.mark.usefixtures("person"), pytest.mark.timeout(3600)]


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def hasher(monkeypatch) -> Hasher:
    """The hasher, which counts how many passwords it verifies."""
    counting = Hasher()
    monkeypatch.setattr(passwords, "HASHER", counting)
    return counting


@pytest.fixture
def known(clock, visitor):
    """The browser of the person whose password is guessed; they have signed in with it before, and out again."""
    sign_in(visitor)
    send(visitor, "/logout", "/account")
    return visitor


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Guesser:
    """Somebody who guesses, from whichever addresses; what was answered is counted."""

    def __init__(self, app) -> None:
        self.browser = a_browser(app, "203.0.113.1")
        self.token = form_token(self.browser, "/login")
        self.answers: dict[int, int] = {}

    def guess(self, number: int, email: str = EMAIL, *, source: str = "203.0.113.1") -> None:
        data = {"csrf_token": self.token, "email": email, "password": f"wrong password {number}"}
        answer = self.browser.post("/login", data=data, environ_overrides={"REMOTE_ADDR": source})
        assert answer.status_code != 429 or int(answer.headers["Retry-After"]) > 0
        self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1


@pytest.mark.row(69)
@pytest.mark.row(2)
@pytest.mark.parametrize("accounts", [1, 7], ids=["one account", "several accounts"])
def test_from_one_address_ten_guesses_are_tried(app, hasher, known, accounts):
    guesser, before = Guesser(app), hasher.verified

    for number in range(GUESSES):
        guesser.guess(number, EMAIL if number % accounts == 0 else f"name{number % accounts}@example.org")

    assert guesser.answers == {422: PER_ADDRESS.most, 429: GUESSES - PER_ADDRESS.most}
    assert hasher.verified - before == PER_ADDRESS.most
    assert sign_in(known).status_code == 303
    assert sign_in(a_browser(app, "192.0.2.44"), EMAIL, PASSWORD).status_code == 303


@pytest.mark.row(69)
@pytest.mark.row(2)
def test_from_many_addresses_thirty_guesses_at_an_account_are_tried(app, hasher, known):
    guesser, before = Guesser(app), hasher.verified

    for number in range(GUESSES):
        guesser.guess(number, source=address(number))

    assert guesser.answers == {422: PER_ACCOUNT.most, 429: GUESSES - PER_ACCOUNT.most}
    assert hasher.verified - before == PER_ACCOUNT.most
    assert sign_in(known).status_code == 303


@pytest.mark.row(3)
def test_made_up_names_from_everywhere_leave_nothing_behind(app, known, clock):
    guesser, before, audited = Guesser(app), row_counts(app), len(rows(app, "audit_entries"))
    most = 0

    for number in range(GUESSES):
        guesser.guess(number, f"name{number}@example.org", source=address(number))
        clock.shift(timedelta(seconds=6))
        most = max(most, len(rows(app, "throttles"))) if number % 10 == 0 else most

    assert guesser.answers == {422: GUESSES}
    assert most <= 2 * (300 / 6 + 1) + 10
    assert row_counts(app) == before
    assert len(rows(app, "audit_entries")) == audited


@pytest.mark.row(3)
def test_what_is_written_down_about_guesses_at_an_account_is_bounded_by_its_limit(app, known):
    guesser, audited = Guesser(app), len(rows(app, "audit_entries"))

    for number in range(GUESSES):
        guesser.guess(number, source=address(number))

    assert len(rows(app, "audit_entries")) - audited == PER_ACCOUNT.most
    assert len(rows(app, "throttles")) <= PER_ACCOUNT.most + 10
