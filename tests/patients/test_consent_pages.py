"""The page of a patient's consent, and what the form of a new patient asks, in a browser without JavaScript."""

from datetime import timedelta

import pytest

from clinic.core.clock import today
from clinic.patients.service import consent_service, patient_service
from tests.assertions import element, row_counts, rows, spoken, title
from tests.builders import somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

NEW = {"family_name": "Pereira", "email": "ines@example.org", "consent_shown": "1", "not_asked": "1"}
TICKED = {"care": ["email"], "reminders": ["email"]}


@pytest.fixture
def patient(client, here):
    """A registered patient whom nobody asked."""
    with here():
        return somebody(phone="+351912555014")


@pytest.fixture
def url(patient):
    """The address of the patient's consent."""
    return f"/patients/{patient.id}/consent"


def save(client, url, version="1", **fields):
    day = today("Europe/Lisbon")
    usual = {"answered_on__day": day.day, "answered_on__month": day.month, "answered_on__year": day.year}
    return client.submit(url, **{"source": "in-person", "version": version} | usual | TICKED | fields)


def states(app, here, patient_id=None):
    """Return the answered topics with their states, current ones only."""
    return {
        f"{row['purpose']}:{row['channel']}": row["state"] for row in rows(app, "consent_answers") if row["is_current"]
    }


def is_ticked(page, name, channel):
    tag = page.partition(f'name="{name}" value="{channel}"')[2].partition(">")[0]
    return " checked" in tag


@pytest.mark.slow
def test_the_form_of_a_new_patient_shows_what_is_on_by_registration_and_asks_the_rest(client):
    page = client.get("/patients/new").text

    ticked = {
        (name, channel)
        for name in ("care", "reminders", "news")
        for channel in ("email", "sms", "post")
        if is_ticked(page, name, channel)
    }
    assert ticked == {("care", "email"), ("reminders", "email")}
    assert "By email: on by registration, until refused" in spoken(page)
    assert is_ticked(page, "not_asked", "1")


@pytest.mark.slow
def test_a_registration_without_asking_records_no_answer(app, client, here):
    client.submit("/patients/new", **NEW, **TICKED)

    assert row_counts(app)["consent_answers"] == 0


@pytest.mark.slow
def test_a_registration_records_what_was_ticked_and_refused(app, client, here):
    asked = {name: value for name, value in NEW.items() if name != "not_asked"}
    client.submit("/patients/new", **asked, phone="912 555 014", care=[], reminders=["email", "sms"])

    assert states(app, here) == {
        "care:email": "no",
        "reminders:email": "yes",
        "reminders:sms": "yes",
        "reminders:phone": "no",
        **{f"{purpose}:{channel}": "no" for purpose in ("recalls", "news") for channel in ("email", "sms", "phone")},
    }
    assert {row["source"] for row in rows(app, "consent_answers")} == {"registration-form"}


@pytest.mark.slow
def test_a_form_that_did_not_ask_records_nothing(app, client):
    client.submit("/patients/new", family_name="Pereira", email="ines@example.org")

    assert row_counts(app)["consent_answers"] == 0


@pytest.mark.slow
def test_ticks_are_kept_when_a_registration_is_refused(client):
    page = client.submit("/patients/new", email="nobody", consent_shown="1", care=[], news=["sms", "post"]).text

    assert not is_ticked(page, "care", "email")
    assert is_ticked(page, "news", "sms")
    assert is_ticked(page, "news", "post")
    assert not is_ticked(page, "not_asked", "1")


def test_who_may_not_see_contact_details_may_ask_about_every_channel(app, client, here, become):
    become("receptionist", "patients:contact")
    client.submit("/patients/new", family_name="Pereira", consent_shown="1", **TICKED)

    assert sum(row["state"] == "no" for row in rows(app, "consent_answers")) == 11


@pytest.mark.slow
def test_the_patients_page_says_that_care_messages_are_on_by_registration(client, patient):
    page = client.get(f"/patients/{patient.id}").text
    consent = spoken(page.partition('id="consent"')[2].partition("</section>")[0])

    assert "Care messages on, by registration" in consent
    assert "Recalls not asked" in consent
    assert "Agreed" not in page
    assert f'href="/patients/{patient.id}/consent"' in page


@pytest.mark.slow
def test_the_page_shows_what_is_on_record_and_the_history(client, here, patient, url):
    with here():
        consent_service.record(patient.id, {("news", "email"): True}, source="signed-form", note="page 2")
        consent_service.record(patient.id, {("news", "email"): False}, source="written")

    page = client.get(url).text
    text = spoken(page)

    assert "On, by registration" in text
    assert "Withdrawn, by email" in text
    assert "4 entries, none is ever removed" in text
    assert "Signed form page 2" in text
    assert "P-000001" in title(page)
    assert "pereira" not in title(page).lower()


@pytest.mark.slow
def test_a_tick_is_recorded_as_a_yes_with_source_and_person(app, client, here, url):
    answer = save(client, url, recalls=["sms"], source="phone", note="asked for it")
    page = spoken(client.get(answer.location).text)

    assert (answer.status_code, answer.location) == (303, url)
    assert "Consent saved." in page
    assert "Yes, by SMS" in page
    [row] = rows(app, "consent_answers")
    assert (row["purpose"], row["state"], row["source"], row["note"]) == ("recalls", "yes", "phone", "asked for it")
    assert row["recorded_by"].startswith("staff:")


def test_an_unticked_box_withdraws_what_was_on(app, client, here, url):
    save(client, url, care=[])

    assert states(app, here) == {"care:email": "withdrawn"}


@pytest.mark.slow
def test_asked_now_and_wants_none_is_recorded_as_a_no(app, client, here, url):
    save(client, url, refused=["recalls"])

    assert states(app, here) == {f"recalls:{channel}": "no" for channel in ("email", "sms", "phone", "post")}


def test_saving_the_form_as_it_was_changes_nothing(app, client, url):
    answer = save(client, url)

    assert "nothing changed" in spoken(client.get(answer.location).text)
    assert row_counts(app)["consent_answers"] == 0


def test_all_consent_is_withdrawn_and_undone_by_one_button_each(app, client, here, url):
    withdrawn = client.submit(f"{url}/withdrawal", version="1")
    page = client.get(withdrawn.location).text
    undone = client.submit(f"{url}/undo", version=hidden_value(page, "version"))

    assert "All consent withdrawn" in spoken(page)
    assert undone.location == url
    assert "consent is as before" in spoken(client.get(url).text)
    assert states(app, here)["care:email"] == "by-registration"


def test_a_withdrawal_after_a_change_by_somebody_else_is_refused(app, client, here, patient, url):
    with here():
        consent_service.record(patient.id, {("news", "email"): True}, source="phone")

    answer = client.submit(f"{url}/withdrawal", version="1")

    assert answer.status_code == 409
    assert "Somebody else changed" in spoken(answer.text)
    assert states(app, here) == {"news:email": "yes"}


def test_a_stale_form_shows_both_versions_and_can_be_saved_again(app, client, here, patient, url):
    with here():
        consent_service.record(patient.id, {("recalls", "sms"): True}, source="phone")

    answer = save(client, url, news=["email"])
    page = spoken(answer.text)

    assert answer.status_code == 409
    assert "saved a change on" in page
    assert is_ticked(answer.text, "news", "email")
    assert "on record: yes" in page
    assert "on record: not asked" in page
    assert hidden_value(answer.text, "version") == "2"
    assert save(client, url, "2", news=["email"]).status_code == 303
    assert states(app, here) == {"recalls:sms": "withdrawn", "news:email": "yes"}


@pytest.mark.slow
def test_every_problem_is_shown_at_its_field_and_what_was_typed_is_kept(app, client, url):
    answer = save(
        client, url, source="gossip", answered_on__day="30", answered_on__month="2", note="x" * 201, news=["sms"]
    )
    summary = answer.text.partition('<div class="errors"')[2].partition("</div>")[0]

    assert answer.status_code == 422
    for name in ("source", "answered_on", "note"):
        assert f'href="#f-{name}"' in summary
        assert element(answer.text, f"f-{name}")
    assert is_ticked(answer.text, "news", "sms")
    assert 'value="30"' in element(answer.text, "f-answered_on")
    assert title(answer.text).startswith("Error: Consent")
    assert row_counts(app)["consent_answers"] == 0


def test_an_answer_of_tomorrow_is_refused(client, url):
    day = today("Europe/Lisbon") + timedelta(days=1)
    parts = {"answered_on__day": day.day, "answered_on__month": day.month, "answered_on__year": day.year}

    assert "not in the future" in save(client, url, care=[], **parts).text


@pytest.mark.slow
def test_an_answer_older_than_the_one_on_record_is_refused_at_its_day(client, here, patient, url):
    with here():
        consent_service.record(patient.id, {("news", "email"): False}, source="phone")

    answer = save(client, url, "2", news=["email"], answered_on__day="2", answered_on__month="1")

    assert answer.status_code == 422
    assert 'href="#f-answered_on"' in answer.text
    assert is_ticked(answer.text, "news", "email")


@pytest.mark.slow
def test_the_history_has_pages(client, here, patient, url):
    with here():
        for number in range(25):
            consent_service.record(patient.id, {("news", "email"): number % 2 == 0}, source="phone")

    first = client.get(url).text
    second = client.get(url + first.partition(f'href="{url}')[2].partition('"')[0]).text

    assert "20 of 27" in spoken(first)
    assert "7 of 27" in spoken(second)
    assert "By registration System" in spoken(second)
    assert "By registration System" not in spoken(first)


def test_who_may_only_read_sees_states_and_no_form(client, here, patient, url, become):
    become("read-only")

    page = client.get(url).text

    assert "On, by registration" in spoken(page)
    assert 'type="checkbox"' not in page
    assert "Withdraw all" not in page
    assert "912555014" not in page
    assert "ines@" not in page
    assert client.submit(url, source="phone", version="1").status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize("page", ["", "/consent"])
def test_a_page_takes_at_most_twelve_statements(app, client, here, patient, page):
    with here():
        for number in range(6):
            consent_service.record(patient.id, {("news", "email"): number % 2 == 0}, source="phone")
    client.get(f"/patients/{patient.id}{page}")

    with counted_statements(app) as statements:
        answer = client.get(f"/patients/{patient.id}{page}")

    assert answer.status_code == 200
    assert len(of_rows(statements)) <= 12, statements


def test_a_patients_own_form_takes_no_answers_about_consent(app, client, here, patient):
    client.submit(f"/patients/{patient.id}/edit", version="1", family_name="Pereira", consent="yes")

    with here():
        assert patient_service.get(patient.id).version == 1
    assert row_counts(app)["consent_answers"] == 0
