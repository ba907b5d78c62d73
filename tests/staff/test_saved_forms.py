"""Forms that were sent too late: kept for whoever typed them, shown again, sent again."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
import time_machine

from clinic.core.jobs import run_due_jobs
from clinic.patients.service import patient_service
from tests.assertions import rows, spoken
from tests.billing.invoices import a_draft, an_invoice
from tests.builders import somebody
from tests.page_client import hidden_value
from tests.staff.login_helpers import a_browser, a_person, form_token, place_in, replay, send, sign_in
from tests.staff.login_helpers import cookie as kept_cookie

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TYPED = {"family_name": "<b>Šimić</b>", "given_name": "Ana", "sex": "female", "address": "Rua 1\nLisboa"}


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def too_late(person, clock, visitor):
    """A browser whose session has ended, in which somebody is about to send a form."""
    sign_in(visitor)
    visitor.environ_base["test.token"] = form_token(visitor, "/patients/new")
    clock.shift(timedelta(minutes=20))
    return visitor


def send_late(browser, url: str = "/patients/new", /, **fields: str):
    return browser.post(url, data={"csrf_token": browser.environ_base["test.token"], **TYPED, **fields})


def resume(browser, location: str):
    """Open the page to which a sign-in leads, which shows the saved form."""
    return browser.get(location, follow_redirects=True)


@pytest.mark.slow
def test_what_was_typed_is_shown_in_its_form_after_signing_in_and_saved_from_there(app, too_late):
    sent = send_late(too_late)
    login = too_late.get(sent.location)
    back = sign_in(too_late)
    page = resume(too_late, back.location)
    fields = {name: hidden_value(page.text, name) for name in ("csrf_token", "_kept", "_clinic")}
    saved = too_late.post("/patients/new", data={**TYPED, **fields})

    assert sent.location == "/login?next=%2Fpatients%2Fnew"
    assert "What you typed is saved" in spoken(login.text)
    assert '<p class="toast kept">' not in login.text
    assert '#info"' in login.text
    assert (back.location, page.request.full_path) == ("/kept", "/patients/new?saved=1")
    assert "You were signed out before this was saved" in spoken(page.text)
    assert 'value="&lt;b&gt;Šimić&lt;/b&gt;"' in page.text
    assert "Rua 1\nLisboa</textarea>" in page.text
    assert re.search(r'value="female"\s+checked', page.text)
    assert saved.status_code == 303
    assert rows(app, "patients")[0]["family_name"] == TYPED["family_name"]
    assert rows(app, "kept_forms") == []


@pytest.mark.slow
def test_nothing_was_saved_meanwhile(app, too_late):
    send_late(too_late)

    assert rows(app, "patients") == []


@pytest.mark.slow
def test_a_form_that_is_discarded_is_forgotten(app, too_late):
    send_late(too_late)
    page = resume(too_late, sign_in(too_late).location)

    answer = send(too_late, "/kept/discard", "/kept", _kept=hidden_value(page.text, "_kept"))

    assert answer.status_code == 303
    assert rows(app, "kept_forms") == []
    assert too_late.get("/kept").location == "/"


def test_passwords_and_the_like_are_never_kept(app, too_late):
    secrets = {"password": "a", "new_password": "b", "code": "c", "api_token": "d", "Secret": "e", "_clinic": "f"}

    send_late(too_late, **secrets)

    [kept] = rows(app, "kept_forms")
    assert dict(kept["fields"]) == TYPED


def test_a_form_is_shown_to_nobody_else(app, clinic, too_late):
    a_person(app, clinic.id, email="other@example.org")
    send_late(too_late)
    kept_id = str(rows(app, "kept_forms")[0]["id"])

    answer = sign_in(too_late, "other@example.org")
    page = too_late.get("/kept")
    send(too_late, "/kept/discard", "/account", _kept=kept_id)

    assert (answer.location, page.location) == ("/", "/")
    assert len(rows(app, "kept_forms")) == 1


@pytest.mark.slow
def test_after_half_an_hour_it_is_gone(app, clock, too_late):
    send_late(too_late)
    clock.shift(timedelta(minutes=30))

    answer = sign_in(too_late)
    with app.app_context():
        run_due_jobs()

    assert answer.location == "/"
    assert rows(app, "kept_forms") == []


@pytest.mark.slow
def test_no_more_than_five_are_kept(app, too_late):
    for number in range(7):
        send_late(too_late, given_name=f"Ana {number}")

    kept = [dict(row["fields"])["given_name"] for row in rows(app, "kept_forms")]
    assert kept == [f"Ana {number}" for number in range(2, 7)]


@pytest.mark.slow
def test_changes_of_one_s_own_account_are_not_kept(app, too_late):
    for url in ("/logout", "/account/preferences", "/clinic/switch", "/account/password"):
        assert send_late(too_late, url).location == f"/login?next={quote(url, safe='')}"

    assert rows(app, "kept_forms") == []


def test_whoever_copied_a_session_that_was_ended_can_leave_no_form_behind(app, person, visitor):
    sign_in(visitor)
    copied, token = kept_cookie(visitor), form_token(visitor, "/account")
    send(visitor, "/logout", "/account")

    answer = replay(app, copied).post("/patients/new", data={"csrf_token": token, **TYPED})

    assert answer.status_code == 302
    assert rows(app, "kept_forms") == []


@pytest.mark.slow
def test_a_change_that_came_too_late_is_shown_over_the_record_as_it_is(here, too_late):
    with here():
        patient = somebody()
    send_late(too_late, f"/patients/{patient.id}/edit", version="7", given_name="Inês Maria")

    page = resume(too_late, sign_in(too_late).location)

    assert 'value="Inês Maria"' in page.text
    assert hidden_value(page.text, "version") == "7"
    with here():
        assert patient_service.get(patient.id).given_name == "Inês"


@pytest.mark.slow
def test_a_payment_that_came_too_late_keeps_its_idempotency_key(app, here, too_late):
    with here():
        url = f"/invoices/{an_invoice().id}/payments"
    too_late.post(url, data={"csrf_token": too_late.environ_base["test.token"], "key": "k" * 20, "amount": "12,50"})

    page = resume(too_late, sign_in(too_late).location)

    assert page.request.path == url
    form = page.text.partition('id="pay"')[2]
    assert 'value="12,50"' in form
    assert hidden_value(form, "key") == "k" * 20


def test_a_button_that_was_pressed_too_late_leads_back_to_its_page(app, here, too_late):
    with here():
        invoice = a_draft()
    url, token = f"/invoices/{invoice.id}/issue", too_late.environ_base["test.token"]
    sent = too_late.post(url, data={"csrf_token": token, "version": "1"})

    back = sign_in(too_late, next=url)

    assert sent.location == f"/login?next={quote(url, safe='')}"
    assert rows(app, "kept_forms") == []
    assert resume(too_late, back.location).request.path == f"/invoices/{invoice.id}"


def test_boxes_that_were_ticked_are_ticked_again(app, clinic, clock, visitor):
    a_person(app, clinic.id, "administrator", email="admin@example.org")
    sign_in(visitor, "admin@example.org")
    token = form_token(visitor, "/api-keys")
    clock.shift(timedelta(minutes=20))
    typed = {"csrf_token": token, "label": "Website", "scopes": ["patients:read", "audit:read"]}
    visitor.post("/api-keys", data=typed)

    page = resume(visitor, sign_in(visitor, "admin@example.org").location)

    assert set(re.findall(r'value="([a-z:]+)" checked', page.text)) == {"patients:read", "audit:read"}


@pytest.mark.slow
def test_other_pages_and_later_visits_show_the_form_as_it_is_for_everybody(too_late):
    send_late(too_late)
    sign_in(too_late)

    pages = [too_late.get(url).text for url in ("/patients/new", "/appointments/new?saved=1")]

    assert [page for page in pages if "You were signed out before" in page or "Šimić" in page] == []


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("kept", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_saved_form_that_is_none_harms_nothing(too_late, kept):
    sign_in(too_late)

    assert send(too_late, "/kept/discard", "/account", _kept=kept).status_code == 303


@pytest.mark.slow
def test_somebody_of_two_clinics_comes_back_to_the_one_where_they_typed(app, other_clinic, person, too_late):
    place_in(app, other_clinic.id, person, "receptionist")
    elsewhere = a_browser(app)
    sign_in(elsewhere)
    send(elsewhere, "/clinic/switch", "/account", clinic_id=str(other_clinic.id))
    send_late(too_late)

    back = sign_in(too_late)

    assert back.location == "/kept"
    assert "Šimić" in resume(too_late, back.location).text


@pytest.mark.slow
def test_changing_the_clinic_leads_to_what_was_typed_there(app, clinic, other_clinic, person, too_late):
    place_in(app, other_clinic.id, person, "receptionist")
    send_late(too_late)
    elsewhere = a_browser(app)
    sign_in(elsewhere)
    there = send(elsewhere, "/clinic/switch", "/account", clinic_id=str(other_clinic.id))
    kept_there = elsewhere.get("/kept")

    back = send(elsewhere, "/clinic/switch", "/account", clinic_id=str(clinic.id))

    assert (there.location, kept_there.status_code) == ("/", 302)
    assert back.location == "/kept"


@pytest.mark.slow
def test_a_form_that_is_sent_again_too_late_is_kept_once(app, clock, too_late):
    send_late(too_late)
    sign_in(too_late)
    page = resume(too_late, "/kept").text
    fields = {name: hidden_value(page, name) for name in ("csrf_token", "_kept", "_clinic")}
    clock.shift(timedelta(minutes=20))

    too_late.post("/patients/new", data={**TYPED, **fields})

    assert len(rows(app, "kept_forms")) == 1
    assert rows(app, "kept_forms")[0]["id"] != UUID(fields["_kept"])
