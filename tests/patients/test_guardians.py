"""Who can be a guardian, what the page of a child says of one, and one guardian of two merged records."""

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from clinic.core.db import db
from clinic.patients.service import RelatedPerson, merge_service, patient_service, related_person_service
from tests.assertions import row_counts, spoken
from tests.builders import somebody

CHILD = {"family_name": "Pereira", "given_name": "Tiago", "birth_date": "2018-09-09", "email": None}


def table_rows() -> set[tuple[Any, ...]]:
    """Return the related persons as stored, but for when they were written."""
    db.session.rollback()
    columns = [column for column in RelatedPerson.__table__.columns if column.name not in {"version", "updated_at"}]
    return {tuple(row) for row in db.session.execute(select(*columns))}


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


@pytest.fixture(
    params=[
        ({}, patient_service.archive, "has an archived record"),
        ({}, lambda one: patient_service.record_death(one, deceased_on=date(2026, 1, 2)), "has died"),
        ({"birth_date": "2015-01-01"}, lambda _: None, "may be a minor"),
    ],
    ids=["archived", "deceased", "minor"],
)
def case(request, here):
    """A patient who can't be a guardian, and why."""
    fields, change, text = request.param
    with here():
        other = somebody(given_name="Olga", **fields)
        change(other.id)
    return other, text


def test_who_cannot_act_is_refused_as_a_guardian_everywhere(app, client, run, url, case):
    other, text = case
    typed, sent = {"other": other.mrn, "roles": "guardian"}, {"other_patient_id": str(other.id), "roles": ["guardian"]}

    answers = [
        client.submit(f"{url}/related", **typed),
        client.post(f"/api/v1{url}/related-persons", json=sent),
        client.submit("/patients/new", given_name="Tiago", **{"guardian-other": other.mrn}),
        client.post("/api/v1/patients", json={"given_name": "Tiago", "guardian": {"other_patient_id": str(other.id)}}),
        client.submit("/appointments/new", **{"registration-given_name": "Tiago", "guardian-other": other.mrn}),
    ]

    assert [(answer.status_code, text in answer.text) for answer in answers] == [(422, True)] * 5
    assert text in run("patients", "add-related", "P-000002", "--other", other.mrn, "--role", "guardian").stderr
    assert text in run("patients", "add", "--given-name", "Tiago", "--guardian", other.mrn).stderr
    assert (row_counts(app)["patients"], row_counts(app)["related_persons"]) == (3, 0)
    assert client.post(f"/api/v1{url}/related-persons", json=sent | {"roles": ["payer"]}).status_code == 201


@pytest.mark.slow
def test_a_guardian_who_cannot_act_any_more_stays_and_the_page_says_why_no_message_is_sent(
    client, url, mother, guardian, here
):
    with here():
        patient_service.archive(mother.id)

    page = spoken(client.get(url).text)
    changed = client.patch(
        f"/api/v1/related-persons/{guardian['id']}", json={"relationship": "stepmother"}, headers={"If-Match": '"1"'}
    )

    assert "No message is sent until there is another guardian: Pereira, Inês , mother has an archived record" in page
    assert "Can’t be guardian: has an archived record" in page
    assert changed.status_code == 200


def test_the_contact_card_of_a_child_names_who_gets_messages_and_invoices(client, url, guardian):
    page = spoken(client.get(url).text)

    assert "Phone of guardian +351912555014" in page
    period = "since [^,]+, until Tue 9 Sep 2036"
    assert re.search(rf"Messages to Pereira, Inês , mother \+351912555014 ines@example\.org {period}", page)
    assert re.search(f"Invoices to Pereira, Inês , mother {period}", page)
    assert "Phone Not provided" not in page


def test_the_contact_card_of_an_adult_names_the_payer_alone(client, mother, here):
    with here():
        related_person_service.create(mother.id, name="Insurer", roles=["payer"])

    page = spoken(client.get(f"/patients/{mother.id}").text)

    assert "Invoices to Insurer since" in page
    assert "Messages to" not in page


def test_one_guardian_of_two_merged_records_stands_once_on_the_record_of_the_child(client, child, mother, here):
    with here():
        other, twin = somebody(given_name="Ines"), somebody(**CHILD)
        kept = related_person_service.create(child.id, other_id=mother.id, roles=["guardian"])
        related_person_service.create(child.id, other_id=other.id, roles=["payer"], relationship="mother")
        related_person_service.create(twin.id, other_id=other.id, roles=["contact"])
        before = table_rows()

        merges = [merge_service.merge(mother.id, other.id), merge_service.merge(child.id, twin.id)]

        [found] = related_person_service.relations(child.id)
        assert (found.person.id, found.person.other_id, found.person.relationship) == (kept.id, mother.id, "mother")
        assert found.person.roles == ["contact", "guardian", "payer"]
        for merge in reversed(merges):
            merge_service.unmerge(merge.id)
        assert table_rows() == before
