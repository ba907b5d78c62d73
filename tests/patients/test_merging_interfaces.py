"""Merging on pages, by JSON and by command."""

import json
from typing import Any
from uuid import UUID

import pytest

from clinic.patients.service import merge_service, note_service, patient_service
from tests.billing.invoices import an_invoice
from tests.builders import MONDAY, a_patient, a_practitioner, an_appointment
from tests.fixtures import Become, Here, Run, StoreOnce

URL = "/api/v1/patients"


def _register_twice() -> tuple[UUID, UUID]:
    one, other = a_patient(phone="+351912555014").id, a_patient(given_name="Ines", phone="+351912555041").id
    note_service.create(other, text="Has a new insurance card")
    return one, other


@pytest.fixture
def two(store_once: StoreOnce) -> tuple[UUID, UUID]:
    """Two records of one person."""
    return store_once(_register_twice)  # type: ignore[no-any-return]


@pytest.mark.slow
def test_the_page_compares_what_differs_and_shows_what_moves(client: Any, two: tuple[UUID, UUID]) -> None:
    page = client.get(f"/patients/{two[0]}/merge/{two[1]}").text

    assert "One person or two?" in page
    for text in (
        "Merge into P-000001",
        "100 · almost certain",
        "+351912555041",
        "P-000002, its links and its page lead",
    ):
        assert text in page
    assert 'name="given_name" value="merged"' in page


def test_merging_on_the_page_leads_to_the_survivor_with_undo(client: Any, here: Here, two: Any) -> None:
    versions = {"version": "1", "merged_version": "1"}

    response = client.submit(f"/patients/{two[0]}/merge/{two[1]}", act="merge", given_name="merged", **versions)

    assert (response.status_code, response.location) == (303, f"/patients/{two[0]}")
    page = client.get(response.location).text
    assert "P-000002 merged into P-000001." in page
    assert "P-000002 was merged into this record" in page
    with here():
        assert patient_service.get(two[0]).given_name == "Ines"
        (merge,) = merge_service.list_of([two[0]])
        merge_id = merge.id
    assert "P-000002" in client.get("/patients/merges").text
    assert client.submit(f"/patients/merges/{merge_id}/undo").status_code == 303
    with here():
        assert patient_service.get(two[1]).given_name == "Ines"
        assert patient_service.get(two[0]).given_name == "Inês"


@pytest.mark.parametrize("merged_version", ["9", "one"])
def test_a_stale_comparison_is_refused_and_shown_anew(client: Any, two: Any, merged_version: str) -> None:
    versions = {"version": "1", "merged_version": merged_version}

    response = client.submit(f"/patients/{two[0]}/merge/{two[1]}", act="merge", **versions)

    assert response.status_code == 409
    assert "Nothing was merged." in response.text


@pytest.mark.slow
def test_overlapping_visits_take_the_place_of_the_button(client: Any, here: Here, two: Any) -> None:
    with here():
        for patient_id in two:
            an_appointment(patient_service.get(patient_id), a_practitioner(str(patient_id)), MONDAY)

    page = client.get(f"/patients/{two[0]}/merge/{two[1]}").text
    response = client.submit(f"/patients/{two[0]}/merge/{two[1]}", act="merge", version="1", merged_version="1")

    assert "Settle first:" in page
    assert "Merge into" not in page
    assert response.status_code == 409
    assert "overlap" in response.text


def test_pages_of_a_merged_record_redirect_and_json_names_the_survivor(client: Any, here: Here, two: Any) -> None:
    with here():
        merge_service.merge(*two)

    for page in ("", "/edit", "/consent", "/access-log"):
        response = client.get(f"/patients/{two[1]}{page}")
        assert (response.status_code, response.location) == (302, f"/patients/{two[0]}")
    assert client.submit(f"/patients/{two[1]}/edit", family_name="X", version="1").status_code == 410
    gone = client.get(f"{URL}/{two[1]}")
    assert gone.status_code == 410
    assert (gone.json["code"], gone.json["survivor_id"]) == ("patient-merged", str(two[0]))


@pytest.mark.slow
def test_timeline_and_access_log_of_the_survivor_have_the_entries_of_both(client: Any, here: Here, two: Any) -> None:
    client.get(f"/patients/{two[1]}", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    with here():
        patient_service.update(two[1], version=None, pronouns="she/her")
        merge_service.merge(*two)

    timeline = client.get(f"/api/v1/patients/{two[0]}/timeline?kind=changes").json
    access_log = client.get(f"/patients/{two[0]}/access-log").text

    assert "she/her" in str(timeline)
    assert str(timeline).count("Registered") == 2
    assert "192.0.2.7" in access_log


def test_not_a_duplicate_on_the_comparison_is_remembered(client: Any, two: Any) -> None:
    response = client.submit(f"/patients/{two[0]}/merge/{two[1]}", act="separate")

    assert response.location == "/patients/duplicates"
    assert "Not duplicates 1" in client.get(response.location).text


def test_a_version_that_is_no_number_is_stale(client: Any, two: Any) -> None:
    url = f"/patients/{two[0]}/merge/{two[1]}"

    assert client.submit(url, version="x", merged_version="²").status_code == 409


def test_what_stands_in_the_way_of_undoing_is_shown_with_who_changed_it(client: Any, here: Here, two: Any) -> None:
    with here():
        merge_id = merge_service.merge(*two).id
        note_id = note_service.list(two[0]).rows[0].id
        note_service.update(note_id, text="Has none")

    response = client.submit(f"/patients/merges/{merge_id}/undo")

    assert response.status_code == 409
    assert "These have changed since the merge" in response.text
    assert "by System" in response.text


def test_json_previews_merges_and_undoes(client: Any, here: Here, two: Any) -> None:
    body = {"merged_patient_id": str(two[1]), "fields": {"given_name": "merged"}, "keep": {"phone": ["survivor"]}}

    preview = client.get(f"{URL}/{two[0]}/merge-preview/{two[1]}").json
    merged = client.post(f"{URL}/{two[0]}/merge", json=body)
    survivor = client.get(f"{URL}/{two[0]}").json
    undone = client.post(f"{URL}/{two[0]}/unmerge", json={})

    assert {"label": "Notes", "moved": 1, "after": 1} in preview["moves"]
    assert [one["name"] for one in preview["fields"] if one["differs"]] == ["given_name", "phone"]
    assert (merged.status_code, merged.json["moved"]["Notes"]) == (200, 1)
    assert (survivor["given_name"], survivor["other_phones"]) == ("Ines", [])
    assert undone.json["unmerged_at"] is not None
    assert client.get(f"{URL}/{two[1]}").status_code == 200
    assert client.post(f"{URL}/{two[0]}/unmerge", json={}).status_code == 404


@pytest.mark.slow
def test_json_refuses_a_stale_version_and_names_what_is_in_the_way(client: Any, here: Here, two: Any) -> None:
    body = {"merged_patient_id": str(two[1])}
    with here():
        for patient_id in two:
            an_appointment(patient_service.get(patient_id), a_practitioner(str(patient_id)), MONDAY)

    assert client.post(f"{URL}/{two[0]}/merge", json=body, headers={"If-Match": '"9"'}).status_code == 412
    refused = client.post(f"{URL}/{two[0]}/merge", json=body)
    assert (refused.status_code, refused.json["code"]) == (409, "merge-refused")
    assert "overlap" in refused.json["obstacles"][0]


def test_merging_needs_its_permission(client: Any, two: Any, become: Become) -> None:
    become("receptionist")

    assert client.get(f"/patients/{two[0]}/merge/{two[1]}").status_code == 403
    assert "Compare" not in client.get("/patients/duplicates").text


def test_the_commands_show_merge_and_undo(run: Run, here: Here, two: Any) -> None:
    dry = run("patients", "merge", "P-000001", "P-000002", "--dry-run", "--json")
    asked = run("patients", "merge", "P-000001", "P-000002")
    done = run("patients", "merge", "P-000001", "P-000002", "--yes", "--keep", "given_name=merged")

    assert json.loads(dry.stdout)["merged_version"] == 1
    assert asked.exit_code == 2
    assert done.exit_code == 0
    assert "To undo: flask patients unmerge P-000001 P-000002" in done.stderr
    assert json.loads(run("patients", "show", "P-000002", "--json").stdout)["mrn"] == "P-000001"
    assert run("patients", "unmerge", "P-000001", "P-000002").exit_code == 0
    assert json.loads(run("patients", "show", "P-000002", "--json").stdout)["mrn"] == "P-000002"


@pytest.mark.slow
def test_an_issued_invoice_shows_whom_it_was_printed_for(client: Any, here: Here, two: Any) -> None:
    with here():
        invoice_id = an_invoice(patient_service.get(two[1])).id
        merge_service.merge(*two)

    page = client.get(f"/invoices/{invoice_id}").text

    assert "P-000002" in page
    assert "<b>Pereira</b>, Ines" in page
