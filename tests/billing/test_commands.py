"""`flask billing …`."""

import json

import pytest

from tests.billing.invoices import a_draft, an_invoice, paid_events
from tests.builders import OWN, an_appointment, somebody


def test_an_invoice_is_made_issued_and_paid(run, here, published) -> None:
    with here():
        patient = somebody()

    made = run("billing", "create", "--patient", patient.mrn, "--line", "A|B|2|25.00", "--issue", "--json")
    invoice = json.loads(made.stdout)
    paid = run("billing", "pay", invoice["number"], "50", "--method", "card", "--json")

    assert invoice["lines"][0]["description"] == "A|B"
    assert f"flask billing pay {invoice['number']} 50.00" in made.stderr
    assert json.loads(paid.stdout)["amount"] == {"amount": "50.00", "currency": "EUR"}
    assert f"{invoice['number']} is paid" in paid.stderr
    assert len(paid_events(published)) == 1


def test_a_draft_is_issued_later(run, here) -> None:
    with here():
        draft = a_draft()

    issued = run("billing", "issue", draft.id)

    assert issued.exit_code == 0
    assert "status\tissued" in issued.stdout
    assert run("billing", "issue", draft.id).exit_code == 5


def test_a_command_shows_what_comes_next(run, here) -> None:
    with here():
        patient = somebody().mrn

    draft = run("billing", "create", "--patient", patient, "--line", "Consultation|1|50.00")
    free = run("billing", "create", "--patient", patient, "--line", "Advice|1|0.00", "--issue")

    assert "Next: flask billing issue" in draft.stderr
    assert "there is nothing to pay" in free.stderr


def test_a_part_payment_shows_what_is_still_to_pay(run, here) -> None:
    with here():
        invoice = an_invoice()

    paid = run("billing", "pay", invoice.number, "20.00", "--method", "cash", "--reference", "till 2")

    assert "reference\ttill 2" in paid.stdout
    assert f"{invoice.number} is not paid yet: 30.00 EUR is still due" in paid.stderr


def test_invoices_are_listed_by_status_and_patient(run, here) -> None:
    with here():
        patient = somebody()
        number, wanted = patient.mrn, str(an_invoice(patient).id)
        a_draft(patient)
        an_invoice()

    listed = run("billing", "invoices", "--status", "issued", "--patient", number)

    cells = [row.split("\t") for row in listed.stdout.splitlines()]
    assert [(row[1], row[3:6], row[-1]) for row in cells] == [
        ("issued", ["50.00 EUR", "0.00 EUR", "50.00 EUR"], wanted)
    ]
    assert json.loads(run("billing", "invoices", "--status", "balanced", "--json").stdout) == []


def test_what_can_not_be_is_one_line_and_an_exit_code(run, here) -> None:
    with here():
        invoice = an_invoice()
        number, patient = invoice.number, somebody().mrn
    by_card = ("--method", "card")

    refused = [
        run("billing", "pay", number, "50.01", *by_card),
        run("billing", "pay", "INV-1999-00001", "1", *by_card),
        run("billing", "pay", number, "1,5", *by_card),
        run("billing", "create", "--patient", patient),
        run("billing", "create", "--patient", patient, "--line", "A|1"),
        run("billing", "create", "--patient", patient, "--line", "A|1,5|1.00"),
        run("billing", "create", "--patient", patient, "--line", "A|1|1.500,00"),
    ]

    assert [one.exit_code for one in refused] == [5, 3, 2, 2, 2, 2, 2]
    assert all(len(one.stderr.splitlines()) == 1 for one in refused)
    assert "50,00 € is still due" in refused[0].stderr
    assert "Enter at least one line" in refused[3].stderr


def test_another_clinics_invoice_is_not_found(run, here, other_clinic) -> None:
    with here(other_clinic.id):
        theirs = an_invoice().id

    assert run("billing", "pay", theirs, "1", "--method", "card", "--clinic", OWN).exit_code == 3
    assert run("billing", "invoices", "--clinic", OWN).stdout == ""


@pytest.mark.breadth
@pytest.mark.parametrize("name", ["\udcff", "INV-\x00", "\u202e"])
def test_what_is_no_text_names_no_invoice(run, name: str) -> None:
    refused = [run("billing", "pay", name, "5", "--method", "cash"), run("billing", "issue", name)]

    assert [(one.exit_code, one.stderr) for one in refused] == [(3, "Error: There is no such invoice\n")] * 2


@pytest.mark.slow
def test_an_invoice_is_made_for_a_visit(run, here) -> None:
    with here():
        visit = an_appointment()
    line = ("--line", "Visit|1|45")

    made = run("billing", "create", "--patient", visit.patient_id, "--appointment", visit.id, *line, "--json")
    found = run("billing", "invoices", "--appointment", visit.id)
    refused = run("billing", "create", "--patient", visit.patient_id, "--appointment", "9", *line)

    assert json.loads(made.stdout)["appointment_id"] == str(visit.id)
    assert len(found.stdout.splitlines()) == 1
    assert (refused.exit_code, "--appointment: Choose an appointment" in refused.stderr) == (2, True)
