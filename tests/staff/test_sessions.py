"""Sessions: how they end, and that an ended session is refused."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.members import member_service
from clinic.identity.models import Clinic as ClinicRow
from clinic.identity.models import Membership
from clinic.identity.sessions import session_service
from clinic.web.authorization import access_to
from tests.assertions import rows, spoken
from tests.concurrency import run_at_once
from tests.databases import on_one_database
from tests.staff.login_helpers import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    a_browser,
    a_person,
    cookie,
    form_token,
    is_in,
    place_in,
    replay,
    send,
    sign_in,
)

FORMER_KEY, NEW_KEY = "a former key of enough letters, 0123456789", "a new key of enough letters, 9876543210"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def signed_in(app, clinic, clock, visitor):
    """A browser in which a receptionist has signed in; an administrator works in the clinic, too."""
    a_person(app, clinic.id, "administrator", email="boss@example.org")
    a_person(app, clinic.id)
    sign_in(visitor)
    return visitor


def set_clinic(app, clinic_id: UUID, **values: int) -> None:
    with app.app_context(), unit_of_work():
        for name, value in values.items():
            setattr(db.session.get_one(ClinicRow, clinic_id), name, value)


def refused_everywhere(app, session: str, csrf: str, *, only_views_of_pages: bool = False) -> list[str]:
    """Ask every route that is not public with a copied session; return those that do anything but turn it away.

    No session opens anything of the API, and the view of GET answers HEAD: `only_views_of_pages` leaves both out.
    """
    browser, wrong = replay(app, session), []
    for rule in app.url_map.iter_rules():
        if access_to(app, rule.endpoint).public or (only_views_of_pages and rule.rule.startswith("/api/")):
            continue
        url = app.url_map.bind("").build(rule.endpoint, {name: uuid4() for name in rule.arguments})
        for method in sorted((rule.methods or set()) - {"OPTIONS", *(["HEAD"] if only_views_of_pages else [])}):
            body = {"data": {"csrf_token": csrf}} if method == "POST" and not url.startswith("/api/") else {}
            answer = browser.open(url, method=method, **body)
            page = (answer.status_code, (answer.location or "").partition("?")[0]) == (302, "/login")
            if not (answer.status_code == 401 if url.startswith("/api/") else page):
                wrong.append(f"{method} {url}: {answer.status}")
            browser.set_cookie("session", session)
    return wrong


def by_signing_out(app, here, clock, browser) -> None:
    send(browser, "/logout", "/account")


def by_changing_the_password(app, here, clock, browser) -> None:
    fields = {"present_password": PASSWORD, "new_password": OTHER_PASSWORD}
    send(browser, "/account/password", "/account/password", **fields)


def by_another_role(app, here, clock, browser) -> None:
    with here():
        membership = member_service.get_by_email(EMAIL).membership
        member_service.update(membership.id, version=membership.version, name=membership.name, role="manager")


def by_deactivation(app, here, clock, browser) -> None:
    with here():
        member_service.deactivate(member_service.get_by_email(EMAIL).membership.id)


def by_idling(app, here, clock, browser) -> None:
    clock.shift(timedelta(minutes=15))


def by_a_long_day(app, here, clock, browser) -> None:
    for _ in range(12 * 6):
        clock.shift(timedelta(minutes=10))
        browser.get("/account")


def by_ending_it_elsewhere(app, here, clock, browser) -> None:
    elsewhere = a_browser(app, "192.0.2.9")
    sign_in(elsewhere)
    url = re.findall(r'action="(/account/sessions/[^"]*/end)"', elsewhere.get("/account").text)[0]
    assert send(elsewhere, url, "/account").status_code == 303


ENDINGS = [
    by_signing_out,
    by_changing_the_password,
    by_another_role,
    by_deactivation,
    by_idling,
    by_a_long_day,
    by_ending_it_elsewhere,
]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(12)
@pytest.mark.row(15)
@pytest.mark.row(16)
@pytest.mark.row(19)
@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_a_session_that_has_ended_is_refused_by_every_route(
    app, here, clock, signed_in, end: Callable[..., None]
) -> None:
    copied, csrf = cookie(signed_in), form_token(signed_in, "/account")
    assert is_in(replay(app, copied))

    end(app, here, clock, signed_in)

    assert refused_everywhere(app, copied, csrf, only_views_of_pages=end is not ENDINGS[0]) == []


@on_one_database
@pytest.mark.slow
def test_a_living_session_would_have_been_let_in(app, signed_in):
    copied, csrf = cookie(signed_in), form_token(signed_in, "/account")

    assert len(refused_everywhere(app, copied, csrf)) > 10


@pytest.mark.slow
@pytest.mark.row(16)
def test_using_a_session_keeps_it_alive(clock, signed_in):
    for _ in range(3):
        clock.shift(timedelta(minutes=14))
        assert is_in(signed_in)


@pytest.mark.slow
@pytest.mark.row(16)
@pytest.mark.parametrize("url", ["/account", "/patients", "/appointments"])
def test_what_pages_ask_in_the_background_keeps_no_session_alive(clock, signed_in, url):
    clock.shift(timedelta(minutes=14))
    answered = signed_in.get(url, headers={"X-Background": "1"})
    clock.shift(timedelta(minutes=2))

    assert answered.status_code == 200
    assert not is_in(signed_in)


@pytest.mark.slow
@pytest.mark.row(16)
def test_a_page_may_ask_when_its_session_ends_without_using_it(clock, signed_in):
    clock.shift(timedelta(minutes=14))

    told = signed_in.get("/account/session")
    clock.shift(timedelta(minutes=1))

    assert told.get_json() == {"seconds": 60, "seconds_to_warning": 0, "can_wait": True}
    assert not is_in(signed_in)


@pytest.mark.slow
@pytest.mark.row(16)
def test_a_page_looks_early_enough_to_warn_whatever_was_noted_of_its_session(app, clinic, clock, signed_in):
    looks = []
    for _ in range(3):
        clock.shift(timedelta(seconds=50))
        looks.append(re.findall(r'data-seconds="(\d+)"', signed_in.get("/account").text))
    set_clinic(app, clinic.id, absolute_hours=1)
    for _ in range(5):
        clock.shift(timedelta(minutes=10))
        looks.append(re.findall(r'data-seconds="(\d+)"', signed_in.get("/account").text))

    assert looks == [["720"]] * 7 + [["330"]]


@pytest.mark.slow
@pytest.mark.row(16)
def test_staying_signed_in_begins_the_idle_time_anew(clock, signed_in):
    clock.shift(timedelta(minutes=14))

    told = send(signed_in, "/account/session", "/account")
    clock.shift(timedelta(minutes=14))

    assert told.get_json() == {"seconds": 900, "seconds_to_warning": 780, "can_wait": True}
    assert is_in(signed_in)


@pytest.mark.slow
@pytest.mark.row(16)
def test_nobody_can_stay_beyond_the_clinic_s_longest_session(app, clinic, clock, signed_in):
    set_clinic(app, clinic.id, idle_minutes=120, absolute_hours=1)
    clock.shift(timedelta(minutes=59))

    told = send(signed_in, "/account/session", "/account")

    assert told.get_json() == {"seconds": 60, "seconds_to_warning": 0, "can_wait": False}


@pytest.mark.slow
@pytest.mark.row(16)
def test_with_an_idle_limit_of_a_minute_using_a_session_keeps_it_alive(app, clinic, clock, signed_in):
    set_clinic(app, clinic.id, idle_minutes=1)

    for _ in range(5):
        clock.shift(timedelta(seconds=40))
        assert is_in(signed_in)
    assert signed_in.get("/account/session").get_json()["seconds_to_warning"] == 30


@pytest.mark.row(16)
def test_the_limits_are_the_clinic_s(app, clinic, clock, signed_in):
    set_clinic(app, clinic.id, idle_minutes=120, absolute_hours=1)

    clock.shift(timedelta(minutes=59))
    before = is_in(signed_in)
    clock.shift(timedelta(minutes=1))

    assert before
    assert not is_in(signed_in)
    assert [row["ended_because"] for row in rows(app, "sign_ins")] == ["too-long"]


@pytest.mark.slow
@pytest.mark.row(16)
def test_the_sign_in_page_shows_why_the_session_has_ended(clock, signed_in):
    clock.shift(timedelta(minutes=20))

    page = signed_in.get("/patients", follow_redirects=True)

    assert "You were signed out because you were inactive" in spoken(page.text)
    assert signed_in.get("/login?next=/patients").status_code == 200


@pytest.mark.breadth
@pytest.mark.row(17)
@pytest.mark.parametrize(
    "change", [lambda kept: kept[:-4], lambda kept: "x" + kept, lambda kept: kept * 3, lambda _: "{}"]
)
def test_a_cookie_that_was_tampered_with_is_nobody_s(app, signed_in, change):
    changed = replay(app, change(cookie(signed_in)))

    assert changed.get("/patients").status_code == 302
    assert changed.get("/login").status_code == 200


@pytest.mark.slow
@pytest.mark.row(17)
def test_a_cookie_of_another_key_is_nobody_s_and_with_a_former_key_sessions_go_on(other_app, signed_in):
    with other_app(SECRET_KEY=FORMER_KEY) as former:
        browser = a_browser(former)
        sign_in(browser)
        copied = cookie(browser)

    with other_app(SECRET_KEY=NEW_KEY) as strange:
        opened = is_in(replay(strange, copied))
    with other_app(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=[FORMER_KEY]) as turned:
        kept = is_in(replay(turned, copied))

    assert not opened
    assert kept


@pytest.mark.slow
@pytest.mark.row(18)
def test_under_tls_the_cookies_are_bound_to_this_host(app, clinic, other_app):
    a_person(app, clinic.id)
    with other_app(PUBLIC_URL="https://clinic.example.org") as secure:
        browser = a_browser(secure)
        browser.environ_base["wsgi.url_scheme"] = "https"
        browser.environ_base["HTTP_HOST"] = "clinic.example.org"
        page = browser.get("https://clinic.example.org/login")
        token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
        data = {"csrf_token": token[1] if token else "", "email": EMAIL, "password": PASSWORD}
        answer = browser.post("https://clinic.example.org/login", data=data)

    sent = answer.headers.getlist("Set-Cookie")
    assert answer.status_code == 303
    assert sorted(line.partition("=")[0] for line in sent) == ["__Host-device", "__Host-session"]
    for line in sent:
        parts = {part.strip().lower() for part in line.split(";")}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)
        assert len(line) < 4096


@pytest.mark.slow
@pytest.mark.row(18)
def test_a_session_s_cookie_ends_with_the_browser(app, clinic, visitor):
    a_person(app, clinic.id)

    lines = sign_in(visitor).headers.getlist("Set-Cookie")

    [session] = [line for line in lines if line.startswith("session=")]
    assert "Expires" not in session
    assert "Max-Age" not in session


@pytest.mark.row(19)
def test_somebody_sees_where_they_are_signed_in_and_ends_each(app, signed_in):
    phone = a_browser(app, "192.0.2.9")
    phone.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Android 15; Mobile) Firefox/143.0"
    sign_in(phone)

    page = signed_in.get("/account").text
    [url] = re.findall(r'action="(/account/sessions/[^"]*/end)"', page)
    answer = send(signed_in, url, "/account")

    assert "Firefox on Android" in page
    assert "192.0.2.9" in page
    assert spoken(page).count("This session") == 1
    assert answer.location == "/account"
    assert not is_in(phone)
    assert is_in(signed_in)


@pytest.mark.row(19)
def test_nobody_ends_another_person_s_session(app, clinic, signed_in):
    theirs = a_browser(app)
    sign_in(theirs, "boss@example.org")
    other_id = rows(app, "sign_ins")[-1]["id"]

    foreign = send(signed_in, f"/account/sessions/{other_id}/end", "/account")
    missing = send(signed_in, f"/account/sessions/{uuid4()}/end", "/account")

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert is_in(theirs)


@pytest.mark.slow
@pytest.mark.row(20)
def test_nothing_is_left_in_the_browser_after_signing_out(signed_in):
    shown = signed_in.get("/patients")
    left = send(signed_in, "/logout", "/account")

    assert shown.headers["Cache-Control"] == "no-store"
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert signed_in.get("/patients").status_code == 302


@pytest.mark.slow
@pytest.mark.row(21)
def test_looking_at_pages_leaves_the_cookie_as_it_is(signed_in):
    token = form_token(signed_in, "/account")

    answers = [signed_in.get(url) for url in ("/account", "/patients", "/account/password", "/appointments")]

    assert [answer.headers.getlist("Set-Cookie") for answer in answers] == [[]] * 4
    assert signed_in.post("/account/preferences", data={"csrf_token": token}).status_code == 303


@pytest.mark.slow
@pytest.mark.row(21)
def test_many_requests_of_one_session_at_once_do_no_harm_to_each_other(app, clinic, signed_in):
    copied, token = cookie(signed_in), form_token(signed_in, "/account")
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        browser = replay(app, copied)
        if number % 2:
            answers[number] = browser.get("/account").status_code
        else:
            answers[number] = browser.post("/account/preferences", data={"csrf_token": token}).status_code

    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        failures = run_at_once(app, clinic.id, 6, ask)

    assert failures == [None] * 6
    assert [answers[number] for number in range(6)] == [303, 200] * 3


@pytest.mark.row(23)
def test_a_token_of_another_session_or_in_the_address_sends_no_form(app, signed_in):
    theirs = a_browser(app)
    sign_in(theirs, "boss@example.org")
    stolen, own = form_token(theirs, "/account"), form_token(signed_in, "/account")

    with_stolen = signed_in.post("/account/preferences", data={"csrf_token": stolen})
    in_address = signed_in.post("/account/preferences", query_string={"csrf_token": own})

    assert (with_stolen.status_code, in_address.status_code) == (400, 400)


def test_sessions_of_long_ago_are_forgotten(app, clock, signed_in):
    clock.shift(timedelta(days=31))

    with app.app_context():
        session_service.delete_old()

    assert rows(app, "sign_ins") == []


@pytest.mark.slow
def test_switching_the_clinic_gives_the_session_another_token_and_the_role_there(app, other_clinic, signed_in):
    member_id = next(row["id"] for row in rows(app, "staff_members") if row["email"] == EMAIL)
    place_in(app, other_clinic.id, member_id, "manager")
    copied = cookie(signed_in)

    answer = send(signed_in, "/clinic/switch", "/account", clinic_id=str(other_clinic.id))

    assert (answer.status_code, answer.location) == (303, "/")
    assert not is_in(replay(app, copied))
    account = spoken(signed_in.get("/account").text)
    assert "Other Clinic" in account
    assert "Manager" in account
    assert "Clínica São João" in account


@pytest.mark.slow
def test_nobody_gets_into_a_clinic_that_is_none(signed_in):
    ids = ("", "nonsense", "00000000-0000-0000-0000-000000000000")

    answers = [send(signed_in, "/clinic/switch", "/account", clinic_id=one).status_code for one in ids]

    assert answers == [404] * 3


def test_nobody_gets_into_a_clinic_in_which_they_do_not_work(app, other_clinic, signed_in):
    foreign = send(signed_in, "/clinic/switch", "/account", clinic_id=str(other_clinic.id))
    missing = send(signed_in, "/clinic/switch", "/account", clinic_id=str(uuid4()))

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert spoken(foreign.text).replace(foreign.headers["X-Request-ID"], "") == spoken(missing.text).replace(
        missing.headers["X-Request-ID"], ""
    )


@pytest.mark.slow
def test_keyboard_shortcuts_are_switched_off_and_on(signed_in):
    send(signed_in, "/account/preferences", "/account")
    off = signed_in.get("/account").text
    send(signed_in, "/account/preferences", "/account", shortcuts="1")
    on = signed_in.get("/account").text

    assert 'data-keys="off"' in off
    assert 'data-keys="off"' not in on


@pytest.mark.slow
@pytest.mark.row(12)
def test_a_clinic_that_somebody_has_left_is_offered_no_more_and_opens_nothing(app, other_clinic, signed_in):
    member_id = next(row["id"] for row in rows(app, "staff_members") if row["email"] == EMAIL)
    place_in(app, other_clinic.id, member_id, "manager")
    offered = signed_in.get("/account").text
    _leave(app, other_clinic.id)

    answer = send(signed_in, "/clinic/switch", "/account", clinic_id=str(other_clinic.id))

    assert other_clinic.name in offered
    assert other_clinic.name not in signed_in.get("/account").text
    assert answer.status_code == 404


@pytest.mark.slow
@pytest.mark.row(12)
def test_a_session_opens_nothing_where_somebody_works_no_more_even_if_it_was_not_ended(app, clinic, signed_in):
    _leave(app, clinic.id)

    assert not is_in(signed_in)


@pytest.mark.row(34)
def test_strangers_may_do_nothing(app, clinic, visitor, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "clinic.identity.clinics.ClinicService.require_any", lambda _: seen.append(current_actor().permissions)
    )

    visitor.get("/login")

    assert seen == [frozenset()]


def _leave(app, clinic_id: UUID) -> None:
    """Let nobody work in a clinic any more, without ending a session."""
    with app.app_context(), unit_of_work():
        for place in db.session.query(Membership).filter_by(clinic_id=clinic_id):
            place.active = False
