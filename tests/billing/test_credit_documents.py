"""A credit note is a document of its own, keeps its particulars, and names its invoice, which names it."""

from typing import Any
from uuid import UUID

import pytest

from clinic.billing.service import billing_service, billing_settings_service
from clinic.patients.service import patient_service
from tests.assertions import spoken
from tests.billing.corrections import credited
from tests.billing.guards import is_refused
from tests.billing.invoices import a_draft, a_line, a_seller, money
from tests.billing.prices import REASON, a_tax, an_exemption
from tests.builders import somebody
from tests.fixtures import StoreOnce
from tests.statements import counted_statements, of_rows


def a_taxed_invoice() -> Any:
    """Issue an invoice of an exempt line of 50.00, and of three bandages of 10.00 with 23 %."""
    a_seller(legal_name="Harbour Clinic, Lda.", footer="Registered in Lisboa")
    vat, exempt = a_tax("23"), an_exemption()
    patient = somebody(address="Rua Nova 1, Lisboa")
    lines: Any = [
        a_line(5000) | {"tax_rate_id": exempt.id},
        a_line(1000, "3", "Elastic bandage") | {"tax_rate_id": vat.id},
    ]
    return billing_service.issue(a_draft(patient, lines).id)


@pytest.fixture
def note(store_once: StoreOnce) -> Any:
    """A credit note of the exempt line and of one bandage."""
    return store_once(_a_note)


def _a_note() -> dict[str, Any]:
    invoice = a_taxed_invoice()
    made = credited(invoice, "1", "1")
    return {
        "id": str(made.id),
        "number": made.number,
        "invoice": str(invoice.id),
        "of": invoice.number,
        "patient": str(invoice.patient_id),
    }


PRINTED = [
    "Credit note {number}",
    "Harbour Clinic, Lda.",
    "Rua da Junqueira 120",
    "Tax no. PT 509 000 111",
    "For invoice {of} of",
    "Rua Nova 1, Lisboa",
    "Elastic bandage 1 10,00 € 23 % −10,00 €",
    "Consultation 1 50,00 € Exempt ¹ −50,00 €",
    "23 % −8,13 € −1,87 € −10,00 €",
    "Exempt ¹ −50,00 € 0,00 € −50,00 €",
    "All −58,13 € −1,87 € −60,00 €",
    "Credited −60,00 €",
    "Reason: Service not given",
    f"¹ {REASON}",
    "Registered in Lisboa",
]


def test_an_amount_of_nothing_has_no_sign(client, here) -> None:
    with here():
        invoice = a_taxed_invoice()

    form = spoken(client.get(f"/invoices/{invoice.id}/credit-note").text)

    assert "Exempt on 50,00 € 0,00 €" in form
    assert "−0,00" not in form


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/print"])
def test_it_is_shown_and_printed_with_its_particulars(app, client, note, path: str) -> None:
    client.get("/patients")

    with counted_statements(app) as seen:
        page = spoken(client.get(f"/invoices/credit-notes/{note['id']}{path}").text)

    assert [one for one in PRINTED if one.format(**note) not in page] == []
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= 12


def test_it_stays_as_it_was_printed(client, here, note) -> None:
    with here():
        billing_settings_service.update(version=None, legal_name="Bay Clinic", address="Rua 2", tax_number="PT 1")
        patient_service.update(UUID(note["patient"]), version=None, address="Rua Velha 9", family_name="Married")

    page = spoken(client.get(f"/invoices/credit-notes/{note['id']}/print").text)

    assert [one for one in PRINTED if one.format(**note) not in page] == []
    assert not [one for one in ("Bay Clinic", "Rua 2", "Rua Velha 9", "Married") if one in page]


@pytest.mark.slow
def test_the_seller_is_the_one_of_its_own_day_and_the_payer_that_of_the_invoice(here) -> None:
    with here():
        invoice = a_taxed_invoice()
        billing_settings_service.update(version=None, legal_name="Bay Clinic", address="Rua 2", tax_number=None)
        patient_service.update(invoice.patient_id, version=None, address="Rua Velha 9")

        made = credited(invoice)

        assert (made.seller["name"], made.seller["address"]) == ("Bay Clinic", "Rua 2")
        assert made.seller["tax_number"] == "PT 509 000 111"
        assert made.billed_payer["address"] == "Rua Nova 1, Lisboa"
        assert made.billed_to == invoice.billed_to


@pytest.mark.parametrize("path", ["", "/print"])
def test_the_invoice_names_its_credit_notes(client, here, note, path: str) -> None:
    with here():
        other = credited(billing_service.get(note["invoice"]))

    page = spoken(client.get(f"/invoices/{note['invoice']}{path}").text)

    assert f"Credited by {note['number']} of" in page
    assert f"Credited by {other.number} of" in page
    assert "Still to pay 0,00 €" in page


@pytest.mark.slow
def test_a_wholly_credited_invoice_says_so_at_its_head(client, here, note) -> None:
    before = client.get(f"/invoices/{note['invoice']}").text
    with here():
        other = credited(billing_service.get(note["invoice"]))

    after = spoken(client.get(f"/invoices/{note['invoice']}").text)

    assert "Nothing is left of this invoice" not in before
    assert f"it is credited by {note['number']} and {other.number} ." in after


def test_json_has_its_particulars(client, note) -> None:
    found = client.get(f"/api/v1/credit-notes/{note['id']}").json

    assert (found["invoice_number"], found["seller"]["name"]) == (note["of"], "Harbour Clinic, Lda.")
    assert found["invoice_issued_on"] == found["issued_on"]
    assert found["billed_to"]["address"] == "Rua Nova 1, Lisboa"
    assert [(one["net"], one["tax"]) for one in found["taxes"]] == [
        (money("8.13"), money("1.87")),
        (money("50.00"), money("0.00")),
    ]


def test_names_and_addresses_are_shown_to_those_who_may_see_them(client, here, note, become) -> None:
    become("manager", "patients:read", "patients:contact")

    page = client.get(f"/invoices/credit-notes/{note['id']}/print").text

    assert "Rua Nova 1" not in page
    assert "Pereira" not in page
    assert "Harbour Clinic, Lda." in page


@pytest.mark.both_databases
def test_the_database_itself_refuses_changes(here, note) -> None:
    with here():
        for statement in (
            "UPDATE credit_notes SET total_minor = 1",
            "UPDATE credit_notes SET particulars = '{}'",
            "UPDATE credit_note_lines SET amount_minor = 1",
            "DELETE FROM credit_note_lines",
        ):
            assert is_refused(statement), statement
