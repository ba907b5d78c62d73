"""What the ticks of the forms mean."""

import pytest

from clinic.patients.consent_rules import (
    CHANNELS,
    ON_BY_REGISTRATION,
    TOPICS,
    changed_answers,
    initial_state,
    next_state,
    registration_answers,
    topic_label,
)

TICKED = {"care": ["email"], "reminders": ["email"]}
"""What the form of a new patient has ticked when it opens."""

UNANSWERED = {topic: initial_state(topic) for topic in TOPICS}


def test_only_care_messages_and_reminders_by_email_are_on_by_registration():
    on = {topic for topic, state in UNANSWERED.items() if state == "by-registration"}

    assert on == ON_BY_REGISTRATION == {("care", "email"), ("reminders", "email")}
    assert {state for topic, state in UNANSWERED.items() if topic not in on} == {"not-asked"}


def test_a_registration_form_left_as_it_opened_holds_no_answer():
    assert registration_answers(TICKED, CHANNELS, asked=False) == {}


def test_what_was_ticked_and_unticked_are_answers_even_if_the_rest_was_not_asked():
    ticks = {"care": [], "reminders": ["email", "sms"]}

    answers = registration_answers(ticks, CHANNELS, asked=False)

    assert answers == {("care", "email"): False, ("reminders", "sms"): True}


def test_a_patient_who_was_asked_refuses_what_is_not_ticked_of_what_is_asked_about():
    answers = registration_answers(TICKED | {"news": ["sms"]}, CHANNELS, asked=True)

    assert {topic for topic in answers if topic[0] == "care"} == set()
    assert {topic for topic, agrees in answers.items() if agrees} == {("reminders", "email"), ("news", "sms")}
    assert len(answers) == 3 * len(CHANNELS)


def test_nobody_is_asked_about_a_channel_without_an_address():
    answers = registration_answers(TICKED, ["sms", "phone"], asked=True)

    assert {channel for _, channel in answers} == {"sms", "phone"}


@pytest.mark.parametrize(
    ("state", "agrees", "after"),
    [
        ("not-asked", True, "yes"),
        ("not-asked", False, "no"),
        ("by-registration", True, "yes"),
        ("by-registration", False, "withdrawn"),
        ("yes", False, "withdrawn"),
        ("withdrawn", False, "withdrawn"),
        ("no", False, "no"),
        ("withdrawn", True, "yes"),
    ],
)
def test_a_no_to_what_was_allowed_is_a_withdrawal(state, agrees, after):
    assert next_state(state, agrees) == after


def test_a_form_left_as_it_opened_changes_nothing():
    assert changed_answers(UNANSWERED, TICKED, refused=[]) == {}


def test_only_the_differences_of_a_form_are_answers():
    ticks = {"care": [], "reminders": ["email"], "news": ["post"]}

    assert changed_answers(UNANSWERED, ticks, refused=[]) == {("care", "email"): False, ("news", "post"): True}


def test_asked_and_wants_none_is_a_no_to_each_channel_that_is_not_ticked():
    answers = changed_answers(UNANSWERED, TICKED | {"recalls": ["sms"]}, refused=["recalls", "reminders"])

    recalls = {channel: agrees for (purpose, channel), agrees in answers.items() if purpose == "recalls"}
    reminders = {channel: agrees for (purpose, channel), agrees in answers.items() if purpose == "reminders"}
    assert recalls == {"email": False, "sms": True, "phone": False, "post": False}
    assert reminders == {"sms": False, "phone": False, "post": False}


def test_a_topic_has_a_name_inside_a_sentence():
    assert topic_label(("care", "email")) == "care messages by email"
    assert topic_label(("news", "sms")) == "news by SMS"
