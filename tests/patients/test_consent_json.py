"""The consent of patients as integrators see it."""

from datetime import timedelta

import pytest

from clinic.core.clock import today
from tests.assertions import pointers, row_counts, rows, words_about
from tests.builders import patient_fields, somebody
from tests.statements import counted_statements, of_rows

URL = "/api/v1/patients"
YES = {"purpose": "reminders", "channel": "sms", "answer": "yes"}


@pytest.fixture
def url(here):
    """The address of a registered patient's consent."""
    with here():
        return f"{URL}/{somebody().id}/consent"


def record(client, url, *answers, headers=None, **fields):
    return client.post(url, json={"source": "in-person", "answers": list(answers), **fields}, headers=headers)


def state(answer, purpose="reminders", channel="sms"):
    return next(one for one in answer.json["answers"] if (one["purpose"], one["channel"]) == (purpose, channel))


@pytest.mark.slow
def test_consent_is_read_for_each_purpose_and_channel_with_its_version(client, url):
    answer = client.get(url)

    assert (answer.status_code, answer.headers["ETag"], answer.json["version"]) == (200, '"1"', 1)
    assert len(answer.json["answers"]) == 16
    care = state(answer, "care", "email")
    assert care.items() >= {"state": "by-registration", "allowed": True, "source": "registration"}.items()
    assert care["answered_on"] == today("Europe/Lisbon").isoformat()
    assert care["recorded_by"] is None
    assert state(answer).items() >= {"state": "not-asked", "allowed": False, "source": None}.items()
    assert client.get(url, headers={"If-None-Match": '"1"'}).status_code == 304


@pytest.mark.slow
def test_an_answer_is_recorded_with_its_source_day_note_and_key(client, url):
    day = (today("Europe/Lisbon") - timedelta(days=3)).isoformat()

    answer = record(client, url, YES, source="signed-form", answered_on=day, note="page 2")

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    found = state(answer)
    assert found.items() >= {"state": "yes", "source": "signed-form", "answered_on": day, "note": "page 2"}.items()
    assert found["recorded_by"].startswith("key:")
    assert client.get(url).json == answer.json


@pytest.mark.slow
def test_a_registration_takes_what_the_patient_answered(client):
    consent = [YES, {"purpose": "care", "channel": "email", "answer": "no"}]
    patient = client.post(URL, json=patient_fields(consent=consent)).json

    answer = client.get(f"{URL}/{patient['id']}/consent")

    assert "consent" not in patient
    assert state(answer).items() >= {"state": "yes", "source": "registration-form"}.items()
    assert state(answer, "care", "email")["state"] == "no"


@pytest.mark.slow
def test_a_patch_of_a_patient_does_not_change_consent(app, client, url):
    patient = url.removesuffix("/consent")
    answer = client.patch(patient, json={"consent": [YES]}, headers={"If-Match": "*"})

    assert (answer.status_code, pointers(answer)) == (422, ["#/consent"])
    assert row_counts(app)["consent_answers"] == 0


@pytest.mark.slow
def test_withdrawing_and_undoing_it(client, url):
    record(client, url, YES)

    withdrawn = client.post(f"{url}/withdraw", headers={"If-Match": '"2"'})
    undone = client.post(f"{url}/undo", headers={"If-Match": '"3"'})

    assert not any(one["allowed"] for one in withdrawn.json["answers"])
    assert state(withdrawn).items() >= {"state": "withdrawn", "source": "not-stated"}.items()
    assert state(undone).items() >= {"state": "yes", "source": "in-person", "note": "Change undone"}.items()


def test_a_withdrawal_takes_how_and_when(client, url):
    answer = client.post(f"{url}/withdraw", json={"source": "written", "note": "letter of today"})

    assert state(answer).items() >= {"source": "written", "note": "letter of today", "state": "no"}.items()


@pytest.mark.slow
def test_a_stale_change_answers_412_with_the_present_consent(client, url):
    record(client, url, YES)

    for path, body in (("", {"answers": [YES], "source": "phone"}), ("/withdraw", None), ("/undo", None)):
        answer = client.post(url + path, json=body, headers={"If-Match": '"1"'})

        assert answer.status_code == 412
        assert answer.headers["ETag"] == '"2"'
        assert len(answer.get_json(force=True)["present"]["answers"]) == 16


def test_nothing_to_undo_is_a_conflict(client, url):
    answer = client.post(f"{url}/undo")

    assert (answer.status_code, answer.get_json(force=True)["code"]) == (409, "consent-not-undoable")


@pytest.mark.slow
def test_every_problem_of_a_change_is_answered_at_once(app, client, url):
    tomorrow = (today("Europe/Lisbon") + timedelta(days=2)).isoformat()
    wrong = [{"purpose": "spam", "channel": "fax"}, {"purpose": "news", "channel": "post", "answer": "maybe"}, 7]

    answer = record(client, url, *wrong, source="gossip", answered_on=tomorrow, note="x" * 201, mood="good")

    assert answer.status_code == 422
    assert set(pointers(answer)) >= {
        "#/answers/0/purpose",
        "#/answers/0/channel",
        "#/answers/0/answer",
        "#/answers/1/answer",
        "#/source",
        "#/answered_on",
        "#/note",
        "#/mood",
    }
    assert words_about(answer, "#/answered_on") == "Enter a day that is not in the future"
    assert row_counts(app)["consent_answers"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("body", [{}, {"answers": None, "source": "phone"}, {"answers": [], "source": "phone"}])
def test_a_change_needs_answers_and_a_source(client, url, body):
    answer = client.post(url, json=body)

    assert answer.status_code == 422
    assert pointers(answer)


@pytest.mark.slow
def test_a_withdrawal_of_an_earlier_day_leaves_a_later_yes_and_names_it(client, url):
    record(client, url, YES)
    other = {"purpose": "news", "channel": "post", "answer": "yes"}
    record(client, url, other, answered_on="2026-01-02")

    answer = client.post(f"{url}/withdraw", json={"answered_on": "2026-01-05", "source": "written"})

    assert answer.status_code == 200
    assert [(one["purpose"], one["channel"]) for one in answer.json["kept"]] == [("reminders", "sms")]
    assert (state(answer)["state"], state(answer, "news", "post")["state"]) == ("yes", "withdrawn")
    assert not state(answer, "care", "email")["allowed"]


def test_two_answers_about_the_same_are_refused_at_the_second(client, url):
    answer = record(client, url, YES, YES | {"answer": "no"})

    assert (answer.status_code, pointers(answer)) == (422, ["#/answers/1/purpose"])


@pytest.mark.slow
def test_an_answer_older_than_the_one_on_record_is_refused_at_its_day(client, url):
    record(client, url, YES)

    answer = record(client, url, YES | {"answer": "no"}, answered_on="2026-01-02")

    assert (answer.status_code, pointers(answer)) == (422, ["#/answered_on"])
    assert "reminders by SMS" in words_about(answer, "#/answered_on")


@pytest.mark.slow
def test_the_history_is_listed_page_by_page_the_latest_first(client, url):
    for answer in ("yes", "no", "yes"):
        record(client, url, YES | {"answer": answer})

    first = client.get(f"{url}/history?limit=2")
    second = client.get(first.headers["Link"].partition("<")[2].partition(">")[0])

    assert [(one["state"], one["current"]) for one in first.json["data"]] == [("yes", True), ("withdrawn", False)]
    assert [one["state"] for one in second.json["data"]] == ["yes"]
    assert second.json["next_cursor"] is None


@pytest.mark.slow
def test_each_view_is_recorded_under_the_patient(app, client, url):
    for path in ("", "/history"):
        client.get(url + path)

    views = [entry for entry in rows(app, "audit_entries") if entry["record"] == "consent_answers"]
    assert [entry["action"] for entry in views] == ["viewed"] * 2
    assert {str(entry["patient_id"]) for entry in views} == {url.split("/")[4]}


@pytest.mark.parametrize("path", ["", "/history"])
def test_reading_takes_at_most_four_statements(app, client, url, path):
    record(client, url, YES)
    client.get(url + path)

    with counted_statements(app) as statements:
        answer = client.get(url + path)

    assert answer.status_code == 200
    assert len(of_rows(statements)) <= 4, statements


@pytest.mark.slow
def test_a_change_sent_twice_with_a_key_is_recorded_once(app, client, url):
    headers = {"Idempotency-Key": "0123456789abcdef"}

    first, second = (client.post(f"{url}/withdraw", headers=headers) for _ in range(2))

    assert (first.json, second.headers["Idempotency-Replayed"]) == (second.json, "true")
    assert row_counts(app)["consent_answers"] == 16


def test_reading_needs_the_scope_to_read_and_changing_the_one_to_write(client, url, become):
    become("read-only")
    assert client.get(url.removeprefix("/api/v1")).status_code == 200
    assert client.submit(url.removeprefix("/api/v1"), source="phone", version="1").status_code == 403
