"""A minor's messages go to the guardian: one child in each, by the given name, if the child's record agrees."""

import pytest

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.notifications.mail_worker import send_due
from clinic.patients.service import consent_service, patient_service, recipient_of, related_person_service
from tests.assertions import rows
from tests.billing.invoices import an_invoice, euros
from tests.builders import a_patient, an_appointment
from tests.statements import counted_statements

pytestmark = pytest.mark.usefixtures("inside")

CHILD = {"family_name": "Pereira", "given_name": "Tiago", "birth_date": "2018-09-09"}


def outcomes(app):
    return [(row["state"], row["reason"], row["recipient"]) for row in rows(app, "notifications")]


def a_child(email="tiago@example.org", **fields):
    return a_patient(**CHILD | {"email": email, "language": "en"} | fields)


def with_guardian(child, **person):
    given = {"name": "Rui Costa", "email": "rui@example.org"} | person
    related_person_service.create(child.id, roles=["guardian"], **given)
    return child


def test_without_a_guardian_nobody_is_written_to(app, mailbox):
    a_child()

    send_due()

    assert outcomes(app) == [("suppressed", "the patient is a minor without a guardian on record", None)]
    assert mailbox.messages == []


def test_a_guardian_without_an_address_is_named_as_the_reason(app, mailbox):
    with_guardian(a_child(), email=None)

    send_due()

    assert outcomes(app)[0][:2] == ("suppressed", "the guardian has no email address")


@pytest.mark.parametrize("language", ["en", "de", "pt"])
def test_every_message_goes_to_the_guardian_and_names_only_the_child(app, mailbox, language):
    child = with_guardian(a_child(language=language, email=None))
    an_appointment(child)
    billing_service.record_payment(an_invoice(child).id, amount=euros(5000), method="cash")

    send_due()

    assert outcomes(app) == [("sent", None, "rui@example.org")] * 2
    for row in rows(app, "notifications"):
        assert "Tiago" in row["body"]
        assert not any(word in row["body"] + row["subject"] for word in ("Rui", "Costa", "Pereira"))


@pytest.mark.slow
def test_consent_is_that_of_the_childs_record(app, mailbox):
    mother = a_patient()
    consent_service.withdraw_all(mother.id)
    child = with_guardian(a_child(), name=None, email=None, other_id=mother.id)
    an_appointment(child)
    send_due()
    consent_service.withdraw_all(child.id)
    an_invoice(child)
    an_appointment(child, starts_at=rows(app, "appointments")[0]["ends_at"])

    send_due()

    of_child = [one for one, row in zip(outcomes(app), rows(app, "notifications"), strict=True) if row["patient_id"]]
    assert ("sent", None, "ines@example.org") in of_child
    assert of_child[-1][:2] == ("suppressed", "no consent to care messages by email: withdrawn")


def test_messages_go_to_the_patient_when_the_birth_date_turns_out_to_be_another(app, mailbox):
    child = with_guardian(a_child())
    patient_service.update(child.id, version=None, birth_date="1998-09-09")

    send_due()

    assert outcomes(app) == [("sent", None, "tiago@example.org")]


def test_the_clinic_is_not_read_to_know_that_an_adult_needs_no_guardian(app):
    adult = a_patient()
    db.session.commit()
    db.session.expire_all()
    assert adult.birth_date == "1991-06-21"

    with counted_statements(app) as seen:
        recipient = recipient_of(adult)

    assert (recipient and recipient.is_guardian, list(seen)) == (False, [])
