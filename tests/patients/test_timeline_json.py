"""The timeline by JSON and as a command."""

import json

import pytest

from clinic.core.context import as_actor
from clinic.patients.service import patient_service
from tests.builders import a_member, somebody
from tests.statements import counted_statements, of_rows


@pytest.fixture
def patient(here, clinic):
    """A patient whose name was changed by a manager."""
    with here():
        patient = somebody()
        with as_actor(f"staff:{a_member(clinic.id, 'manager', email='who@example.org').id}"):
            patient_service.update(patient.id, version=None, given_name="Ines")
        return patient.id


@pytest.mark.slow
def test_an_entry_has_the_stored_names_and_the_words_of_the_page(client, patient):
    answer = client.get(f"/api/v1/patients/{patient}/timeline?kind=changes")

    changed, registered = answer.json["data"]
    assert (changed["kind"], changed["action"], changed["record"]) == ("changes", "changed", "patients")
    assert (changed["record_id"], changed["actor_name"], changed["title"]) == (
        str(patient),
        "Manager Person",
        "Changed",
    )
    assert changed["changes"] == [{"field": "given_name", "label": "Given names", "before": "Inês", "after": "Ines"}]
    assert registered["changes"] == []


def test_a_cursor_leads_to_the_older_entries_of_the_same_kind_only(client, patient):
    first = client.get(f"/api/v1/patients/{patient}/timeline?kind=changes&limit=1").json
    cursor = first["next_cursor"]

    second = client.get(f"/api/v1/patients/{patient}/timeline?kind=changes&limit=1&cursor={cursor}").json

    assert [one["action"] for one in (*first["data"], *second["data"])] == ["changed", "created"]
    assert second["next_cursor"] is None
    assert client.get(f"/api/v1/patients/{patient}/timeline?limit=1&cursor={cursor}").status_code == 400


@pytest.mark.slow
def test_a_kind_that_does_not_exist_is_refused_with_those_that_do(client, patient):
    answer = client.get(f"/api/v1/patients/{patient}/timeline?kind=nonsense")

    assert answer.status_code == 422
    assert "visits, money, messages, changes" in answer.get_data(as_text=True)


@pytest.mark.slow
def test_reading_takes_at_most_four_statements_beside_the_key(app, client, patient):
    client.patch(f"/api/v1/patients/{patient}", json={"given_name": "Rita"}, headers={"If-Match": "*"})

    with counted_statements(app) as seen:
        answer = client.get(f"/api/v1/patients/{patient}/timeline")

    assert {one["actor_name"] for one in answer.json["data"]} >= {"Manager Person", "API key “Integrator”"}
    assert len([one for one in of_rows(seen) if not one.startswith("SELECT api_keys.clinic_id")]) <= 4, of_rows(seen)


def test_the_command_prints_lines_or_json(run, patient):
    lines = run("patients", "timeline", "1", "--kind", "changes").stdout.splitlines()
    dumped = json.loads(run("patients", "timeline", "P-000001", "--limit", "1", "--json").stdout)

    assert lines[0].split("\t")[1:] == ["changes", "Changed Given names: Inês → Ines", "Manager Person"]
    assert len(dumped) == 1
    assert run("patients", "timeline", "P-000001", "--kind", "nonsense").exit_code == 2
