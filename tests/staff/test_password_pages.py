"""Passwords: changing them, and setting them by a link in a mail."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
import time_machine

from clinic.core.jobs import run_due_jobs
from clinic.core.tenancy import clinic_scope
from clinic.identity import self_service
from clinic.identity.operator_actions import operator_service
from tests.assertions import rows, spoken
from tests.staff.login_helpers import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    a_browser,
    a_person,
    cookie,
    form_token,
    is_in,
    replay,
    send,
    sign_in,
    with_app,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

UNUSUAL = {
    "any characters": "  Cafe\u0301 🦀🐙  e outras coisas  ",
    "128 characters": "quiet geese cross the frozen lake".ljust(128, "x"),
}
WEAK = ["tiny-pw", "password1234", "clinic2026clinic", "SaoJoao!!2026", "Receptionist1", "123456789012"]


@pytest.fixture
def signed_in(app, person, visitor):
    """A browser in which a receptionist has signed in."""
    sign_in(visitor)
    return visitor


def change(browser, present: str = PASSWORD, new: str = OTHER_PASSWORD):
    fields = {"present_password": present, "new_password": new}
    return send(browser, "/account/password", "/account/password", **fields)


@pytest.mark.slow
def test_what_is_wrong_with_both_passwords_is_reported_at_once(signed_in):
    both, first = change(signed_in, "another", "tiny-pw"), change(signed_in, "another")

    assert [answer.status_code for answer in (both, first)] == [422, 422]
    assert 'href="#f-present_password"' in both.text
    assert 'href="#f-new_password"' in both.text
    assert 'href="#f-new_password"' not in first.text


def link_to(app, browser, mailbox, email: str = EMAIL) -> str:
    """Ask for a link, let the worker send it, and return the address that it leads to."""
    send(browser, "/password/forgotten", "/password/forgotten", email=email)
    with app.app_context():
        run_due_jobs()
    return link_in(mailbox.messages[-1])


def link_in(message) -> str:
    found = re.search(r"http\S+", message.get_body(("plain",)).get_content())
    assert found
    return urlsplit(found[0]).path


@pytest.mark.slow
@pytest.mark.row(7)
def test_a_password_is_changed_and_all_other_sessions_end_and_a_mail_confirms_it(app, signed_in, mailbox):
    elsewhere = a_browser(app, "192.0.2.9")
    sign_in(elsewhere)
    copied = cookie(signed_in)

    answer = change(signed_in)
    with app.app_context():
        run_due_jobs()

    assert (answer.status_code, answer.location) == (303, "/account")
    assert is_in(signed_in)
    assert not is_in(replay(app, copied))
    assert not is_in(elsewhere)
    assert mailbox.only()["Subject"] == "A sua palavra-passe foi alterada"
    assert sign_in(a_browser(app), EMAIL, PASSWORD).status_code == 422
    assert sign_in(a_browser(app), EMAIL, OTHER_PASSWORD).status_code == 303


@pytest.mark.slow
@pytest.mark.row(7)
def test_without_the_present_password_none_is_changed(app, signed_in):
    for present in ("", "another password", PASSWORD.upper()):
        answer = change(signed_in, present)
        assert answer.status_code == 422, present
        assert "This is not your current password" in spoken(answer.text)

    assert sign_in(a_browser(app), EMAIL, PASSWORD).status_code == 303


@pytest.mark.row(7)
def test_the_present_password_is_guessed_five_times_at_most(signed_in):
    answers = [change(signed_in, f"another password {number}").status_code for number in range(6)]
    right = change(signed_in)

    assert answers == [422] * 5 + [429]
    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) > 0


@pytest.mark.slow
@pytest.mark.row(5)
def test_a_password_of_a_megabyte_is_refused_before_it_is_hashed(signed_in, monkeypatch):
    monkeypatch.setattr(self_service, "hash_password", lambda _password: pytest.fail("was hashed"))

    long, huge = change(signed_in, new="a b" * 300_000), change(signed_in, new="a b" * 400_000)

    assert long.status_code == 422
    assert "Enter at most 256 characters" in spoken(long.text)
    assert huge.status_code == 413


@pytest.mark.slow
@pytest.mark.row(5)
@pytest.mark.parametrize("new", UNUSUAL.values(), ids=UNUSUAL)
def test_any_characters_make_a_password_and_are_taken_as_they_are(app, signed_in, new):
    assert change(signed_in, new=new).status_code == 303

    assert sign_in(a_browser(app), EMAIL, new).status_code == 303
    assert sign_in(a_browser(app), EMAIL, new.strip() + "!").status_code == 422


@pytest.mark.slow
@pytest.mark.row(6)
def test_a_password_that_is_easy_to_guess_is_refused_with_the_reason(app, signed_in):
    reason = re.compile("Enter at least 12 characters|Choose a password that is harder to guess: this one")

    for new in WEAK:
        answer = change(signed_in, new=new)
        assert answer.status_code == 422, new
        assert reason.search(spoken(answer.text))
        assert new not in answer.text

    assert sign_in(a_browser(app), EMAIL, PASSWORD).status_code == 303


@pytest.mark.row(6)
def test_the_same_password_is_no_new_one(signed_in):
    assert "Choose another password than the current one" in spoken(change(signed_in, new=PASSWORD).text)


def test_a_one_time_secret_opens_nothing_but_the_way_to_a_password_of_one_s_own(app, clinic, visitor):
    a_person(app, clinic.id, must_change_password=True)
    sign_in(visitor, next="/patients")

    before = [visitor.get(url).location for url in ("/patients", "/account")]
    asked = visitor.get("/account/password?next=/patients")
    answer = send(
        visitor,
        "/account/password",
        "/account/password",
        present_password=PASSWORD,
        new_password=OTHER_PASSWORD,
        next="/patients",
    )

    assert before == ["/account/password?next=%2Fpatients", "/account/password?next=%2Faccount"]
    assert "Choose a password of your own to continue" in spoken(asked.text)
    assert answer.location == "/patients"
    assert visitor.get("/patients").status_code == 200


@pytest.mark.row(10)
def test_a_one_time_secret_lets_somebody_in_once(app, clinic, visitor):
    with app.app_context(), clinic_scope(clinic.id):
        secret = operator_service.create_admin(email=EMAIL)[1] or ""
    again = a_browser(app)

    first = sign_in(visitor, EMAIL, secret)
    second = sign_in(again, EMAIL, secret)
    chosen = change(visitor, present=secret)

    assert [first.status_code, second.status_code, chosen.status_code] == [303, 422, 303]
    assert sign_in(again, EMAIL, OTHER_PASSWORD).status_code == 303


def test_a_one_time_secret_is_worth_nothing_after_its_time(app, clinic, visitor):
    a_person(app, clinic.id, must_change_password=True, password_expires_at=NOON)

    with time_machine.travel(NOON - timedelta(seconds=1), tick=False):
        before = sign_in(a_browser(app))
    with time_machine.travel(NOON, tick=False):
        after = sign_in(visitor)

    assert (before.status_code, after.status_code) == (303, 422)


def test_before_the_second_step_nobody_changes_a_password(app, clinic, visitor):
    with_app(app, clinic.id)
    sign_in(visitor)

    page = visitor.get("/account/password")
    answer = send(visitor, "/account/password", "/login/code", present_password=PASSWORD, new_password=OTHER_PASSWORD)

    assert page.location == "/login/code"
    assert (answer.status_code, answer.location) == (303, "/login/code?next=/")
    assert sign_in(a_browser(app), EMAIL, PASSWORD).status_code == 303


@pytest.mark.slow
@pytest.mark.row(8)
@pytest.mark.usefixtures("person")
def test_a_link_in_a_mail_sets_a_password_once(app, visitor, mailbox):
    elsewhere = a_browser(app, "192.0.2.9")
    sign_in(elsewhere)
    link = link_to(app, visitor, mailbox)

    looked = [visitor.get(link).status_code for _ in range(3)]
    answer = send(visitor, link, link, new_password=OTHER_PASSWORD)
    again = visitor.get(link)
    sent_again = send(visitor, link, "/login", new_password="yet another password")

    assert looked == [200] * 3
    assert (answer.status_code, answer.location) == (303, "/login")
    assert not is_in(elsewhere)
    assert (again.status_code, sent_again.status_code) == (410, 410)
    assert "Request a new link" in spoken(again.text)
    assert sign_in(visitor, EMAIL, OTHER_PASSWORD).status_code == 303


@pytest.mark.slow
@pytest.mark.usefixtures("person")
def test_a_password_that_is_sent_twice_by_a_link_is_said_to_be_set(app, visitor, mailbox):
    with time_machine.travel(NOON, tick=False) as clock:
        link = link_to(app, visitor, mailbox)
        form = {"csrf_token": form_token(visitor, link), "new_password": OTHER_PASSWORD}
        answers = [replay(app, sent).post(link, data=form) for sent in [cookie(visitor)] * 2]
        before = rows(app, "staff_members")
        again = send(visitor, link, "/login", new_password=OTHER_PASSWORD)
        guessed = [send(visitor, link, "/login", new_password=f"a guess {turn}").status_code for turn in range(4)]
        too_many = send(visitor, link, "/login", new_password=OTHER_PASSWORD)
        clock.shift(timedelta(minutes=11))
        late = send(visitor, link, "/login", new_password=OTHER_PASSWORD)

    assert [(one.status_code, one.location) for one in (*answers, again)] == [(303, "/login")] * 3
    assert (guessed, too_many.status_code, late.status_code) == ([410] * 4, 410, 410)
    assert rows(app, "staff_members") == before


@pytest.mark.slow
@pytest.mark.row(8)
def test_an_operator_s_secret_makes_every_link_worthless_sent_or_not(app, clinic, person, visitor, mailbox):
    sent = link_to(app, visitor, mailbox)
    send(visitor, "/password/forgotten", "/password/forgotten", email=EMAIL)
    with app.app_context(), clinic_scope(clinic.id):
        operator_service.reset_password(EMAIL)
    with app.app_context():
        run_due_jobs()

    kinds = [row["kind"] for row in rows(app, "staff_letters") if row["state"] == "sent"]
    assert visitor.get(sent).status_code == 410
    assert kinds == ["reset", "password-changed"]


@pytest.mark.slow
@pytest.mark.row(8)
def test_a_link_that_was_asked_for_before_the_password_changed_is_not_sent(app, signed_in, mailbox):
    send(a_browser(app), "/password/forgotten", "/password/forgotten", email=EMAIL)
    change(signed_in)
    with app.app_context():
        run_due_jobs()

    assert [row["kind"] for row in rows(app, "staff_letters")] == ["password-changed"]


@pytest.mark.slow
def test_a_link_ends_the_session_of_whoever_else_is_signed_in(app, clinic, person, visitor, mailbox):
    a_person(app, clinic.id, email="ana@example.org")
    link = link_to(app, a_browser(app), mailbox)
    sign_in(visitor, "ana@example.org")
    copied = cookie(visitor)

    answer = send(visitor, link, link, new_password=OTHER_PASSWORD)

    assert "Your password is set" in spoken(visitor.get(answer.location).text)
    assert not is_in(visitor)
    assert not is_in(replay(app, copied))


@pytest.mark.row(8)
@pytest.mark.usefixtures("person")
def test_a_link_opens_nothing_after_an_hour(app, visitor, mailbox):
    with time_machine.travel(NOON, tick=False) as clock:
        link = link_to(app, visitor, mailbox)
        clock.shift(timedelta(minutes=59))
        before = visitor.get(link).status_code
        clock.shift(timedelta(minutes=1))
        after = visitor.get(link).status_code

    assert (before, after) == (200, 410)


@pytest.mark.slow
@pytest.mark.row(8)
@pytest.mark.usefixtures("person")
def test_of_a_link_only_the_hash_is_kept_and_it_has_256_bits(app, visitor, mailbox):
    token = link_to(app, visitor, mailbox).rpartition("/")[2]

    kept = str(rows(app, "staff_letters"))

    assert len(token) == 43
    assert token not in kept
    assert sha256(token.encode()).hexdigest() in kept


@pytest.mark.slow
@pytest.mark.row(8)
@pytest.mark.usefixtures("person")
def test_setting_a_password_makes_every_other_link_worthless(app, visitor, mailbox):
    first, second = link_to(app, visitor, mailbox), link_to(app, visitor, mailbox)
    sign_in(visitor)

    change(visitor)

    assert [visitor.get(link).status_code for link in (first, second)] == [410, 410]


@pytest.mark.row(8)
@pytest.mark.usefixtures("person")
def test_a_password_that_is_refused_does_not_use_the_link_up(app, visitor, mailbox):
    link = link_to(app, visitor, mailbox)

    refused = send(visitor, link, link, new_password="short")

    assert refused.status_code == 422
    assert send(visitor, link, link, new_password=OTHER_PASSWORD).status_code == 303


@pytest.mark.row(1)
@pytest.mark.row(8)
@pytest.mark.usefixtures("person")
def test_asking_for_a_link_reveals_nothing_about_who_has_an_account(app, visitor, mailbox):
    known = send(visitor, "/password/forgotten", "/password/forgotten", email=EMAIL)
    unknown = send(visitor, "/password/forgotten", "/password/forgotten", email="nobody@example.org")
    queued = [row["state"] for row in rows(app, "staff_letters")]
    with app.app_context():
        run_due_jobs()

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location) == (303, "/password/sent")
    assert known.text == unknown.text
    assert queued == ["queued", "queued"]
    assert mailbox.recipients == [EMAIL]
    assert len(rows(app, "staff_letters")) == 1


@pytest.mark.usefixtures("person")
def test_links_are_asked_for_three_times_an_hour_at_most(visitor):
    answers = [send(visitor, "/password/forgotten", "/password/forgotten", email=EMAIL) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_an_address_that_is_left_blank_is_asked_for(visitor, clinic):
    answer = send(visitor, "/password/forgotten", "/password/forgotten", email=" ")

    assert answer.status_code == 422
    assert "Enter your email address" in answer.text


@pytest.mark.slow
@pytest.mark.row(9)
@pytest.mark.usefixtures("person")
def test_a_link_leads_to_the_address_that_was_set_up_whatever_the_request_names(app, visitor, mailbox, monkeypatch):
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://clinic.example.org")
    evil = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    for name, value in evil.items():
        visitor.environ_base["HTTP_" + name.upper().replace("-", "_")] = value

    link_to(app, visitor, mailbox)

    assert "https://clinic.example.org/password/" in mailbox.only().get_body(("plain",)).get_content()
    assert "evil.example" not in mailbox.raw[0].decode()


@pytest.mark.row(9)
@pytest.mark.usefixtures("person")
def test_a_request_for_another_host_is_refused(app, visitor):
    visitor.environ_base["HTTP_HOST"] = "evil.example"

    answer = visitor.post("/password/forgotten", base_url="http://evil.example", data={"email": EMAIL})

    assert answer.status_code == 400
    assert rows(app, "staff_letters") == []


@pytest.mark.usefixtures("inside")
def test_a_made_up_link_is_answered_as_one_that_was_used(app, visitor):
    answers = [visitor.get(f"/password/{token}") for token in ("a", "A" * 43, "%00", "ü", "x" * 5000)]

    assert {answer.status_code for answer in answers} == {410}
