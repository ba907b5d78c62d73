"""Signing in: who gets in, who does not, and that nobody learns who has an account."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity import passwords
from clinic.identity.members import member_service
from clinic.identity.models import StaffMember
from clinic.identity.sign_in import PER_ACCOUNT, PER_ADDRESS
from tests.assertions import row_counts, rows, spoken
from tests.page_client import hidden_value
from tests.staff.counting_hasher import Hasher
from tests.staff.login_helpers import (
    EMAIL,
    NOT_OURS,
    OTHER_PASSWORD,
    PASSWORD,
    a_browser,
    a_person,
    code_at,
    cookie,
    form_token,
    is_in,
    replay,
    send,
    sign_in,
    with_app,
)

UNKNOWN = "nobody@example.org"
FORWARDED = [
    ("192.0.2.7", "192.0.2.7"),
    ("x" * 300, ""),
    ("192.0.2.8:5678", "192.0.2.8"),
    ("unknown", ""),
    ("[2001:db8::7]:5678", "2001:db8::7"),
    ("fe80::1%" + "x" * 300, ""),
    ("2001:db8::8", "2001:db8::8"),
]


@contextmanager
def watched(app) -> Iterator[list[str]]:
    """Keep what the database is asked: each statement and each commit."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    def note_commit(_connection):
        seen.append("COMMIT")

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", note_commit)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
    event.remove(engine, "commit", note_commit)


def without_tokens(answer) -> str:
    return re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", answer.text)


@pytest.mark.slow
@pytest.mark.usefixtures("person")
def test_whoever_knows_the_password_is_led_to_where_they_wanted_to_go(app, visitor):
    asked = visitor.get("/patients?q=ana*(b)")

    answer = sign_in(visitor, next="/patients?q=ana*(b)")

    assert (asked.status_code, asked.location) == (302, "/login?next=%2Fpatients%3Fq%3Dana%2A%28b%29")
    assert (answer.status_code, answer.location) == (303, "/patients?q=ana*(b)")
    assert is_in(visitor)
    assert [entry["action"] for entry in rows(app, "audit_entries")][-1] == "signed-in"


@pytest.mark.slow
@pytest.mark.usefixtures("person")
def test_a_search_with_accents_survives_signing_in(visitor):
    login = visitor.get(visitor.get("/patients?q=In%C3%AAs+%26+co").location)

    answer = sign_in(visitor, next=hidden_value(login.text, "next"))

    assert answer.location == "/patients?q=In%C3%AAs+%26+co"


@pytest.mark.slow
@pytest.mark.parametrize("email", ["RITA@example.org", " rita@Example.org "])
@pytest.mark.usefixtures("person")
def test_the_address_is_known_without_regard_to_case(visitor, email):
    assert sign_in(visitor, email).status_code == 303


@pytest.mark.row(1)
@pytest.mark.usefixtures("person")
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(app, visitor):
    wrong = sign_in(visitor, EMAIL, "another password")
    unknown = sign_in(visitor, UNKNOWN, "another password")

    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert without_tokens(wrong).replace(EMAIL, UNKNOWN) == without_tokens(unknown)
    assert "do not match" in spoken(unknown.text)
    assert {name for name, _ in wrong.headers} == {name for name, _ in unknown.headers}


@pytest.mark.row(1)
@pytest.mark.usefixtures("person")
def test_a_wrong_password_and_an_unknown_address_take_the_same_work(app, visitor, monkeypatch):
    token = form_token(visitor, "/login")
    work = {}

    for email in (EMAIL, UNKNOWN):
        monkeypatch.setattr(passwords, "HASHER", hasher := Hasher())
        with watched(app) as asked:
            visitor.post("/login", data={"csrf_token": token, "email": email, "password": "another password"})
        work[email] = (hasher.verified, asked)

    assert work[EMAIL] == work[UNKNOWN]
    assert work[EMAIL][0] == 1
    assert len(work[EMAIL][1]) > 5


@pytest.mark.slow
@pytest.mark.row(1)
def test_somebody_without_a_password_and_somebody_who_has_left_get_that_answer_too(app, clinic, here, visitor):
    a_person(app, clinic.id, "administrator", email="boss@example.org")
    a_person(app, clinic.id)
    with here():
        member_service.deactivate(member_service.get_by_email(EMAIL).membership.id)
        member_service.invite(email="new@example.org", name="Nova", role="receptionist")

    left, invited = sign_in(visitor, EMAIL), sign_in(visitor, "new@example.org")

    assert (left.status_code, invited.status_code) == (422, 422)
    assert without_tokens(left).replace(EMAIL, "new@example.org") == without_tokens(invited)


@pytest.mark.usefixtures("person")
def test_what_is_left_blank_is_named_and_nothing_is_tried(app, visitor):
    answer = sign_in(visitor, "", " ")

    assert answer.status_code == 422
    assert "Enter your email address" in answer.text
    assert "Enter your password" in answer.text
    assert rows(app, "throttles") == []


@pytest.mark.usefixtures("person")
def test_a_password_is_never_shown_again(visitor):
    assert "another password" not in sign_in(visitor, EMAIL, "another password").text


@pytest.mark.slow
@pytest.mark.row(2)
@pytest.mark.usefixtures("person")
def test_after_ten_wrong_ones_from_an_address_the_right_one_is_not_tried_either(app, visitor):
    for number in range(PER_ADDRESS.most):
        assert sign_in(visitor, f"name{number}@example.org", "another password").status_code == 422

    refused, elsewhere = sign_in(visitor), sign_in(a_browser(app, "192.0.2.7"))

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert "wait 5 minutes" in spoken(refused.text)
    assert not is_in(visitor)
    assert elsewhere.status_code == 303


@pytest.mark.slow
@pytest.mark.row(2)
@pytest.mark.usefixtures("person")
def test_strangers_everywhere_lock_nobody_out_of_a_device_that_they_have_used(app, visitor):
    sign_in(visitor)
    send(visitor, "/logout", "/account")
    for number in range(PER_ACCOUNT.most):
        assert sign_in(a_browser(app, f"192.0.2.{number}"), EMAIL, "another password").status_code == 422

    stranger, known = sign_in(a_browser(app, "192.0.2.200"), EMAIL, "another password"), sign_in(visitor)

    assert stranger.status_code == 429
    assert known.status_code == 303


@pytest.mark.slow
@pytest.mark.row(2)
@pytest.mark.usefixtures("person")
def test_a_known_device_has_ten_tries_of_its_own(visitor):
    sign_in(visitor)
    send(visitor, "/logout", "/account")

    answers = [sign_in(visitor, EMAIL, "another password").status_code for _ in range(11)]

    assert answers == [422] * 10 + [429]


@pytest.mark.slow
@pytest.mark.usefixtures("person")
def test_somebody_else_s_device_is_not_a_known_one(app, clinic, visitor):
    a_person(app, clinic.id, email="other@example.org")
    sign_in(visitor, "other@example.org")
    send(visitor, "/logout", "/account")
    for number in range(PER_ACCOUNT.most):
        sign_in(a_browser(app, f"192.0.2.{number}"), EMAIL, "another password")

    assert sign_in(visitor).status_code == 429


@pytest.mark.row(4)
@pytest.mark.usefixtures("person")
def test_an_address_that_somebody_claims_to_have_is_not_believed(visitor):
    token = form_token(visitor, "/login")
    data = {"csrf_token": token, "email": UNKNOWN, "password": "another password"}

    claims = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(11)]
    answers = [visitor.post("/login", data=data, headers=claim).status_code for claim in claims]

    assert answers == [422] * 10 + [429]


@pytest.mark.slow
@pytest.mark.row(4)
@pytest.mark.usefixtures("person")
def test_a_proxy_that_was_set_up_is_believed(other_app):
    with other_app(PROXIES=1) as behind:
        browser = a_browser(behind)
        data = {"csrf_token": form_token(browser, "/login"), "email": UNKNOWN, "password": "another password"}

        claims = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(11)]
        answers = [browser.post("/login", data=data, headers=claim).status_code for claim in claims]

    assert answers == [422] * 11


@pytest.mark.row(4)
@pytest.mark.usefixtures("person")
def test_what_a_proxy_sends_is_kept_as_far_as_it_is_an_address(app, other_app):
    with other_app(PROXIES=1) as behind:
        browser = a_browser(behind)
        data = {"csrf_token": form_token(browser, "/login"), "email": EMAIL, "password": "another password"}

        for told, kept in FORWARDED:
            refused = browser.post("/login", data=data, headers={"X-Forwarded-For": told})
            assert refused.status_code == 422
            assert rows(app, "audit_entries")[-1]["address"] == kept


@pytest.mark.row(12)
def test_who_is_deactivated_is_out_at_once_and_does_not_get_in_again(app, clinic, here, visitor):
    a_person(app, clinic.id, "administrator", email="boss@example.org")
    a_person(app, clinic.id)
    sign_in(visitor)

    with here():
        member_service.deactivate(member_service.get_by_email(EMAIL).membership.id)

    assert not is_in(visitor)
    assert sign_in(visitor).status_code == 422


def test_a_password_that_is_changed_while_it_is_verified_signs_nobody_in(app, visitor, person, monkeypatch):
    def verify(stored, password):
        with app.app_context(), unit_of_work():
            db.session.get_one(StaffMember, person).password_hash = passwords.hash_password(OTHER_PASSWORD)
        return passwords.verify_password(stored, password)

    monkeypatch.setattr("clinic.identity.sign_in.verify_password", verify)
    answer = sign_in(visitor)

    assert answer.status_code == 422
    assert not is_in(visitor)


@pytest.mark.row(13)
@pytest.mark.usefixtures("person")
def test_another_site_s_form_signs_nobody_in(app, visitor):
    before = row_counts(app)

    answer = visitor.post("/login", data={"email": EMAIL, "password": PASSWORD})

    assert answer.status_code == 400
    assert row_counts(app) == before
    assert not is_in(visitor)


@pytest.mark.parametrize(("site", "kept"), [("same-origin", True), ("cross-site", False)])
def test_a_sign_in_form_that_stood_open_for_too_long_is_shown_again(visitor, site, kept):
    answer = visitor.post(
        "/login", data={"email": EMAIL, "password": PASSWORD, "csrf_token": "old"}, headers={"Sec-Fetch-Site": site}
    )

    assert answer.status_code == 400
    assert "This page was open for too long: enter your password once more" in spoken(answer.text)
    assert ('value="' + EMAIL in answer.text) is kept
    assert PASSWORD not in answer.text
    assert "Send again" not in answer.text


@pytest.mark.slow
@pytest.mark.row(13)
@pytest.mark.usefixtures("person")
def test_wildcards_and_the_like_are_plain_failures(visitor):
    token = form_token(visitor, "/login")

    for email in ("%", "r%@example.org", "rit_@example.org", "' OR 1=1--", "rita@example.org\0", "\ud800"):
        body = {"csrf_token": token, "email": email.encode("utf-8", "surrogatepass"), "password": PASSWORD}
        assert visitor.post("/login", data=body).status_code == 422, ascii(email)


@pytest.mark.slow
@pytest.mark.row(14)
@pytest.mark.usefixtures("person")
def test_the_session_and_its_form_token_are_others_after_signing_in_and_out(visitor):
    seen = []
    form_token(visitor, "/login")
    seen.append(kept_in(visitor))
    sign_in(visitor)
    seen.append(kept_in(visitor))
    send(visitor, "/logout", "/account")
    form_token(visitor, "/login")
    seen.append(kept_in(visitor))

    assert len({token for token, _ in seen}) == 2
    assert len({csrf for _, csrf in seen}) == 3


@pytest.mark.slow
@pytest.mark.row(14)
def test_the_session_is_another_after_the_second_step(app, clinic, visitor):
    with_app(app, clinic.id)
    sign_in(visitor)
    before, old = kept_in(visitor), cookie(visitor)

    send(visitor, "/login/code", "/login/code", code=code_at())

    after = kept_in(visitor)
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert not is_in(replay(app, old))
    assert replay(app, old).get("/login/code").status_code == 302


@pytest.mark.slow
@pytest.mark.row(59)
@pytest.mark.usefixtures("person")
def test_after_signing_in_nobody_is_led_to_a_place_that_is_no_page_of_ours(visitor):
    shown = [visitor.get("/login", query_string={"next": wanted}).status_code for wanted in NOT_OURS]

    answer = sign_in(visitor, next="//evil.example")

    assert shown == [200] * len(NOT_OURS)
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.slow
@pytest.mark.row(59)
def test_nor_after_the_second_step(app, clinic, visitor):
    with_app(app, clinic.id)
    between = sign_in(visitor, next="//evil.example")

    answer = send(visitor, "/login/code", "/login/code", code=code_at(), next="//evil.example")

    assert between.location == "/login/code?next=/"
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.row(59)
@pytest.mark.usefixtures("person")
def test_nor_when_somebody_is_signed_in_already(visitor):
    sign_in(visitor)

    answers = [visitor.get("/login", query_string={"next": wanted}) for wanted in NOT_OURS]

    assert {(answer.status_code, answer.location) for answer in answers} == {(302, "/")}


@pytest.mark.slow
def test_where_one_wanted_to_go_is_kept_through_second_step_and_forced_change_of_password(app, clinic, visitor):
    a_person(app, clinic.id, totp_on=True, totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", must_change_password=True)

    first = sign_in(visitor, next="/appointments")
    second = send(visitor, "/login/code", first.location, code=code_at(), next="/appointments")
    fields = {"present_password": PASSWORD, "new_password": "seven grey herons", "next": "/appointments"}
    third = send(visitor, "/account/password", second.location, **fields)

    assert first.location == "/login/code?next=/appointments"
    assert second.location == "/account/password?next=/appointments"
    assert third.location == "/appointments"
    assert visitor.get("/appointments").status_code == 200


@pytest.mark.slow
def test_before_the_sign_in_is_complete_every_page_leads_to_what_is_missing(app, clinic, visitor):
    with_app(app, clinic.id)
    sign_in(visitor)

    answers = [visitor.get(url) for url in ("/patients", "/account", "/account/second-step", "/kept")]

    assert {answer.status_code for answer in answers} == {302}
    assert [answer.location.partition("?")[0] for answer in answers] == ["/login/code"] * 4


def kept_in(browser) -> tuple[str | None, str | None]:
    """Return the session's token and the raw token of its forms."""
    with browser.session_transaction() as kept:
        return kept.get("_user_id"), kept.get("csrf_token")


@pytest.mark.slow
@pytest.mark.row(10)
def test_the_demo_s_people_get_into_the_demo_and_into_no_real_installation(app, clinic, visitor, monkeypatch):
    a_person(app, clinic.id, email="ana@demo.example")

    in_the_demo = sign_in(visitor, "Ana@demo.example")
    monkeypatch.setitem(app.config, "ENVIRONMENT", "production")
    in_production = sign_in(a_browser(app), "Ana@demo.example")

    assert (in_the_demo.status_code, in_production.status_code) == (303, 422)


@pytest.mark.slow
@pytest.mark.row(14)
def test_signing_in_as_somebody_else_ends_the_session_of_before(app, clinic, visitor):
    a_person(app, clinic.id)
    a_person(app, clinic.id, email="ana@example.org")
    sign_in(visitor)
    copied, token = cookie(visitor), form_token(visitor, "/account")

    fields = {"csrf_token": token, "email": "ana@example.org", "password": PASSWORD}
    answer = visitor.post("/login", data=fields)

    assert answer.status_code == 303
    assert not is_in(replay(app, copied))


@pytest.mark.slow
def test_somebody_real_gets_into_a_real_installation(app, clinic, visitor, monkeypatch):
    a_person(app, clinic.id)
    monkeypatch.setitem(app.config, "ENVIRONMENT", "production")

    assert sign_in(visitor).status_code == 303
