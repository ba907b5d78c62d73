"""Possible duplicates by JSON and by command."""

import json
from typing import Any

import pytest

from clinic.core.context import Actor, reset_actor, set_actor
from clinic.patients.service import duplicate_service, patient_service
from tests.builders import a_patient, patient_fields
from tests.fixtures import Become, Here, Run

URL = "/api/v1/patients"


@pytest.mark.slow
def test_registering_by_json_is_never_blocked_and_names_who_is_on_file(client: Any, here: Here) -> None:
    with here():
        patient = a_patient()

    response = client.post(URL, json=patient_fields(email="INES@example.org"))

    assert response.status_code == 201
    (found,) = response.json["possible_duplicates"]
    assert found == {
        "patient_id": str(patient.id),
        "mrn": patient.mrn,
        "family_name": "Pereira",
        "given_name": "Inês",
        "birth_date": "1991-06-21",
        "score": 100,
        "likelihood": "almost certain",
        "reasons": ["same name", "same birth date", "same email"],
    }


@pytest.mark.slow
def test_candidates_are_asked_for_before_registering(client: Any, here: Here) -> None:
    with here():
        patient = a_patient(birth_date="1991-03-07")

    response = client.get(f"{URL}/candidates?family_name=Pereira&given_name=Ines&birth_date=1991-07-03")

    (found,) = response.json["data"]
    assert (found["mrn"], found["score"]) == (patient.mrn, 80)
    assert client.get(f"{URL}/candidates").json["data"] == []


def test_pairs_are_listed_dismissed_and_reopened(client: Any, here: Here) -> None:
    with here():
        mrns, patient_id = [a_patient().mrn, a_patient().mrn], patient_service.identify("P-000002").id
        a_patient(family_name="Okafor", given_name="Ada", birth_date=None, email=None)

    (pair,) = client.get(f"{URL}/duplicates?patient_id={patient_id}").json["data"]
    dismissed = client.post(f"{URL}/duplicates/{pair['id']}/dismiss")

    assert [one["mrn"] for one in pair["patients"]] == mrns
    assert dismissed.json["state"] == "not-duplicate"
    assert client.get(f"{URL}/duplicates").json["data"] == []
    assert client.post(f"{URL}/duplicates/{pair['id']}/reopen").json["decided_by"] is None
    assert client.get(f"{URL}/duplicates?score=101").status_code == 422


@pytest.mark.slow
def test_reasons_of_contact_details_need_the_permission_to_see_them(client: Any, here: Here, become: Become) -> None:
    with here():
        a_patient(), a_patient()
        a_patient(given_name="Clara", email="c@example.org"), a_patient(given_name="Cara", birth_date="1991-06-22")

    become("receptionist", "patients:contact")

    page = client.get("/patients/duplicates").text
    assert "same birth date" in page
    assert "same email" not in page


@pytest.mark.slow
def test_the_score_reveals_no_contact_details(client: Any, here: Here, become: Become) -> None:
    like = {"birth_date": "1991", "email": "ana@example.org"}
    with here():
        a_patient(), a_patient()
        for given in ("Ana", "Anna"):  # 42 for the name, 6 for the year, and 8 for the email
            a_patient(family_name="Sousa", given_name=given, **like)

    seen = [pair["score"] for pair in client.get(f"{URL}/duplicates").json["data"]]
    become("receptionist", "patients:contact")
    page = client.get("/patients/duplicates").text

    assert seen == [100, 56]
    assert ("<b>92</b>" in page, "<b>100</b>" in page, "To decide 1" in page, "Sousa" in page) == (
        True,
        False,
        True,
        False,
    )


def test_candidates_by_contact_details_alone_are_none_for_who_may_not_see_these(here: Here) -> None:
    like = {"family_name": "Sousa", "birth_date": "1991", "email": "ana@example.org"}
    with here():
        a_patient(given_name="Anna", **like)
        patient = a_patient(given_name="Ana", **like)
        scores = [one.score for one in duplicate_service.candidates_of(patient)]
        token = set_actor(Actor("key:1", permissions=frozenset({"patients:read", "patients:write"})))
        hidden = duplicate_service.candidates_of(patient)
        reset_actor(token)

    assert (scores, hidden) == ([56], [])


def test_the_command_checks_with_progress_and_lists(run: Run, here: Here) -> None:
    with here():
        mrns = [a_patient().mrn, a_patient().mrn]

    result = run("patients", "duplicates", "--check", "--json")

    assert result.exit_code == 0
    assert "2 of 2 compared" in result.stderr
    (pair,) = json.loads(result.stdout)
    assert [one["mrn"] for one in pair["patients"]] == mrns
    assert run("patients", "not-duplicate", pair["id"]).exit_code == 0
    with here():
        assert duplicate_service.counts() == {"to-decide": 0, "not-duplicate": 1}
    assert run("patients", "reopen-duplicate", pair["id"]).exit_code == 0


@pytest.mark.slow
def test_registering_by_command_names_who_is_on_file(run: Run, here: Here) -> None:
    with here():
        patient = a_patient()

    result = run("patients", "add", "--family-name", "Pereira", "--given-name", "Ines", "--birth-date", "1991-06-21")

    assert result.exit_code == 0
    assert f"May be {patient.mrn}, Pereira, Inês: 92, same name but for accents" in result.stderr
