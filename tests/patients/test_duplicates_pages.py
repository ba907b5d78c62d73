"""Possible duplicates beside the forms of a patient, and the page that lists them."""

import re

import pytest

from clinic.patients.service import duplicate_service, patient_service
from tests.builders import a_patient
from tests.fixtures import Here
from tests.page_client import PageClient, hidden_value

INES = {
    "family_name": "Pereira",
    "given_name": "Ines",
    "birth_date__day": "21",
    "birth_date__month": "6",
    "birth_date__year": "1991",
}


@pytest.mark.slow
def test_registering_somebody_again_shows_who_is_on_file_and_keeps_what_was_typed(
    client: PageClient, here: Here
) -> None:
    with here():
        patient = a_patient()

    response = client.submit("/patients/new", **INES, pronouns="she/her")

    assert response.status_code == 409
    assert "1 person may already be on file" in response.text
    assert "Same name but for accents or apostrophes, same birth date" in response.text
    assert f"/patients/{patient.id}" in response.text
    assert "92 · almost certain" in response.text
    assert 'value="she/her"' in response.text


@pytest.mark.slow
def test_sending_the_form_again_registers_and_records_who_overruled_the_warning(client: PageClient, here: Here) -> None:
    with here():
        patient = a_patient()
    warned = client.submit("/patients/new", **INES)

    response = client.submit("/patients/new", **INES, shown=hidden_value(warned.text, "shown"))

    assert response.status_code == 303
    with here():
        (pair,) = duplicate_service.list(state="not-duplicate").rows
        assert pair.first.id == patient.id
        assert pair.decided_by is not None
        assert pair.decided_by.startswith("staff:")


@pytest.mark.slow
def test_the_tick_registers_at_once(client: PageClient, here: Here) -> None:
    with here():
        patient = a_patient()

    assert client.submit("/patients/new", **INES, not_duplicate=str(patient.id)).status_code == 303


@pytest.mark.slow
def test_somebody_registered_meanwhile_is_shown_too(client: PageClient, here: Here) -> None:
    with here():
        first, second = a_patient(), a_patient()

    response = client.submit("/patients/new", **INES, shown=str(first.id))

    assert response.status_code == 409
    assert str(second.id) in response.text


def test_what_a_form_says_it_has_shown_need_not_be_an_id(client: PageClient, here: Here) -> None:
    with here():
        a_patient()

    assert client.submit("/patients/new", **INES, shown="nonsense", not_duplicate="'").status_code == 409


def test_editing_shows_whom_the_record_is_like_now(client: PageClient, here: Here) -> None:
    with here():
        a_patient()
        other = a_patient(family_name="Okafor", given_name="Ada", birth_date=None, email=None)
    changed = {"family_name": "Pereira", "given_name": "Inês", "version": "1"}

    warned = client.submit(f"/patients/{other.id}/edit", **changed)
    saved = client.submit(f"/patients/{other.id}/edit", **changed, shown=hidden_value(warned.text, "shown"))

    assert (warned.status_code, saved.status_code) == (409, 303)
    assert "may already be on file" in warned.text
    with here():
        assert patient_service.get(other.id).family_name == "Pereira"


@pytest.mark.slow
def test_the_aside_alone_is_returned_while_a_form_is_filled_in(client: PageClient, here: Here) -> None:
    with here():
        patient = a_patient()

    found = client.submit("/patients/candidates", **INES, email="not yet")
    edited = client.submit(f"/patients/candidates?patient_id={patient.id}", **INES)

    assert found.text.lstrip().startswith("<aside")
    assert patient.mrn in found.text
    assert "on file" not in edited.text


def test_the_list_shows_pairs_with_reasons_and_remembers_a_decision(client: PageClient, here: Here) -> None:
    with here():
        first, second = a_patient(), a_patient()

    page = client.get("/patients/duplicates").text
    address = re.search(r'action="(/patients/duplicates/[^"]*/dismissal)"', page)
    assert address
    response = client.submit(address[1], state="to-decide", score="50")

    assert all(text in page for text in (first.mrn, second.mrn, "same email", "almost certain", "To decide 1"))
    assert response.location == "/patients/duplicates?state=to-decide&score=50"
    decided = client.get("/patients/duplicates?state=not-duplicate").text
    assert "Not duplicates 1" in decided
    assert "Administrator Person" in decided


def test_a_check_is_begun_once_and_its_progress_shown(client: PageClient, here: Here) -> None:
    with here():
        a_patient()

    for _ in range(2):
        client.submit("/patients/duplicates/check")

    page = client.get("/patients/duplicates").text
    assert "<progress" in page
    assert "0 of 1 records checked" in page
