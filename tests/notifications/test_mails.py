"""The text of each kind of message, and its form as a mail."""

import re
from datetime import timedelta

import pytest
import time_machine

from clinic.appointments.service import appointment_service
from clinic.core.jobs import run_due_jobs
from tests.builders import MONDAY, a_patient, a_practitioner, an_appointment

pytestmark = pytest.mark.usefixtures("inside", "week_before")

GREETINGS = {"en": "Dear Inês Gonçalves", "de": "Guten Tag Inês Gonçalves", "pt": "Olá Inês Gonçalves"}
SUBJECTS = {
    ("en", "welcome"): "Welcome to Clínica São João",
    ("de", "welcome"): "Willkommen bei Clínica São João",
    ("pt", "welcome"): "Clínica São João dá-lhe as boas-vindas",
    ("en", "confirmation"): "Your appointment at Clínica São João",
    ("de", "confirmation"): "Ihr Termin bei Clínica São João",
    ("pt", "confirmation"): "A sua consulta em Clínica São João",
    ("en", "change"): "Your appointment at Clínica São João has changed",
    ("de", "change"): "Ihr Termin bei Clínica São João hat sich geändert",
    ("pt", "change"): "A sua consulta em Clínica São João foi alterada",
    ("en", "cancellation"): "Your appointment at Clínica São João is cancelled",
    ("de", "cancellation"): "Ihr Termin bei Clínica São João ist abgesagt",
    ("pt", "cancellation"): "A sua consulta em Clínica São João foi cancelada",
}
MONDAYS = {
    "en": "Mon 26 November 2029, 09:00",
    "de": "Mo., 26. November 2029, 09:00",
    "pt": "segunda, 26 de novembro de 2029, 09:00",
}
A_RANDOM_NAME = re.compile(r"[\w-]{32,}")
"""An id or the token of a link, in which any four digits may stand."""


@pytest.fixture
def week_before():
    """Be in the week before the appointments."""
    with time_machine.travel(MONDAY - timedelta(days=7)):
        yield


def ines(**fields):
    return a_patient(family_name="Gonçalves", given_name="Inês", **fields)


def parts(message):
    """Return the text part and the HTML part."""
    return tuple(message.get_body((kind,)).get_content() for kind in ("plain", "html"))


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("language", ["en", "de", "pt"])
def test_every_kind_of_message_is_written_in_the_patients_language(mailbox, language):
    appointment = an_appointment(ines(language=language), starts_at=MONDAY)
    run_due_jobs()
    appointment_service.reschedule(appointment.id, starts_at=MONDAY + timedelta(hours=1))
    run_due_jobs()
    appointment_service.cancel(appointment.id)

    run_due_jobs()

    assert [message["Subject"] for message in mailbox.messages] == [
        SUBJECTS[language, kind] for kind in ("welcome", "confirmation", "change", "cancellation")
    ]
    for message in mailbox.messages:
        assert all(GREETINGS[language] in words for words in parts(message))
        assert message["Content-Language"] == language


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("language", ["en", "de", "pt"])
def test_a_confirmation_names_time_and_practitioner_in_the_clinics_form(mailbox, language):
    an_appointment(ines(language=language), a_practitioner("Dr Zoë Strauß"), starts_at=MONDAY)

    run_due_jobs()

    text, html = parts(mailbox.messages[-1])
    for words in (text, html):
        assert MONDAYS[language] in words
        assert "Dr Zoë Strauß" in words
    assert "(" not in text


@pytest.mark.slow
def test_names_arrive_with_their_accents(mailbox):
    ines(preferred_name="Nê", email="ines@example.org")

    run_due_jobs()

    message = mailbox.only()
    assert message["To"].addresses[0].display_name == "Nê"
    assert message["To"].addresses[0].addr_spec == "ines@example.org"
    assert message["From"].addresses[0].display_name == "Clínica São João"
    assert "Olá Nê," in parts(message)[0]


@pytest.mark.slow
def test_a_mail_is_plain_ascii_on_the_wire_and_has_what_mails_need(mailbox):
    an_appointment(ines())

    run_due_jobs()

    assert all(raw.isascii() for raw in mailbox.raw)
    for message in mailbox.messages:
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Date"]
        leaves = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
        assert leaves[:2] == ["text/plain", "text/html"]
    assert len({message["Message-ID"] for message in mailbox.messages}) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("email", "recipient"),
    [("inês@example.org", "inês@example.org"), ("ines@clínica.example.org", "ines@xn--clnica-4va.example.org")],
)
def test_an_address_beyond_ascii_is_written_to(mailbox, email, recipient):
    ines(email=email)

    run_due_jobs()

    assert mailbox.recipients == [recipient]


@pytest.mark.slow
def test_markup_in_a_name_stays_text(mailbox):
    a_patient(family_name="<b>Bold</b>", given_name="{{7*7}} & %s", language="en")

    run_due_jobs()

    text, html = parts(mailbox.only())
    assert "Dear {{7*7}} & %s <b>Bold</b>," in text
    assert "Dear {{7*7}} &amp; %s &lt;b&gt;Bold&lt;/b&gt;," in html


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(("language", "written"), [("fr", "pt"), (None, "pt"), ("pt-BR", "pt"), ("de-AT", "de")])
def test_the_clinics_language_is_used_for_one_without_templates(mailbox, language, written):
    ines(language=language)

    run_due_jobs()

    assert mailbox.only()["Content-Language"] == written


@pytest.mark.slow
def test_a_mail_has_no_more_personal_data_than_needed(mailbox):
    an_appointment(ines(phone="+351912555014", birth_date="1991-06-21", address="Rua das Flores 18"))

    run_due_jobs()

    assert len(mailbox.messages) == 2
    for message in mailbox.messages:
        texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        readable = A_RANDOM_NAME.sub("", "\n".join([*map(str, message.values()), *texts]))
        assert "Clínica São João" in readable
        for secret in ("1991", "912555014", "Flores", "female"):
            assert secret not in readable
        assert "Gonçalves" not in message["Subject"]
