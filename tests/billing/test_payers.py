"""Who pays a draft: the default, the choice on page, JSON and command, and what happens when the payer is gone."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from clinic.billing.payer_rules import DIED, MINOR_PATIENT, NO_LONGER, NO_NAME
from clinic.billing.service import billing_service, payer_choices, payer_problem
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import merge_service, patient_service, related_person_service
from tests.assertions import spoken
from tests.billing.invoices import a_draft, an_invoice, line_fields, typed_lines
from tests.builders import MONDAY, somebody
from tests.page_client import hidden_value

FIRM: Any = {"kind": "other", "name": "Vela Lda.", "address": "Rua Nova 1\n1100-001 Lisboa", "tax_number": "500123456"}


def a_child():
    """Register a patient of five years."""
    return somebody(family_name="Janssen", given_name="Bram", birth_date=f"{MONDAY.year - 5}-01-01")


def payer_in(invoice) -> Any:
    """Return the stored payer of an invoice."""
    return invoice.payer


def related(patient, *roles, **fields):
    """Record somebody who is related to a patient."""
    return related_person_service.create(patient.id, roles=roles, **(fields or {"name": "Karin Janssen"}))


def problem_of(invoice):
    """Return why the payer of a draft has to be chosen again."""
    db.session.expire_all()
    return payer_problem(invoice, payer_choices(patient_service.get(invoice.patient_id)))


def test_the_default_is_the_payer_on_record_else_a_minors_guardian_else_the_patient(inside):
    adult, child, lone = somebody(), a_child(), a_child()
    related(adult, "guardian")
    guardian = related(child, "guardian")

    drafts = [a_draft(adult), a_draft(child), a_draft(lone)]
    payer = related(child, "payer")

    assert [one.payer and one.payer["kind"] for one in drafts] == ["patient", "related_person", None]
    assert drafts[1].payer_person_id == guardian.id
    assert a_draft(child).payer_person_id == payer.id


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_firm_a_person_and_the_patient_are_stored(inside):
    patient = somebody()
    person, draft = related(patient, "payer"), a_draft(patient)

    firm = billing_service.update(draft.id, version=1, payer=FIRM).payer
    someone: Any = {"kind": "related_person", "related_person_id": person.id}

    assert firm == FIRM | {"related_person_id": None}
    assert billing_service.update(draft.id, version=2, payer=someone).payer_person_id == person.id
    assert payer_in(billing_service.update(draft.id, version=3, payer={"kind": "patient"}))["name"] is None


def test_who_cannot_pay_is_refused_in_words(inside):
    child, dead = a_child(), somebody()
    mother = related(child, "guardian", other_id=dead.id)
    friend, other = related(child, "contact", name="Rui"), related(somebody(), "payer")
    patient_service.record_death(dead.id, deceased_on=date(2026, 1, 1))
    draft = a_draft(child)

    def refused(**payer: Any):
        given: Any = payer
        with pytest.raises(InvalidInput) as error:
            billing_service.update(draft.id, version=None, payer=given)
        return error.value.message

    assert refused(kind="patient") == MINOR_PATIENT
    assert refused(kind="related_person", related_person_id=mother.id) == DIED
    for person_id in (friend.id, other.id, UUID(int=7), None):
        assert "guardian or payer" in refused(kind="related_person", related_person_id=person_id)
    assert refused(kind="other") == NO_NAME
    assert refused(kind="patient", name="X").startswith("Leave this empty")


@pytest.mark.slow
def test_a_payer_who_died_or_was_ended_has_to_be_chosen_again(client, here):
    with here():
        patient, mother = somebody(), somebody()
        person = related(patient, "payer", other_id=mother.id)
        draft = a_draft(patient)
        address = f"/invoices/{draft.id}"
        assert problem_of(draft) is None
        patient_service.record_death(mother.id, deceased_on=date(2026, 1, 1))
        assert problem_of(draft) == DIED
    page = client.get(address).text
    with here():
        related_person_service.end(person.id)
        assert problem_of(draft) == NO_LONGER

    assert DIED in spoken(page)
    assert NO_LONGER in spoken(client.get(address).text)
    assert NO_LONGER in spoken(client.get(f"{address}/edit").text)


@pytest.mark.both_databases
def test_the_database_refuses_a_payer_of_another_kind(inside):
    draft = a_draft()

    with pytest.raises(IntegrityError), unit_of_work():
        billing_service.get(draft.id).payer_name = "Vela"
        db.session.flush()


@pytest.mark.slow
@pytest.mark.both_databases
def test_merging_who_pays_for_whom_makes_the_patient_the_payer_until_it_is_undone(inside):
    survivor, twin, child = somebody(), somebody(), a_child()
    first, second = related(survivor, "payer", other_id=twin.id), related(twin, "payer", other_id=survivor.id)
    mother, aunt = related(child, "payer", other_id=twin.id), related(twin, "payer", name="Aunt")
    drafts = [a_draft(survivor), a_draft(twin), a_draft(child)]
    of_aunt = a_draft(twin)
    billing_service.update(of_aunt.id, version=1, payer={"kind": "related_person", "related_person_id": aunt.id})

    merge_id = merge_service.merge(survivor.id, twin.id).id
    merged = [payer_in(billing_service.get(one.id)) for one in drafts]
    problems = [problem_of(one) for one in (*drafts, of_aunt)]
    merge_service.unmerge(merge_id)
    db.session.expire_all()

    assert [one["kind"] for one in merged] == ["patient", "patient", "related_person"]
    assert problems == [None] * 4
    assert [billing_service.get(one.id).payer_person_id for one in drafts] == [first.id, second.id, mother.id]


def test_a_copy_has_the_payer_if_that_still_holds(inside):
    patient = somebody()
    person = related(patient, "payer")
    draft = a_draft(patient)

    before = billing_service.duplicate(draft.id).payer_person_id
    related_person_service.end(person.id)

    assert before == person.id
    assert payer_in(billing_service.duplicate(draft.id))["kind"] == "patient"
    assert payer_in(billing_service.duplicate(an_invoice(patient).id))["kind"] == "patient"


def test_the_form_shows_cards_and_keeps_what_was_typed(client, here):
    with here():
        child = a_child()
        guardian_id = str(related(child, "guardian").id)
        address = f"/invoices/{a_draft(child).id}"
    form = {"version": 1, **typed_lines(("X", "1", "5"))}

    page = client.get(f"{address}/edit").text
    nameless = client.submit(f"{address}/edit", **form, payer="other", **{"payer-tax_number": "500"})
    minor = client.submit(f"{address}/edit", **form, payer="patient")
    saved = client.submit(f"{address}/edit", **form, payer="other", **{"payer-name": "Vela Lda."})

    assert f'value="{guardian_id}" checked' in page
    assert 'value="patient" disabled' in page
    assert MINOR_PATIENT in page
    assert (nameless.status_code, minor.status_code, saved.status_code) == (422, 422, 303)
    assert '<a href="#f-payer-name">Enter the name of the payer</a>' in nameless.text
    assert 'value="500"' in nameless.text
    assert "Billed to Vela Lda." in spoken(client.get(address).text)


@pytest.mark.slow
def test_a_stale_edit_shows_both_versions_and_either_can_be_saved(client, here):
    with here():
        patient = somebody()
        related(patient, "payer")
        draft = a_draft(patient)
        address = f"/invoices/{draft.id}"
        billing_service.update(draft.id, version=1, payer=FIRM, note="Theirs")

    lines = typed_lines(("Mine", "1", "5"))
    stale = client.submit(f"{address}/edit", version=1, **lines, payer="patient", note="My note")
    version = hidden_value(stale.text, "version")
    rows = json.dumps([{"description": "Mine", "quantity": "1", "unit_price": "5"}])
    saved = client.submit(f"{address}/edit", version=version, payer="patient", note="Theirs", lines=rows)

    assert (stale.status_code, version) == (409, "2")
    for text in ("My note", "Theirs", "The patient", "Another person or firm", "Vela Lda.", "1 × Mine, 5"):
        assert text in spoken(stale.text)
    assert saved.status_code == 303
    with here():
        stored = billing_service.get(draft.id)
        assert (payer_in(stored)["kind"], stored.note, stored.lines[0].description) == ("patient", "Theirs", "Mine")


@pytest.mark.slow
def test_json_chooses_the_payer(client, here):
    with here():
        child = a_child()
        person_id, patient_id = str(related(child, "payer").id), str(child.id)
    body = {"patient_id": patient_id, "lines": [line_fields()]}

    made = client.post("/api/v1/invoices", json=body | {"payer": FIRM})
    address = f"/api/v1/invoices/{made.json['id']}"
    minor = client.patch(address, json={"payer": {"kind": "patient"}}, headers={"If-Match": '"1"'})
    nameless = client.patch(address, json={"payer": {"kind": "other"}}, headers={"If-Match": '"1"'})
    reset = client.patch(address, json={"payer": None}, headers={"If-Match": '"1"'})

    assert made.json["payer"] == FIRM | {"related_person_id": None}
    assert (minor.status_code, minor.json["errors"][0]["pointer"]) == (422, "#/payer")
    assert (nameless.status_code, nameless.json["errors"][0]["pointer"]) == (422, "#/payer/name")
    assert reset.json["payer"]["related_person_id"] == person_id


def test_commands_choose_the_payer(run, here):
    with here():
        patient = somebody()
        person_id, mrn = str(related(patient, "payer").id), patient.mrn

    draft = ["billing", "create", "--patient", mrn, "--line", "X|1|5.00", "--json"]
    default = json.loads(run(*draft).stdout)["payer"]
    firm = json.loads(run(*draft, "--payer", "Vela Lda.|Rua Nova 1;1100-001 Lisboa|500123456").stdout)
    edited = json.loads(run("billing", "edit", firm["id"], "--payer", person_id, "--json").stdout)["payer"]

    assert default["related_person_id"] == person_id == edited["related_person_id"]
    assert firm["payer"] == FIRM | {"related_person_id": None}
    assert json.loads(run(*draft, "--payer", "patient").stdout)["payer"]["kind"] == "patient"
    assert run(*draft, "--payer", "A|B|C|D").exit_code == 2
