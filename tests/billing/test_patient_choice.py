"""An invoice is for whom a search finds; if it finds several, the page asks which."""

import pytest

from tests.assertions import rows, spoken
from tests.builders import a_patient

LINE = {"lines-0-description": "Visit", "lines-0-quantity": "1", "lines-0-unit_price": "50.00"}


@pytest.mark.slow
def test_the_only_patient_whom_a_search_finds_is_billed(app, client, here):
    with here():
        a_patient(family_name="Zamorano", given_name="Luis")
        patient = a_patient(family_name="Zamora", given_name="Elena")

    answer = client.submit("/invoices/new", patient="zam elena", **LINE)

    assert answer.status_code == 303
    assert rows(app, "invoices")[0]["patient_id"] == patient.id


def test_one_of_several_patients_is_chosen_and_nothing_typed_is_lost(app, client, here):
    with here():
        a_patient(family_name="Zamorano", given_name="Luis")
        patient = a_patient(family_name="Zamora", given_name="Elena")

    page = client.submit("/invoices/new", patient="zam", **LINE)

    assert page.status_code == 422
    assert "Several patients match: choose one" in page.text
    assert "Zamorano, Luis born 21-Jun-1991" in spoken(page.text)
    assert 'value="50.00"' in page.text
    assert [row["action"] for row in rows(app, "audit_entries")][-1] == "listed"
    chosen = client.submit("/invoices/new", patient=patient.mrn, **LINE)
    assert chosen.status_code == 303


def test_who_may_not_see_patients_gives_a_number(client, here, become):
    with here():
        a_patient(family_name="Zamora")
    become("manager", "patients:read")

    answer = client.submit("/invoices/new", patient="zamora", **LINE)

    assert (answer.status_code, "There is no such patient" in answer.text) == (422, True)
