"""Placeholders of message texts: what is known, what is reported, and what is replaced."""

import pytest

from clinic.notifications.kinds import KINDS
from clinic.notifications.writing.languages import LANGUAGES, default_text
from clinic.notifications.writing.placeholders import fill, subject_problems, text_problems


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_default_text_has_only_placeholders_of_its_kind(kind, language):
    for guardian in (False, True):
        text = default_text(kind, language, guardian=guardian)

        assert (subject_problems(kind, text.subject), text_problems(kind, text.text)) == ([], [])
        assert "{{greeting}}" in text.text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Dear {{frist_name}}", "Line 1: {{frist_name}} is not known. Did you mean {{first_name}}?"),
        ("a\n\n{{Clinic_Name}}", "Line 3: {{Clinic_Name}} is not known. Did you mean {{clinic_name}}?"),
        ("On {{appointment}}", "Line 1: {{appointment}} must stand on a line of its own"),
        ("{{first_name", "Line 1: Two braces begin or end a placeholder, like {{clinic_name}}"),
        ("{{{first_name}}}", None),
        ("{first_name} %s ${x} {% if %}", None),
    ],
)
def test_what_is_wrong_with_a_text_is_reported_with_its_line(text, problem):
    assert text_problems("reminder", text) == ([problem] if problem else [])


def test_all_problems_of_a_text_are_reported_at_once():
    found = text_problems("welcome", "{{7*7}}\n{{appointment}}\n{{")

    assert [problem.partition(":")[0] for problem in found] == ["Line 1", "Line 2", "Line 3"]
    assert "There are {{patient_number}}, {{greeting}}" in found[0]


@pytest.mark.parametrize("name", ["first_name", "greeting", "day", "practitioner", "appointment"])
def test_a_subject_names_neither_person_nor_day(name):
    assert subject_problems("reminder", f"Reminder {{{{{name}}}}}") == [f"{{{{{name}}}}} can’t be in a subject"]


def test_what_a_value_contains_is_not_read_again():
    values = {"first_name": "{{clinic_phone}} {0} %s \\1", "clinic_phone": "secret"}

    assert fill("Dear {{ first_name }}!", values) == "Dear {{clinic_phone}} {0} %s \\1!"


def test_a_line_whose_placeholder_has_no_value_is_left_out():
    assert fill("Call {{clinic_phone}} or {{first_name}}", {"clinic_phone": "", "first_name": "Inês"}) is None
    assert fill("No placeholder", {}) == "No placeholder"
