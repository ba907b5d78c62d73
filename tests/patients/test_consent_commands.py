"""`flask patients consent` and the commands that change it."""

import json

import pytest

from clinic.patients.service import consent_service
from tests.assertions import row_counts, rows
from tests.builders import somebody

WRONG = [
    (["consent", "P-999999"], 3),
    (["record-consent", "P-000001"], 2),
    (["record-consent", "P-000001", "--agree", "news:fax", "--source", "phone"], 2),
    (["record-consent", "P-000001", "--agree", "news", "--source", "phone"], 2),
    (["record-consent", "P-000001", "--agree", "news:sms"], 2),
    (["record-consent", "P-000001", "--agree", "news:sms", "--source", "gossip"], 2),
    (["record-consent", "P-000001", "--agree", "news:sms", "--refuse", "news:sms", "--source", "phone"], 2),
    (["record-consent", "P-000001", "--agree", "news:sms", "--source", "phone", "--answered-on", "2999-01-01"], 2),
    (["withdraw-consent", "P-000001", "--source", "gossip"], 2),
    (["withdraw-consent", "P-999999"], 3),
    (["undo-consent", "P-000001"], 5),
    (["add", "--family-name", "X", "--agree", "news"], 2),
]


@pytest.fixture
def patient(clinic, here):
    """A registered patient."""
    with here():
        return somebody()


def test_consent_is_shown_line_by_line_or_as_json(run, patient):
    lines = run("patients", "consent", "1").stdout.splitlines()
    dumped = json.loads(run("patients", "consent", "P-000001", "--json").stdout)

    assert len(lines) == 16
    assert lines[0].startswith("care\temail\tby-registration\tregistration\t")
    assert dumped["patient_id"] == str(patient.id)
    assert dumped["answers"][0]["allowed"] is True


@pytest.mark.slow
def test_answers_are_recorded_with_source_day_and_operator(app, run, patient):
    result = run(
        *("patients", "record-consent", "1", "--agree", "reminders:sms", "--refuse", "news:email"),
        *("--source", "signed-form", "--answered-on", "2026-11-02", "--note", "page 2"),
    )

    assert result.exit_code == 0, result.stderr
    assert [line.split("\t")[:3] for line in result.stdout.splitlines()] == [
        ["reminders", "sms", "yes"],
        ["news", "email", "no"],
    ]
    assert "Changed: 2" in result.stderr
    stored = rows(app, "consent_answers")
    assert {(row["source"], row["answered_on"].isoformat(), row["note"]) for row in stored} == {
        ("signed-form", "2026-11-02", "page 2")
    }
    assert all(row["recorded_by"].startswith("cli:") for row in stored)


def test_all_consent_is_withdrawn_and_that_is_undone(run, here, patient):
    withdrawn = run("patients", "withdraw-consent", "1", "--source", "written", "--json")
    undone = run("patients", "undo-consent", "1")

    assert not any(one["allowed"] for one in json.loads(withdrawn.stdout)["answers"])
    assert (undone.exit_code, "Changed: 16" in undone.stderr) == (0, True)
    with here():
        assert consent_service.state(patient.id, "care", "email").state == "by-registration"


def test_a_withdrawal_of_an_earlier_day_names_what_was_agreed_to_later(run, here, patient):
    run("patients", "record-consent", "1", "--agree", "reminders:sms", "--source", "phone")

    result = run("patients", "withdraw-consent", "1", "--answered-on", "2026-01-05")

    assert (result.exit_code, "Still agreed to, on a later day: reminders by SMS" in result.stderr) == (0, True)
    with here():
        assert consent_service.state(patient.id, "reminders", "sms").allowed


@pytest.mark.slow
def test_a_registration_takes_answers(app, run):
    run("patients", "add", "--family-name", "Sousa", "--agree", "news:post", "--refuse", "care:email")

    stored = {(row["purpose"], row["channel"]): row["state"] for row in rows(app, "consent_answers")}
    assert stored == {("news", "post"): "yes", ("care", "email"): "no"}


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(("arguments", "code"), WRONG, ids=[" ".join(one) for one, _ in WRONG])
def test_wrong_input_is_one_clear_line_and_changes_nothing(app, run, patient, arguments, code):
    before = row_counts(app)

    result = run("patients", *arguments)

    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
    assert row_counts(app) == before
