"""`flask patients …`, as operators know it."""

import json

import pytest

from tests.assertions import row_counts, rows, stored_events
from tests.builders import OWN, a_patient

WRONG = [
    (["show", "P-999999"], 3),
    (["show", "\udcff"], 3),
    (["show", "0"], 3),
    (["list", "--limit", "0"], 2),
    (["list", "--limit", "²"], 2),
    (["list", "--clinic", "Nowhere"], 3),
    (["list", "--clinic", "\udcff"], 3),
    (["add"], 2),
    (["add", "--family-name", " "], 2),
    (["add", "--family-name", "\udcff"], 2),
    (["add", "--mrn", "P-7"], 2),
    (["add", "--family-name", "X", "--is-admin", "1"], 2),
    (["nonsense"], 2),
]


def test_adding_a_patient_prints_it_and_what_to_do_next(app, run, here):
    result = run(
        "patients", "add", "--family-name", "Nguyễn", "--given-name", "Thị", "--birth-date", "1991-06-21", "--json"
    )

    assert result.exit_code == 0
    assert json.loads(result.stdout).items() >= {"mrn": "P-000001", "family_name": "Nguyễn", "sex": "unknown"}.items()
    assert "Registered P-000001" in result.stderr
    ids = [event["patient_id"] for event in stored_events(app, "patient.created")]
    assert ids == [json.loads(result.stdout)["id"]]


def test_a_command_acts_as_the_person_at_the_terminal(app, run):
    run("patients", "add", "--family-name", "Pereira")

    assert [event["actor"].startswith("cli:") for event in rows(app, "events")] == [True]


def test_listing_prints_one_line_a_patient_the_latest_first(run, inside):
    a_patient(given_name="First")
    a_patient(given_name="Second", email=None)

    lines = run("patients", "list").stdout.splitlines()

    assert [line.split("\t")[:3] for line in lines] == [
        ["P-000002", "Pereira", "Second"],
        ["P-000001", "Pereira", "First"],
    ]


def test_listing_finds_by_words(run, inside):
    a_patient(family_name="Nguyễn")
    a_patient(family_name="Noise")

    found = json.loads(run("patients", "list", "--search", "nguyen", "--json").stdout)

    assert [patient["family_name"] for patient in found] == ["Nguyễn"]
    assert json.loads(run("patients", "list", "--search", "' OR 1=1--", "--json").stdout) == []


def test_the_list_of_nobody_is_empty(run):
    assert run("patients", "list", "--json").stdout == "[]\n"
    assert run("patients", "list").stdout == ""


@pytest.mark.parametrize("name", ["P-000001", "p-000001", "1", "p1", "0001"])
def test_a_patient_is_shown_by_number(run, inside, name):
    patient = a_patient()

    shown = json.loads(run("patients", "show", name, "--json").stdout)

    assert shown["id"] == str(patient.id)
    assert run("patients", "show", str(patient.id), "--json").stdout == run("patients", "show", name, "--json").stdout


def test_a_patient_is_shown_by_what_a_search_finds(run, inside):
    a_patient(family_name="Sousa", given_name="Rui", phone="+351912345678", email=None)
    a_patient(family_name="Sousa", given_name="Ana", email=None)

    for words in ("rui sousa", "912 345 678"):
        assert json.loads(run("patients", "show", words, "--json").stdout)["mrn"] == "P-000001"


def test_several_patients_of_a_name_are_listed_and_recorded(app, run, inside):
    for given_name in ("Rui", "Ana"):
        a_patient(family_name="Sousa", given_name=given_name, email=None)

    result = run("patients", "show", "sousa")

    listed = "P-000002 SOUSA, Ana; P-000001 SOUSA, Rui"
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: Several patients match, give a number: {listed}\n"
    assert [entry["action"] for entry in rows(app, "audit_entries")][-1] == "listed"


def test_a_patient_of_another_clinic_is_found_in_that_clinic_only(run, here, other_clinic):
    with here(other_clinic.id):
        theirs = a_patient(family_name="Theirs")

    assert "Theirs" in run("patients", "list", "--clinic", "Other Clinic").stdout
    for name in ("P-000001", str(theirs.id)):
        result = run("patients", "show", name, "--clinic", OWN)
        assert (result.exit_code, result.stdout, result.stderr) == (3, "", "Error: There is no such patient\n")


def test_wrong_input_is_answered_in_one_line_and_a_code(app, run):
    before = row_counts(app)

    for args, code in WRONG:
        result = run("patients", *args)
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (code, "", 1), args

    assert row_counts(app) == before


def test_words_that_no_name_can_have_find_nobody(run):
    result = run("patients", "list", "--search", "a@\udcff")

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.row(52)
def test_shell_and_format_strings_are_plain_text(app, run, tmp_path):
    mark = tmp_path / "mark"

    for name in (f"$(touch {mark})", f"`touch {mark}`", f"X; touch {mark}", f"| touch {mark}", "%s%n", "{0.__class__}"):
        result = run("patients", "add", "--family-name", name, "--json")
        assert json.loads(result.stdout)["family_name"] == name

    assert not mark.exists()


def test_all_problems_are_reported_at_once(run):
    result = run("patients", "add", "--birth-date", "2031-01-01", "--email", "nobody", "--phone", "12")

    assert result.exit_code == 2
    for words in ("--birth-date: Date of birth must be in the past", "--email: ", "--phone: ", "--family-name: "):
        assert words in result.stderr


def test_without_a_clinic_a_command_shows_what_to_do(app):
    result = app.test_cli_runner().invoke(args=["patients", "list"])

    assert (result.exit_code, result.stdout) == (4, "")
    assert "flask init" in result.stderr
