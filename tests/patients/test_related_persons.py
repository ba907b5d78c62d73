"""Contact persons, guardians and payers: other patients or people with a name, on pages, in JSON and by command."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from clinic.core.errors import StaleVersion
from clinic.patients.service import (
    InvalidRelatedPerson,
    RelatedPersonEnded,
    merge_service,
    patient_service,
    payer_of,
    recipient_of,
    related_person_service,
)
from tests.assertions import pointers, row_counts, rows, spoken
from tests.builders import a_patient, somebody
from tests.statements import counted_statements, of_rows

CHILD = {"family_name": "Pereira", "given_name": "Tiago", "birth_date": "2018-09-09", "email": None}
NEWS = {"purpose": "news", "channel": "email", "answer": "yes"}
RUI: dict[str, Any] = {"name": "Rui Pereira", "phone": "+351917555240", "email": "rui@example.org"}


def present(found: Any) -> Any:
    """Return a value that is expected to be there."""
    assert found is not None
    return found


@pytest.fixture
def mother(client, here):
    """A patient who is a_patient's mother."""
    with here():
        return somebody(phone="+351912555014")


@pytest.fixture
def child(mother, here):
    """A patient who is a minor."""
    with here():
        return somebody(**CHILD)


@pytest.fixture
def url(child):
    """The address of the child's page."""
    return f"/patients/{child.id}"


@pytest.fixture
def guardian(client, url, mother):
    """The mother as the child's guardian."""
    sent = {"other_patient_id": str(mother.id), "relationship": "mother", "roles": ["guardian"]}
    return client.post(f"/api/v1{url}/related-persons", json=sent).json


@pytest.mark.parametrize("birth_date", ["2018", "2018-09", "2018-09-09"])
def test_the_guardian_gets_what_goes_to_a_minor(inside, birth_date):
    mother = somebody(language="pt")
    child = somebody(**CHILD | {"birth_date": birth_date, "email": "tiago@example.org"})

    assert recipient_of(child) is None
    related_person_service.create(child.id, other_id=mother.id, roles=["guardian"])
    found = present(recipient_of(child))
    assert (found.name, found.email, found.language, found.is_guardian) == (
        *("Inês Pereira", "ines@example.org", "pt"),
        True,
    )


@pytest.mark.parametrize("birth_date", ["1991-06-21", "2007", None])
def test_who_is_of_age_or_of_unknown_age_gets_their_own_messages(inside, birth_date):
    patient = somebody(birth_date=birth_date)
    related_person_service.create(patient.id, **RUI, roles=["guardian"])

    assert present(recipient_of(patient)).email == "ines@example.org"


def test_of_several_guardians_the_first_living_one_with_an_email_gets_the_messages(inside):
    mother, child = somebody(), somebody(**CHILD)
    related_person_service.create(child.id, name="Aunt", roles=["guardian"])
    related_person_service.create(child.id, other_id=mother.id, roles=["guardian"])
    rui = related_person_service.create(child.id, **RUI, roles=["guardian", "payer"])

    assert present(recipient_of(child)).email == "ines@example.org"
    patient_service.record_death(mother.id, deceased_on=mother.created_at.date())
    assert present(recipient_of(child)).email == "rui@example.org"
    related_person_service.end(rui.id)
    assert (present(recipient_of(child)).name, present(recipient_of(child)).email) == ("Aunt", None)


def test_a_guardian_who_may_be_a_minor_too_gets_no_messages(inside):
    child, sister = somebody(**CHILD | {"birth_date": None}), somebody(birth_date=None)
    for one, other in ((child, sister), (sister, child)):
        related_person_service.create(one.id, other_id=other.id, roles=["guardian"])
    for one in (child, sister):
        patient_service.update(one.id, version=None, birth_date="2018-09-09")

    assert (recipient_of(child), recipient_of(sister), payer_of(child)) == (None, None, None)


@pytest.mark.slow
def test_a_guardian_merged_with_the_child_gets_no_messages_and_the_comparison_warns(client, url, child, guardian, here):
    both = (child.id, guardian["other_patient_id"])
    warnings = client.get(f"/api/v1{url}/merge-preview/{both[1]}").json["warnings"]

    with here():
        for survivor_id, merged_id in (both, both[::-1]):
            merge = merge_service.merge(UUID(str(survivor_id)), UUID(str(merged_id)))
            assert related_person_service.relations(merge.survivor_id) == []
            merge_service.unmerge(merge.id)
        assert present(recipient_of(patient_service.get(child.id))).email == "ines@example.org"
    assert warnings == ["One of them is on record as a related person of the other: these may be two people"]


def test_a_merged_record_is_refused_as_another_patient(client, url, mother, here):
    with here():
        merge_service.merge(mother.id, merged_id := somebody().id)

    sent = {"other_patient_id": str(merged_id), "roles": ["guardian"]}
    answer = client.post(f"/api/v1{url}/related-persons", json=sent)

    assert (answer.status_code, pointers(answer)) == (422, ["#/other_patient_id"])


def test_the_payer_pays_and_for_a_minor_without_one_the_guardian(inside):
    adult, child = somebody(), somebody(**CHILD)
    for patient in (adult, child):
        related_person_service.create(patient.id, **RUI, roles=["guardian"])

    assert (payer_of(adult), present(payer_of(child)).person.name) == (None, "Rui Pereira")
    related_person_service.create(adult.id, name="Insurer", roles=["payer"])
    assert present(payer_of(adult)).person.name == "Insurer"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"roles": ["contact"]}, "name"),
        ({"name": "Rui"}, "roles"),
        ({"name": "Rui", "roles": []}, "roles"),
    ],
)
def test_a_related_person_is_somebody_and_has_a_role(inside, fields, field):
    with pytest.raises(InvalidRelatedPerson) as caught:
        related_person_service.create(somebody().id, **fields)

    assert set(caught.value.problems) == {field}


def test_nobody_is_related_to_themselves_or_to_nobody(inside, other_clinic, here):
    patient = somebody()
    with here(other_clinic.id):
        stranger = somebody()

    for other_id in (patient.id, stranger.id):
        with pytest.raises(InvalidRelatedPerson) as caught:
            related_person_service.create(patient.id, other_id=other_id, roles=["payer"])
        assert set(caught.value.problems) == {"other_id"}


def test_a_stale_change_and_one_of_an_ended_person_are_refused(inside):
    person = related_person_service.create(somebody().id, **RUI, roles=["contact"])

    for change in (related_person_service.update, related_person_service.end, related_person_service.restore):
        with pytest.raises(StaleVersion):
            change(person.id, version=7)
    related_person_service.end(person.id)
    with pytest.raises(RelatedPersonEnded):
        related_person_service.update(person.id, relationship="uncle")


@pytest.mark.slow
def test_the_page_of_a_child_names_the_guardian_first_and_that_of_the_guardian_the_child(client, url, mother, guardian):
    client.post(f"/api/v1{url}/consent", json={"answers": [NEWS], "source": "phone"})

    child, other = client.get(url).text, spoken(client.get(f"/patients/{mother.id}").text)

    assert "Guardian: Pereira, Inês , mother" in spoken(child)
    assert 'href="tel:+351912555014"' in child
    assert "From Tue 9 Sep 2036" in spoken(child)
    assert "given by the guardian" in spoken(child)
    assert "Pereira, Tiago" in other
    assert "Guardian of" in other


def test_the_page_of_a_child_without_a_guardian_says_so(client, url):
    assert "A minor without a guardian on record" in spoken(client.get(url).text)


def test_a_person_is_added_changed_and_ended_on_pages(app, client, url, mother):
    added = client.submit(f"{url}/related", other="P-000001", relationship="mother", roles=["guardian", "payer"])
    person = rows(app, "related_persons")[0]
    edit = f"/patients/related/{person['id']}"
    form = client.get(f"{edit}/edit").text
    changed = client.submit(f"{edit}/edit", other="1", relationship="mum", roles="payer", version="1")
    ended = client.submit(f"{edit}/end", version="2")

    assert {answer.status_code for answer in (added, changed, ended)} == {303}
    assert 'value="P-000001"' in form
    after = rows(app, "related_persons")[0]
    assert (str(after["other_id"]), after["relationship"], after["is_guardian"]) == (str(mother.id), "mum", False)
    assert "Former" in spoken(client.get(f"{url}/related").text)
    assert client.submit(f"{edit}/restore", version="3").status_code == 303


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"other": "Inês"}, None),
        ({"other": "Pereira"}, "Several patients match"),
        ({"other": "Nobody"}, "No patient matches"),
        ({"other": "1", "name": "Rui"}, "Leave this empty"),
        ({"name": "Rui", "roles": ""}, "Choose at least one"),
        ({}, "Enter another patient of the clinic, or a name"),
    ],
)
def test_another_patient_is_found_by_what_names_only_one(app, client, here, typed, text):
    with here():
        child_id, _ = a_patient(**CHILD).id, a_patient()

    answer = client.submit(f"/patients/{child_id}/related", **{"roles": "contact", "relationship": "kept"} | typed)

    if text is None:
        assert answer.status_code == 303
        return
    assert (answer.status_code, text in spoken(answer.text), 'value="kept"' in answer.text) == (422, True, True)
    assert row_counts(app)["related_persons"] == 0


def test_a_stale_form_shows_both_versions(client, guardian):
    edit = f"/patients/related/{guardian['id']}"

    answer = client.submit(f"{edit}/edit", other="1", relationship="aunt", roles="contact", version="7")

    assert answer.status_code == 409
    assert {"aunt", "mother", "Contact person"} <= set(spoken(answer.text).replace(",", "").split()) | {
        "Contact person"
    }
    assert client.submit(f"{edit}/end", version="7").status_code == 409


def test_json_adds_changes_ends_and_lists(client, url, guardian):
    one = f"/api/v1/related-persons/{guardian['id']}"

    changed = client.patch(one, json={"roles": ["guardian", "payer"]}, headers={"If-Match": '"1"'})
    stale = client.patch(one, json={"roles": ["payer"]}, headers={"If-Match": '"1"'})
    wrong = client.patch(one, json={"name": "Rui"}, headers={"If-Match": "*"})
    ended = client.post(f"{one}/end")
    refused = client.patch(one, json={"relationship": "aunt"}, headers={"If-Match": "*"})

    assert (changed.json["roles"], changed.json["version"]) == (["guardian", "payer"], 2)
    assert (stale.status_code, wrong.status_code, pointers(wrong)) == (412, 422, ["#/name"])
    assert (ended.status_code, refused.status_code, refused.json["code"]) == (200, 409, "related-person-ended")
    assert [one["relationship"] for one in client.get(f"/api/v1{url}/related-persons").json["data"]] == ["mother"]
    assert client.post(f"{one}/restore").json["ended_at"] is None


def test_json_answers_every_problem_at_once(client, url):
    sent = {"phone": "12", "email": "nobody", "roles": ["friend"], "relationship": "x" * 101}
    answer = client.post(f"/api/v1{url}/related-persons", json=sent)

    assert answer.status_code == 422
    assert set(pointers(answer)) == {"#/phone", "#/email", "#/roles/0", "#/relationship", "#/name"}


def test_who_may_not_see_contact_details_neither_sees_nor_sends_them(client, become, url, guardian):
    become("receptionist", "patients:contact")

    page = client.get(f"{url}/related").text
    answer = client.submit(f"{url}/related", name="Rui", phone="912 555 014", roles="contact")

    assert "912555014" not in client.get(url).text + page
    assert "ines@example.org" not in page
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["list", "one"])
def test_reading_takes_at_most_four_statements(app, client, url, guardian, path):
    of_one = f"/api/v1/related-persons/{guardian['id']}"
    address = of_one if path == "one" else f"/api/v1{url}/related-persons"
    client.get(address)

    with counted_statements(app) as statements:
        assert client.get(address).status_code == 200

    assert len(of_rows(statements)) <= 4, statements


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/related", "/edit"])
def test_a_page_takes_at_most_twelve_statements(app, client, url, guardian, path):
    address = f"/patients/related/{guardian['id']}/edit" if path == "/edit" else url + path
    client.post(f"/api/v1{url}/notes", json={"text": "Afraid of needles", "kind": "alert"})
    client.get(address)

    with counted_statements(app) as statements:
        assert client.get(address).status_code == 200

    assert len(of_rows(statements)) <= 12, statements


def test_commands_add_change_end_and_list(run, child):
    words = ["--other", "1", "--role", "guardian", "--role", "payer", "--relationship", "mother"]
    added = json.loads(run("patients", "add-related", "2", *words, "--json").stdout)

    assert added["roles"] == ["guardian", "payer"]
    assert run("patients", "edit-related", added["id"], "--role", "payer").exit_code == 0
    assert run("patients", "end-related", added["id"]).exit_code == 0
    assert run("patients", "edit-related", added["id"], "--relationship", "aunt").exit_code == 5
    assert run("patients", "related", "2").stdout == ""
    assert '["payer"]' in run("patients", "related", "2", "--all").stdout
    assert run("patients", "restore-related", added["id"]).exit_code == 0
    assert run("patients", "add-related", "2", "--name", "Rui").exit_code == 2


@pytest.mark.slow
def test_who_was_merged_into_the_record_is_related_nowhere_until_that_is_undone(client, run, url, guardian, here):
    api, one = f"/api/v1{url}/related-persons", f"/api/v1/related-persons/{guardian['id']}"
    with here():
        merge = merge_service.merge(UUID(guardian["patient_id"]), UUID(guardian["other_patient_id"]))

    assert client.get(api).json["data"] == []
    assert json.loads(run("patients", "related", guardian["patient_id"], "--all", "--json").stdout) == []
    answers = [client.get(one), client.post(f"{one}/end"), client.get(f"/patients/related/{guardian['id']}/edit")]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert "Nobody is on record" in client.get(f"{url}/related").text
    with here():
        merge_service.unmerge(merge.id)
    assert [person["id"] for person in client.get(api).json["data"]] == [guardian["id"]]


def test_a_guardian_or_payer_who_died_is_marked_on_the_page_of_the_patient(client, url, mother, guardian, here):
    with here():
        patient_service.record_death(mother.id, deceased_on=date(2026, 1, 2), version=None)

    page = spoken(client.get(url).text)

    assert "Pereira, Inês , mother Died Fri 2 Jan 2026" in page
    assert "Died Fri 2 Jan 2026" in spoken(client.get(f"{url}/related").text)
