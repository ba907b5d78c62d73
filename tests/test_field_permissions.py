"""Permissions on fields of patients and appointments: in JSON, on pages, in search and in commands."""

import json
from typing import Any

import pytest

from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from tests.assertions import pointers, rows, spoken
from tests.builders import a_member, a_patient, an_appointment, patient_fields

PATIENTS, APPOINTMENTS = "/api/v1/patients", "/api/v1/appointments"
CONTACT = {"phone": "+351912555014", "email": "ines.pereira@example.org", "address": "Rua das Flores 18"}
SECRETS = ["912555014", "ines.pereira", "Flores", "has a cold"]

pytestmark = pytest.mark.row(38)


@pytest.fixture
def patient_id(here):
    """A patient with all contact fields."""
    with here():
        return a_patient(**CONTACT).id


@pytest.fixture
def cancelled(client, here, patient_id):
    """An appointment that was cancelled with a note."""
    with here():
        appointment_id = an_appointment(a_patient(family_name="Sousa")).id
    assert client.post(f"{APPOINTMENTS}/{appointment_id}/cancel", json={"note": "has a cold"}).status_code == 200
    return appointment_id


@pytest.fixture
def allow(app, client, clinic):
    """Return a function that limits the API key to some permissions."""

    def restrict(*permissions: str) -> None:
        with app.app_context(), clinic_scope(clinic.id):
            _, client.key = api_key_service.create(label=", ".join(permissions), scopes=permissions)

    return restrict


def change(client, patient_id, version='"1"', **fields):
    return client.patch(f"{PATIENTS}/{patient_id}", json=fields, headers={"If-Match": version})


def test_json_omits_contact_fields_without_the_permission(client, allow, patient_id):
    allow("patients:read")

    answers = [client.get(url) for url in (f"{PATIENTS}/{patient_id}", PATIENTS, f"{PATIENTS}?q=pereira")]

    seen = [answers[0].json, *answers[1].json["data"], *answers[2].json["data"]]
    assert len(seen) == 3
    assert all("mrn" in patient and not CONTACT.keys() & patient.keys() for patient in seen)


@pytest.mark.slow
def test_json_has_contact_fields_with_the_permission(client, allow, patient_id):
    allow("patients:read", "patients:contact")

    assert client.get(f"{PATIENTS}/{patient_id}").json.items() >= CONTACT.items()


def test_json_omits_contact_fields_after_writes_and_conflicts(client, allow, patient_id):
    allow("patients:read", "patients:write")

    created = client.post(PATIENTS, json=patient_fields())
    changed = change(client, patient_id, given_name="Ana")
    stale = change(client, patient_id, '"7"', given_name="Eva")

    assert [answer.status_code for answer in (created, changed, stale)] == [201, 200, 412]
    seen = [created.json, changed.json, stale.get_json(force=True)["present"]]
    assert all("mrn" in patient and not CONTACT.keys() & patient.keys() for patient in seen)


@pytest.mark.parametrize("field", CONTACT)
def test_contact_fields_cannot_be_set_without_the_permission(app, client, allow, patient_id, field):
    allow("patients:read", "patients:write")

    answers = [client.post(PATIENTS, json=patient_fields(**{field: sent})) for sent in ("other@example.org", None)]
    answers += [change(client, patient_id, **{field: sent}) for sent in ("+351912555000", None)]

    assert [(answer.status_code, set(pointers(answer))) for answer in answers] == [(422, {f"#/{field}"})] * 4
    assert [row[field] for row in rows(app, "patients")] == [CONTACT[field]]


@pytest.mark.slow
def test_a_change_of_other_fields_keeps_the_contact_fields(app, client, allow, patient_id):
    allow("patients:read", "patients:write")

    assert change(client, patient_id, given_name="Ana").status_code == 200

    assert rows(app, "patients")[0].items() >= {"given_name": "Ana", **CONTACT}.items()


def test_json_has_the_note_of_an_appointment_only_with_the_permission(client, allow, cancelled):
    allow("appointments:read")
    without = [client.get(f"{APPOINTMENTS}/{cancelled}").json, *client.get(APPOINTMENTS).json["data"]]
    allow("appointments:read", "appointments:notes")
    shown = client.get(f"{APPOINTMENTS}/{cancelled}").json

    assert len(without) == 2
    assert all("cancel_note" not in one and one["cancel_reason"] == "other" for one in without)
    assert shown["cancel_note"] == "has a cold"


def test_a_note_cannot_be_set_without_the_permission(app, client, allow, here):
    with here():
        appointment_id = an_appointment().id
    allow("appointments:read", "appointments:write")

    refused = client.post(f"{APPOINTMENTS}/{appointment_id}/cancel", json={"note": "has a cold"})
    done = client.post(f"{APPOINTMENTS}/{appointment_id}/cancel", json={"reason": "patient"})

    assert (refused.status_code, pointers(refused)) == (422, ["#/note"])
    assert (done.status_code, "cancel_note" in done.json) == (200, False)


BY_CONTACT = [
    "912555014",
    "+351 912",
    "0912",
    "00351912",
    "ines.pereira@example.org",
    "ines.pereira@",
    "pereira 912555",
]


def test_search_by_contact_fields_requires_the_permission(client, allow, patient_id):
    allow("patients:read")
    blind = {words: client.get(PATIENTS, query_string={"q": words}).json["data"] for words in BY_CONTACT}
    allow("patients:read", "patients:contact")
    seeing = {words: len(client.get(PATIENTS, query_string={"q": words}).json["data"]) for words in BY_CONTACT}

    assert not any(blind.values())
    assert seeing == dict.fromkeys(BY_CONTACT, 1)


@pytest.mark.slow
@pytest.mark.parametrize("words", ["pereira", "1991-06-21", "P-000001", "1"])
def test_search_by_other_fields_needs_no_permission_on_contact_fields(client, allow, patient_id, words):
    allow("patients:read")

    assert len(client.get(PATIENTS, query_string={"q": words}).json["data"]) == 1


def test_a_number_in_name_and_phone_is_found_while_the_name_has_it(client, allow, patient_id):
    allow("patients:read", "patients:write")
    found = []

    for version, name in [('"1"', "912555014"), ('"2"', "Costa")]:
        assert change(client, patient_id, version, family_name=name).status_code == 200
        found.append(len(client.get(PATIENTS, query_string={"q": "912555014"}).json["data"]))

    assert found == [1, 0]


PAGES = ["/patients", "/patients?q=pereira", "/patients/{patient}", "/appointments/{appointment}", "/invoices"]


def test_pages_show_no_contact_fields_and_no_note_to_the_read_only_role(client, become, patient_id, cancelled):
    become("read-only")

    for page in PAGES:
        answer = client.get(page.format(patient=patient_id, appointment=cancelled))
        assert answer.status_code == 200
        assert not [secret for secret in SECRETS if secret in answer.text], page


@pytest.mark.slow
def test_pages_show_contact_fields_and_note_to_a_receptionist(client, become, patient_id, cancelled):
    become("receptionist")

    shown = "".join(client.get(page.format(patient=patient_id, appointment=cancelled)).text for page in PAGES)

    assert [secret for secret in SECRETS if secret not in shown] == []


def test_the_form_of_a_patient_without_the_permission_keeps_the_contact_fields(app, client, become, patient_id):
    become("receptionist", "patients:contact")
    url = f"/patients/{patient_id}/edit"

    form = client.get(url).text
    saved = client.submit(url, version=1, family_name="Sousa")
    refused = client.submit(url, version=2, family_name="Costa", phone="")

    assert not [name for name in CONTACT if f'name="{name}"' in form]
    assert (saved.status_code, refused.status_code) == (303, 422)
    assert rows(app, "patients")[0].items() >= {"family_name": "Sousa", **CONTACT}.items()


def test_the_edit_conflict_page_shows_no_contact_fields(client, become, patient_id):
    become("receptionist", "patients:contact")

    page = client.submit(f"/patients/{patient_id}/edit", version=7, family_name="Sousa")

    assert page.status_code == 409
    assert not [secret for secret in SECRETS if secret in page.text]


def test_pages_show_only_numbers_without_the_permission_on_patients(client, become, cancelled, patient_id):
    line = {"description": "Visit", "quantity": "1", "unit_price": {"amount": "9.00", "currency": "EUR"}}
    invoice = client.post("/api/v1/invoices", json={"patient_id": str(patient_id), "lines": [line]}).json["id"]
    become("administrator", "patients:read")
    pages = ["/appointments?day=2029-11-26&state=cancelled", f"/appointments/{cancelled}", "/invoices"]
    pages += [f"/invoices/{invoice}", f"/invoices/new?patient={patient_id}", "/messages"]
    pages += [f"/patients/{patient_id}/access-log"]

    for page in pages:
        shown = spoken(client.get(page).text)
        assert "P-00000" in shown, page
        assert not [word for word in ("pereira", "sousa", "inês", "flores", "1991") if word in shown.casefold()], page


def listed(run: Any, *words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_command_as_a_staff_member_shows_the_permitted_fields(run, here, clinic, cancelled, patient_id):
    with here():
        a_member(clinic.id, "read-only")
    day = ("appointments", "list", "--day", "2029-11-26")

    asked = [("patients", "show", "P-000001"), ("patients", "list", "--search", "pereira"), day]
    blind = json.dumps([listed(run, *words, "--as", "read-only@example.org") for words in asked])
    seeing = json.dumps([listed(run, *words) for words in asked])

    assert not [word for word in (*SECRETS, '"phone"', '"cancel_note"') if word in blind]
    assert [word for word in SECRETS if word not in seeing] == []
    assert listed(run, "patients", "list", "--search", "912555014", "--as", "read-only@example.org") == []


def test_a_command_prints_empty_columns_without_the_permission(run, here, clinic, patient_id):
    with here():
        a_member(clinic.id, "read-only")

    line = run("patients", "list", "--as", "read-only@example.org").stdout.rstrip("\n").split("\t")

    assert line == ["P-000001", "Pereira", "Inês", "1991-06-21", "female", "", "", str(patient_id)]


def test_a_command_as_a_staff_member_cannot_set_fields_without_the_permission(run, here, clinic):
    denied = ["patients:contact"]
    with here():
        a_member(clinic.id, "receptionist", denied=denied)

    refused = run(
        "patients", "add", "--family-name", "X", "--phone", "+351912555014", "--as", "receptionist@example.org"
    )

    assert refused.exit_code == 2
    assert "--phone: You may not change this" in refused.stderr
