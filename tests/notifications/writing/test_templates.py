"""A clinic's own texts of messages: on the page, by JSON and by command."""

import json
import re
from html import unescape

import pytest

from clinic.core.jobs import run_due_jobs
from clinic.notifications.relevance import explain
from clinic.notifications.writing.languages import default_text
from clinic.notifications.writing.template_service import TemplateKey, template_service
from tests.assertions import element, pointers, row_counts, rows, spoken
from tests.builders import a_patient
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

URL = "/messages/templates/welcome/email/en"
API = "/api/v1/message-templates/welcome/email/en"
OWN = {"subject": "Hello from {{clinic_name}}", "text": "{{greeting}}\n\nyour number: {{patient_number}}"}
WRONG = {"subject": "Hello {{first_name}}", "text": "{{frist_name}}\n\n{{7*7}} {{"}
MESSAGES = [
    "{{first_name}} can’t be in a subject",
    "Line 1: {{frist_name}} is not known. Did you mean {{first_name}}?",
    "Line 3: {{7*7}} is not known.",
    "Line 3: Two braces begin or end a placeholder",
]


@pytest.mark.slow
def test_a_text_of_the_clinics_own_is_used_from_then_on(client, here, mailbox):
    client.submit(URL, version="0", **OWN)
    with here():
        a_patient(given_name="Inês", family_name="Sousa", language="en")
        run_due_jobs()

    message = mailbox.only()
    assert message["Subject"] == "Hello from Clínica São João"
    text, html = (message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    assert text.startswith("Dear Inês Sousa,\n\nyour number: P-0")
    assert ">P-0" in html.partition("your number: ")[2]


def test_the_same_text_is_saved_by_page_json_and_command(client, run):
    client.submit(URL, version="0", **OWN)
    on_page = client.get(API)
    by_json = client.put(API, json=OWN | {"text": "By JSON"}, headers={"If-Match": '"1"'})
    by_command = run("notifications", "save-template", "welcome", "en", "--file", "-", "--json", input="By command")

    assert on_page.json.items() >= (OWN | {"is_own": True, "version": 1}).items()
    assert by_json.json.items() >= {"text": "By JSON", "version": 2}.items()
    assert json.loads(by_command.stdout).items() >= {"text": "By command", "subject": OWN["subject"]}.items()
    assert [entry["action"] for entry in _changes(client)] == ["created", "changed", "changed"]


def _changes(client):
    return [one for one in rows(client.application, "audit_entries") if one["record"] == "message_templates"]


def test_all_that_is_wrong_is_refused_at_once_and_the_stored_text_stays(app, client, run):
    client.submit(URL, version="0", **OWN)
    before = rows(app, "message_templates")

    page = client.submit(URL, version="1", **WRONG)
    answer = client.put(API, json=WRONG, headers={"If-Match": "*"})
    command = run("notifications", "save-template", "welcome", "en", "--subject", WRONG["subject"], "--file", "-",
                  input=WRONG["text"])  # fmt: skip

    assert (page.status_code, answer.status_code, command.exit_code) == (422, 422, 2)
    assert sorted(set(pointers(answer))) == ["#/subject", "#/text"]
    details = " ".join(error["detail"] for error in answer.json["errors"])
    for words in MESSAGES:
        assert words in unescape(page.text)
        assert words in details
        assert words in command.stderr
    assert WRONG["text"] in unescape(page.text)
    assert rows(app, "message_templates") == before


def test_a_text_without_a_subject_is_refused_together_with_its_placeholders(client):
    page = unescape(client.submit(URL, version="0", subject=" ", text="{{day}}").text)

    assert "Enter a subject" in page
    assert "Line 1: {{day}} is not known" in page


def test_what_is_missing_too_long_and_unknown_is_reported_at_once(client, run):
    text = f"{{{{frist_name}}}}\n{'x' * 4001}"

    page = unescape(client.submit(URL, version="0", subject="", text=text).text)
    answer = client.put(API, json={"text": text}, headers={"If-Match": "*"})
    command = run("notifications", "save-template", "welcome", "en", "--subject", "", "--file", "-", input=text)

    assert sorted(pointers(answer)) == ["#/subject", "#/text", "#/text"]
    details = " ".join(error["detail"] for error in answer.json["errors"])
    for said in (page, details, command.stderr):
        assert "Enter at most 4000 characters" in said
        assert "Line 1: {{frist_name}} is not known" in said
    assert "Enter a subject" in page


@pytest.mark.parametrize("named", ['"x"', "1", '"-1"', '"99999999999999999999"', "", '"0x"', 'W/"0"'])
def test_a_version_that_cannot_be_is_no_version_of_a_text(app, client, named):
    for send in (client.put, client.delete):
        answer = send(API, json=OWN if send == client.put else None, headers={"If-Match": named})
        assert answer.status_code in {400, 412, 428}

    assert row_counts(app).get("message_templates", 0) == 0


def test_what_somebody_else_has_changed_is_shown_beside_ones_own(client):
    client.submit(URL, version="0", **OWN)

    answer = client.submit(URL, version="0", subject="Mine", text="My text")

    assert answer.status_code == 409
    assert "Mine Hello from {{clinic_name}}" in spoken(answer.text)
    assert client.put(API, json=OWN, headers={"If-Match": '"7"'}).status_code == 412
    assert client.put(API, json=OWN).status_code == 428


def test_back_to_the_default_can_be_undone(client):
    client.submit(URL, version="0", **OWN)

    client.submit(f"{URL}/default", version="1")
    page = client.get(URL).text
    default = client.get(API).json
    client.submit(f"{URL}/restore", version=hidden_value(page.partition("toast undo")[2], "version"))

    assert default.items() >= {"is_own": False, "version": 2, "text": default_text("welcome", "en").text}.items()
    assert client.get(API).json.items() >= (OWN | {"is_own": True, "version": 3}).items()


def test_json_and_command_go_back_to_the_default_too(client, run):
    client.submit(URL, version="0", **OWN)
    deleted = client.delete(API, headers={"If-Match": '"1"'})
    client.put(API, json=OWN, headers={"If-Match": '"2"'})
    result = run("notifications", "reset-template", "welcome", "en", "--json")

    assert (deleted.status_code, deleted.json["is_own"]) == (200, False)
    assert json.loads(result.stdout)["is_own"] is False


def test_the_page_shows_what_differs_and_the_present_values_of_variables(client):
    client.submit(URL, version="0", **OWN)

    page = client.get(URL).text

    assert "Added: Hello from {{clinic_name}}" in spoken(page)
    assert "Removed: Welcome to {{clinic_name}}" in spoken(page)
    assert "{{patient_number}} P-000123 the number of the record" in spoken(page)
    assert "Welcome changed" in spoken(page)


@pytest.mark.parametrize(
    ("reader", "greeting"), [("usual", "Dear Inês Pereira,"), ("guardian", "Dear guardian of Tiago,")]
)
def test_the_preview_shows_what_is_typed_in_a_frame_of_its_own(app, client, reader, greeting):
    before = row_counts(app)

    answer = client.submit(f"{URL}/preview", reader=reader, view="html", **OWN | {"text": "{{greeting}} <b>typed</b>"})

    assert f"{greeting} &lt;b&gt;typed&lt;/b&gt;" in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in client.get(URL).headers["Content-Security-Policy"]
    assert "This can’t be shown yet" in client.submit(f"{URL}/preview", **WRONG).text
    assert row_counts(app) == before


def test_a_text_is_previewed_as_somebody_to_whom_such_a_message_was_queued(client, here, run):
    with here():
        a_patient(given_name="Rui", family_name="Costa", language="en")
    message_id = rows(client.application, "notifications")[0]["id"]

    page = client.get(URL).text
    shown = client.get(f"{URL}/preview?reader={message_id}&view=text").text
    by_json = client.post(f"{API}/preview", json={"reader": str(message_id)}).json
    by_command = run("notifications", "preview", "welcome", "en", "--reader", str(message_id)).stdout

    assert "Costa, Rui" in element(page, "f-reader") or "Costa, Rui" in page
    assert all("Dear Rui Costa," in text for text in (shown, by_json["text"], by_json["html"], by_command))
    assert client.get(f"{URL}/preview?reader=nobody").status_code == 404
    assert client.post(f"{API}/preview", json={"reader": "nobody"}).status_code == 404


def test_without_the_right_to_see_patients_nobody_is_offered_as_reader(client, here, become):
    with here():
        a_patient(given_name="Rui", family_name="Costa")
    message_id = rows(client.application, "notifications")[0]["id"]
    become("manager", "patients:read")

    assert "Costa" not in client.get(URL).text
    assert client.get(f"{URL}/preview?reader={message_id}").status_code == 404


def test_a_test_of_what_is_typed_goes_to_the_own_address_by_a_worker(app, client, here, mailbox):
    page = client.submit(f"{URL}/test", version="0", reader="usual", **OWN)
    queued = (list(mailbox.recipients), len(rows(app, "test_mails")))
    with here():
        run_due_jobs()

    [recipient] = mailbox.recipients
    assert f"A test is on its way to {recipient}" in spoken(page.text)
    assert OWN["text"] in unescape(page.text)
    assert queued == ([], 1)
    assert recipient.startswith("admin@")
    assert mailbox.only()["Subject"] == "Test: Hello from Clínica São João"
    assert "Dear Inês Pereira," in mailbox.only().get_body(("plain",)).get_content()
    assert (rows(app, "test_mails"), rows(app, "message_templates")) == ([], [])


def test_a_command_sends_a_test_only_for_a_staff_member(client, run, here, mailbox):
    refused = run("notifications", "send-test", "reminder", "de")
    email = rows(client.application, "staff_members")[0]["email"]
    done = run("notifications", "send-test", "reminder", "de", "--as", email)
    with here():
        run_due_jobs()

    assert (refused.exit_code, done.exit_code) == (1, 0), done.stderr
    assert "act as a staff member" in refused.stderr
    assert mailbox.recipients == [email]
    assert mailbox.only()["Subject"] == "Test: Erinnerung an Ihren Termin bei Clínica São João"


def test_a_kind_that_is_switched_off_is_not_sent_and_the_reason_is_shown(app, client, run, here, mailbox):
    client.submit(f"{URL}/switch", version="0", enabled="no")
    with here():
        patient = a_patient()
        run_due_jobs()
        stopped = explain("welcome", patient.id).stopped

    assert mailbox.messages == []
    assert rows(app, "notifications")[0]["reason"] == "switched off by the clinic"
    assert stopped
    assert stopped.reason == "switched off by the clinic"
    assert client.get("/api/v1/message-kinds/welcome").json["enabled"] is False
    url, same = "/api/v1/message-kinds/welcome", {"If-Match": '"1"'}
    assert client.patch(url, json={"enabled": True}, headers=same).json["version"] == 2
    assert json.loads(run("notifications", "switch", "welcome", "off", "--json").stdout)["enabled"] is False
    assert "This message is off" in spoken(client.get(URL).text)


@pytest.mark.parametrize("path", ["nothing/email/en", "welcome/pigeon/en", "welcome/email/fr"])
def test_what_is_no_text_is_not_found(client, path):
    for url in (f"/messages/templates/{path}", f"/api/v1/message-templates/{path}"):
        assert client.get(url).status_code == 404
    assert client.submit(f"/messages/templates/{path}", version="0", **OWN).status_code == 404


@pytest.mark.slow
def test_the_editor_and_the_json_read_little(client, here):
    client.submit(URL, version="0", **OWN)
    with here():
        for _ in range(4):
            a_patient()

    for url, most in ((URL, 12), (API, 4), ("/api/v1/message-templates", 4)):
        with counted_statements(client.application) as seen:
            assert client.get(url).status_code == 200
        assert len(of_rows(seen)) <= most, seen


def test_every_text_is_listed(client, run):
    listed = client.get("/api/v1/message-templates").json["data"]
    table = run("notifications", "templates").stdout

    assert len(listed) == 30 == len(table.splitlines())
    assert {re.sub(r"\s", "", one["subject"]) for one in listed if one["kind"] == "receipt"} >= {
        "Receiptforinvoice{{invoice_number}}"
    }


def test_two_clinics_have_texts_of_their_own(client, here, other_clinic):
    client.submit(URL, version="0", **OWN)

    with here(other_clinic.id):
        assert template_service.get(TemplateKey("welcome", "email", "en")).is_own is False
