"""`flask patients …`, as operators know it."""

import json

import pytest
from sqlalchemy import delete

from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.models import NameVariant, PatientToken, PatientTokens
from clinic.patients.search.index import partition_of
from clinic.patients.service import patient_service
from tests.assertions import row_counts, rows, stored_events
from tests.builders import OWN, a_patient, a_practitioner

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


@pytest.mark.slow
def test_adding_a_patient_prints_it_and_what_to_do_next(app, run, here):
    result = run(
        "patients", "add", "--family-name", "Nguyễn", "--given-name", "Thị", "--birth-date", "1991-06-21", "--json"
    )

    assert result.exit_code == 0
    assert json.loads(result.stdout).items() >= {"mrn": "P-000001", "family_name": "Nguyễn", "sex": "unknown"}.items()
    assert "Registered P-000001" in result.stderr
    ids = [event["patient_id"] for event in stored_events(app, "patient.created")]
    assert ids == [json.loads(result.stdout)["id"]]


@pytest.mark.slow
def test_a_command_acts_as_the_person_at_the_terminal(app, run):
    run("patients", "add", "--family-name", "Pereira")

    assert [event["actor"].startswith("cli:") for event in rows(app, "events")] == [True]


@pytest.mark.slow
def test_listing_prints_one_line_a_patient_the_latest_first(run, inside):
    a_patient(given_name="First")
    a_patient(given_name="Second", email=None)

    lines = run("patients", "list").stdout.splitlines()

    assert [line.split("\t")[:3] for line in lines] == [
        ["P-000002", "Pereira", "Second"],
        ["P-000001", "Pereira", "First"],
    ]


@pytest.mark.slow
def test_listing_finds_by_words(run, inside):
    a_patient(family_name="Nguyễn")
    a_patient(family_name="Noise")

    found = json.loads(run("patients", "list", "--search", "nguyen", "--json").stdout)

    assert [patient["family_name"] for patient in found] == ["Nguyễn"]
    assert json.loads(run("patients", "list", "--search", "' OR 1=1--", "--json").stdout) == []


def test_the_list_of_nobody_is_empty(run):
    assert run("patients", "list", "--json").stdout == "[]\n"
    assert run("patients", "list").stdout == ""


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("name", ["P-000001", "p-000001", "1", "p1", "0001"])
def test_a_patient_is_shown_by_number(run, inside, name):
    patient = a_patient()

    shown = json.loads(run("patients", "show", name, "--json").stdout)

    assert shown["id"] == str(patient.id)
    assert run("patients", "show", str(patient.id), "--json").stdout == run("patients", "show", name, "--json").stdout


@pytest.mark.slow
def test_a_patient_is_shown_by_what_a_search_finds(run, inside):
    a_patient(family_name="Sousa", given_name="Rui", phone="+351912345678", email=None)
    a_patient(family_name="Sousa", given_name="Ana", email=None)

    for words in ("rui sousa", "912 345 678"):
        assert json.loads(run("patients", "show", words, "--json").stdout)["mrn"] == "P-000001"


@pytest.mark.slow
def test_several_patients_of_a_name_are_listed_and_recorded(app, run, inside):
    for given_name in ("Rui", "Ana"):
        a_patient(family_name="Sousa", given_name=given_name, email=None)

    result = run("patients", "show", "sousa")

    listed = "P-000002 Sousa, Ana; P-000001 Sousa, Rui"
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: Several patients match, give a number: {listed}\n"
    assert [entry["action"] for entry in rows(app, "audit_entries")][-1] == "listed"


@pytest.mark.slow
def test_a_patient_whose_name_is_only_almost_as_typed_is_asked_for(run, inside):
    a_patient(family_name="Weiss", given_name="Ola", email=None)

    result = run("patients", "show", "wiess")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: Nobody has exactly this name, give a number: P-000001 Weiss, Ola\n"


def test_patients_are_found_with_what_is_only_almost_as_typed_last(app, run, inside):
    for family_name in ("Weiss", "Wiess"):
        a_patient(family_name=family_name, given_name="Ola", email=None)

    found = json.loads(run("patients", "search", "wiess", "--json").stdout)

    assert [(one["family_name"], one["almost"]) for one in found] == [("Wiess", None), ("Weiss", "wiess")]
    assert [entry["action"] for entry in rows(app, "audit_entries")][-1] == "listed"


@pytest.mark.slow
def test_an_appointment_and_an_invoice_are_for_whom_a_search_finds(run, inside):
    a_patient(family_name="Zamora", given_name="Elena", email=None)
    a_patient(family_name="Zamorano", given_name="Luis", email=None)
    a_practitioner("Dr Amara Okafor")
    booking = ("--practitioner", "Dr Amara Okafor", "--starts", "2029-11-26 09:00", "--overbook", "Asked for")

    booked = run("appointments", "book", "--patient", "elena zam", *booking)
    unclear = run("billing", "create", "--patient", "zam", "--line", "Visit|1|50.00")

    assert (booked.exit_code, "P-000001" in booked.stderr) == (0, True)
    assert unclear.exit_code == 2
    assert unclear.stderr.startswith("Error: --patient: Several patients match, give a number: P-000001 Zamora, Elena;")


def test_the_index_is_rebuilt_and_stray_tokens_are_removed(run, inside):
    ids = [a_patient(family_name=name, email=None).id for name in ("Zamora", "Wiess", "Pereira")]
    with unit_of_work():
        db.session.execute(delete(PatientToken).where(PatientToken.token == "nzamora"))
        db.session.execute(delete(PatientTokens).where(PatientTokens.patient == -1))
        db.session.add(PatientToken(partition=partition_of(), token="nstray", patient=-2))

    result = run("patients", "reindex", "--batch", "2", "--json")

    assert json.loads(result.stdout) == {"patients": 3, "written": 1, "removed": 1}
    assert "3 of 3 patients (100 %)" in result.stderr
    assert [one.id for one in patient_service.search("zamora").rows] == ids[:1]
    assert patient_service.search("stray").rows == []


@pytest.mark.slow
def test_rebuilding_the_index_lets_typing_errors_be_found_again(run, inside):
    patient_id = a_patient(family_name="Zamora", email=None).id
    with unit_of_work():
        db.session.execute(delete(NameVariant))
    assert patient_service.search("zamroa").rows == []

    run("patients", "reindex")

    assert [one.id for one in patient_service.search("zamroa").rows] == [patient_id]


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_file_registers_a_patient_with_lists_and_options_come_first(run, tmp_path):
    record = tmp_path / "record.json"
    given = {"family_name": "Other", "former_names": [{"family_name": "Sousa"}], "identifiers": []}
    record.write_text(json.dumps(given), encoding="utf-8")

    result = run(
        "patients", "add", "--from", str(record), "--family-name", "Pereira", "--estimated-age", "40", "--json"
    )

    shown = json.loads(result.stdout)
    assert (shown["family_name"], shown["estimated_age"]) == ("Pereira", 40)
    assert [one["family_name"] for one in shown["former_names"]] == ["Sousa"]


def test_a_patient_is_edited_field_by_field(run, inside):
    a_patient(phone="+351912555014", other_phones=[{"value": "+351213456789"}])

    result = run("patients", "edit", "1", "--given-name", "Ana", "--email", "", "--json")
    used = run("patients", "use-contact", "P-000001", "--kind", "phone", "--value", "+351213456789", "--json")

    shown = json.loads(result.stdout)
    assert (shown["given_name"], shown["family_name"], shown["email"]) == ("Ana", "Pereira", None)
    assert json.loads(used.stdout)["phone"] == "+351213456789"
    assert "Saved P-000001" in used.stderr


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["edit", "1"], "give a field"),
        (["edit", "1", "--from", "LIST"], "no JSON object"),
        (["edit", "1", "--from", "BYTES"], "not JSON"),
        (["edit", "1", "--from", "MISSING"], "No such file"),
        (["edit", "1", "--family-name", "", "--given-name", ""], "Enter the family name"),
        (["use-contact", "1", "--kind", "phone", "--value", "1"], "no such other phone"),
    ],
)
def test_an_edit_that_can_not_be_made_is_refused_in_one_line(run, inside, tmp_path, args, text):
    a_patient()
    (tmp_path / "LIST").write_text("[]", encoding="utf-8")
    (tmp_path / "BYTES").write_bytes(b"\xff{")

    result = run("patients", *(str(tmp_path / word) if word.isupper() else word for word in args))

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert text in result.stderr
