"""Invoices by mail: to who pays them, with what is to pay and how, and nothing of the visit or of somebody else."""

import json
from datetime import date

import pytest

from clinic.billing.service import InvoiceNotFound, InvoiceNotIssued, billing_service
from clinic.core.ids import new_id
from clinic.notifications.invoice_messages import send_invoice
from clinic.notifications.mail_worker import send_due
from clinic.notifications.settings import settings_service
from clinic.patients.service import consent_service, patient_service, related_person_service
from tests.assertions import rows, spoken
from tests.billing.invoices import KEY, a_draft, a_line, a_seller, an_invoice, euros
from tests.builders import somebody
from tests.statements import counted_statements, of_rows

IBAN = "PT50000201231234567890154"


@pytest.fixture(autouse=True)
def by_day(here):
    with here():
        settings_service.update(version=None, quiet=False)


def mails(app):
    return [row for row in rows(app, "notifications") if row["kind"] == "invoice"]


def text_of(message):
    return message.get_body(("plain",)).get_content()


def an_invoice_paid_by(patient, payer, **line):
    draft = billing_service.create(patient_id=patient.id, lines=[a_line(**line)], payer=payer)
    return billing_service.issue(draft.id)


@pytest.mark.slow
def test_the_mail_names_what_is_to_pay_until_when_and_how_and_no_line(inside, mailbox):
    a_seller(iban=IBAN, bic="TESTPTPL", legal_name="Clínica Lda")
    invoice = billing_service.issue(a_draft(somebody(language="en"), [a_line(description="Psychiatry")]).id)
    send_due()
    mailbox.messages.clear()

    send_invoice(invoice.id)
    send_due()

    message = mailbox.only()
    text = text_of(message)
    assert message["Subject"] == f"Invoice {invoice.number} of Clínica São João"
    for part in (
        "50,00",
        invoice.number,
        "Pay until",
        "Account",
        "IBAN PT50 0002 0123 1234 5678 9015 4",
        "TESTPTPL",
        "Clínica Lda",
    ):
        assert part in text
    assert "Psychiatry" not in message.as_string() + text
    assert "/my/" in text


@pytest.mark.slow
def test_sending_while_one_waits_sends_one_and_later_another_one(inside, app, mailbox):
    invoice = an_invoice()
    first, second = send_invoice(invoice.id), send_invoice(invoice.id)
    send_due()

    third = send_invoice(invoice.id)

    assert first.id == second.id != third.id
    assert [row["about_version"] for row in mails(app)] == [1, 2]


def test_a_draft_and_an_unknown_invoice_are_not_sent(inside, app):
    with pytest.raises(InvoiceNotIssued):
        send_invoice(a_draft().id)
    with pytest.raises(InvoiceNotFound):
        send_invoice(new_id())
    assert mails(app) == []


def test_an_opening_balance_is_no_invoice_to_send(app, client, here):
    with here():
        opening_id = billing_service.enter_opening_balance(somebody().id, side="owed", amount=euros(4500)).id

    refused = client.post(f"/api/v1/notifications/invoices/{opening_id}/send")

    assert (refused.status_code, refused.json["code"]) == (409, "is-opening-balance")
    assert "Send by email" not in client.get(f"/invoices/{opening_id}").text
    assert mails(app) == []


def test_a_related_person_who_pays_reads_nothing_of_the_patient(inside, mailbox):
    patient = somebody(language="en")
    send_due()
    person = related_person_service.create(patient.id, name="Rui Costa", email="rui@example.org", roles=["payer"])
    invoice = an_invoice_paid_by(patient, {"kind": "related_person", "related_person_id": person.id})
    mailbox.messages.clear()

    send_invoice(invoice.id)
    send_due()

    message = mailbox.only()
    assert message["To"] == "Rui Costa <rui@example.org>"
    assert text_of(message).startswith("Dear Rui Costa,")
    for of_patient in ("Inês", "Pereira", "/my/", "P-000001"):
        assert of_patient not in message.as_string() + text_of(message)
    assert message["List-Unsubscribe"] is None


def test_a_firm_gets_none_and_the_reason_is_shown(inside, app, mailbox):
    invoice = an_invoice_paid_by(somebody(), {"kind": "other", "name": "Seguros SA"})

    message = send_invoice(invoice.id)

    assert (message.state, message.reason) == ("suppressed", "the payer has no email address on record")


@pytest.mark.parametrize("channel", ["phone", "post"])
def test_what_a_firm_pays_is_not_written_or_told_to_the_patient_instead(app, client, here, channel):
    with here():
        patient = somebody(address="Rua Nova 1", phone="+351912345678")
        consent_service.record(patient.id, {("care", channel): True}, source="in-person")
        message_id = send_invoice(an_invoice_paid_by(patient, {"kind": "other", "name": "Seguros SA"}).id).id

    page = client.get(f"/messages/{message_id}")
    refused = client.submit(f"/messages/{message_id}/other-channel", channel=channel)

    assert "other-channel" not in page.text
    assert refused.status_code == 409
    assert "the message is for who pays the invoice, not for the patient" in spoken(refused.text)
    assert len(mails(app)) == 1


def test_the_guardian_of_a_minor_gets_the_childs_invoice(inside, mailbox):
    child = somebody(given_name="Tiago", birth_date="2018-09-09", email=None, language="en")
    related_person_service.create(child.id, name="Rui Costa", email="rui@example.org", roles=["guardian"])
    invoice = an_invoice(child)
    send_due()
    mailbox.messages.clear()

    send_invoice(invoice.id)
    send_due()

    assert mailbox.only()["To"] == "Rui Costa <rui@example.org>"


def test_without_consent_none_is_sent(inside, app):
    patient = somebody()
    consent_service.record(patient.id, {("care", "email"): False}, source="in-person")

    message = send_invoice(an_invoice(patient).id)

    assert (message.state, message.reason) == ("suppressed", "no consent to care messages by email: withdrawn")


def test_consent_that_is_withdrawn_after_the_button_was_pressed_counts(inside, app, mailbox):
    patient = somebody()
    invoice = an_invoice(patient)
    send_invoice(invoice.id)
    consent_service.record(patient.id, {("care", "email"): False}, source="in-person")

    send_due()

    assert mails(app)[0]["state"] == "suppressed"


def test_the_consent_of_a_payer_who_is_a_patient_too_counts(inside, app):
    patient, mother = somebody(), somebody(given_name="Ana", email="ana@example.org")
    person = related_person_service.create(patient.id, other_id=mother.id, roles=["payer"])
    invoice = an_invoice_paid_by(patient, {"kind": "related_person", "related_person_id": person.id})
    consent_service.record(mother.id, {("care", "email"): False}, source="in-person")

    assert send_invoice(invoice.id).reason == "no consent to care messages by email: withdrawn"


@pytest.mark.slow
def test_an_invoice_that_was_credited_wholly_is_not_sent(inside, app):
    invoice = an_invoice()
    send_invoice(invoice.id)
    billing_service.credit_invoice(invoice.id, reason="goodwill")

    send_due()

    assert mails(app)[0]["reason"] == "the invoice was cancelled by a credit note"


def test_nothing_is_sent_of_a_patient_who_has_died(inside, app):
    patient = somebody()
    invoice = an_invoice(patient)
    patient_service.record_death(patient.id, deceased_on=date(2026, 1, 2))

    assert send_invoice(invoice.id).reason == "the patient has died"


def test_the_page_has_a_button_that_sends_once_and_shows_what_became_of_it(app, client, here):
    with here():
        invoice_id = an_invoice(somebody()).id
        draft_id = a_draft(somebody(given_name="Rui")).id
    page = client.get(f"/invoices/{invoice_id}").text
    assert "Not sent by email yet" in page
    assert "Send by email" in page
    assert "Send by email" not in client.get(f"/invoices/{draft_id}").text

    answer = client.submit(f"/messages/invoices/{invoice_id}")
    sent = client.get(answer.location)

    assert (answer.status_code, sent.request.path) == (303, f"/invoices/{invoice_id}")
    assert "The invoice will be sent by email" in spoken(sent.text)
    assert "Send again by email" in sent.text
    assert "Invoice by email" in spoken(sent.text)
    assert len(mails(app)) == 1


@pytest.mark.slow
def test_the_page_of_an_invoice_takes_few_statements_with_its_messages(app, client, here):
    with here():
        invoice_id = an_invoice(somebody()).id
        send_invoice(invoice_id)
    client.get(f"/invoices/{invoice_id}")

    with counted_statements(app) as seen:
        client.get(f"/invoices/{invoice_id}")

    assert len(of_rows(seen)) <= 12


def test_json_sends_an_invoice_once_for_a_key(app, client, here):
    with here():
        invoice_id = an_invoice(somebody()).id
        draft_id = a_draft(somebody(given_name="Rui")).id
    url, headers = f"/api/v1/notifications/invoices/{invoice_id}/send", {"Idempotency-Key": KEY}

    first, again = (client.post(url, headers=headers) for _ in range(2))

    assert (first.status_code, first.json["kind"], first.json["about_id"]) == (200, "invoice", str(invoice_id))
    assert again.json == first.json
    refused = client.post(f"/api/v1/notifications/invoices/{draft_id}/send")
    assert (refused.status_code, refused.json["code"]) == (409, "invoice-not-issued")
    assert client.post(f"/api/v1/notifications/invoices/{new_id()}/send").status_code == 404


def test_the_command_sends_an_invoice_by_its_number(app, run, here):
    with here():
        number = an_invoice(somebody()).number

    result = run("notifications", "send-invoice", number, "--json")

    assert json.loads(result.stdout)["state"] == "queued"
    assert isinstance(mails(app), list)
