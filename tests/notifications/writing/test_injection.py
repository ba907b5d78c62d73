"""Code in names and in texts of messages is text: nothing is evaluated, nothing gets into a header."""

from email.utils import parseaddr
from html import escape

import pytest
from mailparser import parse_from_bytes

from clinic.core.jobs import run_due_jobs

TEMPLATE_CODE = [
    *("{{7*7}}", "{{ 7*7 }}", "{{config}}", "{{self.__init__}}", "{{''.__class__.__mro__}}", "{{clinic_phone}}"),
    *(
        "{%print(7*7)%}",
        "{% if 1 %}49{% endif %}",
        "{#49#}",
        "{{'4'~'9'}}",
        "{{[].__class__}}",
        "{{lipsum.__globals__}}",
    ),
]
FORMATS = [
    *(
        "${7*7}",
        "#{7*7}",
        "%s",
        "%(name)s",
        "%n%n",
        "{0.__class__}",
        "{name}",
        "{}",
        "{0}",
        "<%= 7*7 %>",
        "\\1",
        "\\g<0>",
    ),
]
MARKUP = [
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</title><b>", '"><svg onload=alert(1)>'),
    *("javascript:alert(1)", "<a href=//evil.example>x</a>", "&lt;b&gt;", "]]><!--", "</td></table>"),
]
HEADERS = [
    *("x\r\nBcc: evil@example.org", "x\nSubject: evil", "x\rTo: evil@example.org", "x\x00y"),
    *("=?utf-8?q?=0d=0aBcc:_evil@example.org?=", "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5vcmc=?="),
]
BIDI = ["\u202eevil", "\u2066evil\u2069", "a\u200bb"]
PAYLOADS = [*TEMPLATE_CODE, *FORMATS, *MARKUP, *HEADERS, *BIDI]
FURTHER = [pytest.param(way, marks=pytest.mark.breadth) for way in ("json", "command")]
LEFT_OUT = "\u202e\u2066\u2069\u200b"
URL, API = "/messages/templates/welcome/email/en", "/api/v1/message-templates/welcome/email/en"


def stored_form(payload):
    return payload.translate(dict.fromkeys(map(ord, LEFT_OUT)))


def send_all(here, mailbox):
    """Send what is queued; return the mails as another library reads them."""
    with here():
        run_due_jobs()
    return [parse_from_bytes(raw) for raw in mailbox.raw]


def assert_is_text(mail, payload):
    """Check that a mail shows a payload as it was typed, escaped in its HTML, and has no header of it."""
    [text], [html] = mail.text_plain, mail.text_html
    assert stored_form(payload) in text.replace("\r\n", "\n").replace("\n", " ")
    assert escape(stored_form(payload)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in html
    assert "<script" not in html
    assert "<img" not in html
    assert {name.lower() for name in mail.headers}.isdisjoint({"bcc", "reply-to", "cc"})


def test_there_are_forty_payloads():
    assert len(PAYLOADS) >= 40


@pytest.mark.slow
@pytest.mark.row(44)
@pytest.mark.row(49)
def test_code_in_a_name_that_was_registered_is_text_or_refused(client, here, mailbox):
    sent = {}
    for number, payload in enumerate(PAYLOADS):
        email = f"reader{number}@example.org"
        fields = {"family_name": "Reader", "given_name": payload, "language": "en", "email": email}
        answer = client.post("/api/v1/patients", json=fields)
        assert answer.status_code == (422 if payload in HEADERS else 201), payload
        if answer.status_code == 201:
            sent[email] = payload

    mails = send_all(here, mailbox)

    assert len(mails) == len(sent)
    for mail, recipient in zip(mails, mailbox.recipients, strict=True):
        assert_is_text(mail, sent[recipient])
        assert parseaddr(mail.to[0][1])[1] == recipient
        assert mail.subject == "Welcome to Clínica São João"


@pytest.mark.row(44)
@pytest.mark.parametrize("way", ["page", *FURTHER])
def test_code_in_a_text_is_text_or_refused(client, run, here, mailbox, way):
    refused = [payload for payload in PAYLOADS if "{{" in payload and payload != "{{clinic_phone}}"]
    refused += [payload for payload in HEADERS if "\x00" in payload]
    accepted = [payload for payload in PAYLOADS if payload not in refused and payload not in HEADERS]

    for payload in refused:
        assert _save(client, run, way, "Hello", f"Read: {payload}") in {422, 2}, payload
    text = "{{greeting}}\n\n" + "\n\n".join(f"Read: {payload} end" for payload in accepted)
    assert _save(client, run, way, "Hello", text) in {303, 200, 0}
    client.post("/api/v1/patients", json={"family_name": "Sousa", "language": "en", "email": "ines@example.org"})
    [mail] = send_all(here, mailbox)

    for payload in accepted:
        if payload != "{{clinic_phone}}":
            assert_is_text(mail, payload)


@pytest.mark.slow
@pytest.mark.row(49)
@pytest.mark.breadth
@pytest.mark.parametrize("way", ["page", "json", "command"])
def test_code_in_a_subject_is_refused_or_stays_in_the_subject(client, run, here, mailbox, way):
    for payload in [*HEADERS, *(one for one in TEMPLATE_CODE if "{{" in one)]:
        assert _save(client, run, way, f"Hello {payload}", "Text") in {422, 2}, payload
    for number, payload in enumerate([*FORMATS, "{%print(7*7)%}", "<script>alert(1)</script>"]):
        assert _save(client, run, way, f"Hello {payload}", "Text") in {303, 200, 0}, payload
        fields = {"family_name": f"Sousa{number}", "language": "en", "email": "ines@example.org"}
        client.post("/api/v1/patients", json=fields)
        assert send_all(here, mailbox)[-1].subject == f"Hello {payload}"


def _save(client, run, way, subject, text):
    """Save a text by one of the ways in; return the status or the exit code."""
    if way == "json":
        return client.put(API, json={"subject": subject, "text": text}, headers={"If-Match": "*"}).status_code
    if way == "page":
        version = str(client.get(API).json["version"])
        return client.submit(URL, version=version, subject=subject, text=text).status_code
    given = ["save-template", "welcome", "en", f"--subject={subject}", "--file", "-"]
    return run("notifications", *given, input=text).exit_code
