"""Text and HTML of every kind of message, in each language, to patients and guardians."""

import re

import pytest

from clinic.identity.clinics import clinic_service
from clinic.notifications.kinds import KINDS
from clinic.notifications.writing.html import as_html
from clinic.notifications.writing.languages import LANGUAGES, default_text
from clinic.notifications.writing.message_text import write_text
from clinic.notifications.writing.plain_text import as_plain_text
from clinic.notifications.writing.samples import SAMPLES, sample_facts, sample_links

pytestmark = pytest.mark.usefixtures("inside")

PHONE = "+351\u00a021\u00a0355\u00a05000"
LINK = "https://clinic.example/my/visit/" + "x" * 60
CONTACT = {"address": "Cais do Sodré 14\n1200-450 Lisboa", "phone": "+351213555000", "email": "desk@harbour.example"}
ALL = [(kind, language, sample) for kind in KINDS for language in LANGUAGES for sample in SAMPLES]


def written(kind, language="en", sample="usual", **contact):
    clinic = clinic_service.update(version=None, **(CONTACT | contact))
    facts = sample_facts(sample, kind, clinic)
    template = default_text(kind, language, guardian=facts.reader.is_guardian)
    return write_text(facts, language, template, sample_links(kind, LINK))


@pytest.mark.slow
def test_the_text_has_lines_of_at_most_72_characters_and_its_footer_after_two_dashes():
    for kind, language, sample in ALL:
        text = as_plain_text(written(kind, language, sample))

        assert all(len(line) <= 72 or line == LINK for line in text.split("\n")), text
        body, _, footer = text.partition("\n-- \n")
        assert PHONE in body
        assert footer.startswith("Clínica São João, Cais do Sodré 14, 1200-450 Lisboa\n")


@pytest.mark.slow
def test_the_html_is_small_and_has_no_image_script_or_foreign_address():
    for kind, language, sample in ALL:
        html = as_html(written(kind, language, sample))

        assert len(html.encode()) <= 6 * 1024, (kind, language, sample)
        assert not re.search(r"<(img|script|link|iframe|form)|url\(| on[a-z]+=|@import", html)
        assert set(re.findall(r'href="([^"]*)"', html)) <= {LINK}
        assert f'<html lang="{language}"' in html
        assert "max-width:560px" in html


def test_nothing_is_left_to_replace_and_the_subject_names_nobody():
    for kind, language, sample in ALL:
        message = written(kind, language, sample)

        assert "{" not in as_plain_text(message) + message.subject + message.heading
        assert not re.search(r"Inês|Tiago|Bernardette|December|Dezember|dezembro|Brandt", message.subject)


def test_what_the_clinic_has_not_entered_is_left_out():
    text = as_plain_text(written("confirmation", address=None, phone=None, email=None))

    assert text.endswith("\n-- \nClínica São João\n" + text.partition("-- \nClínica São João\n")[2])
    assert "Questions?" not in text


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        ({"email": None}, f"Questions? Call {PHONE}."),
        ({"phone": None}, "Questions? Write to desk@harbour.example."),
        ({}, f"Questions? Call {PHONE} or write to desk@harbour.example."),
    ],
)
def test_a_message_says_how_to_ask(contact, words):
    assert words in as_plain_text(written("welcome", **contact)).replace("\n", " ")


def test_a_confirmation_looks_like_this():
    text = as_plain_text(written("confirmation", email=None))

    lines = [re.sub(r"[A-Z]\w\w \d+ [A-Z]\w+ \d{4}", "Fri 13 November 2026", line) for line in text.split("\n")]
    assert lines[:11] == [
        *("Dear Inês Pereira,", "", "your appointment is booked:", ""),
        "  When   Fri 13 November 2026, 09:00",
        "         about 30 minutes",
        "  With   Dr Lukas Brandt",
        "  Where  Clínica São João",
        "         Cais do Sodré 14",
        *("         1200-450 Lisboa", ""),
    ]
    assert lines[13:] == [
        *("", "Confirm or change:", LINK, "", "Add to calendar:", LINK, ""),
        *(f"Questions? Call {PHONE}.", "", "-- "),
        *("Clínica São João, Cais do Sodré 14, 1200-450 Lisboa",),
        *("The links are yours alone; please don’t pass them on.", "Stop these messages:", LINK, ""),
    ]
