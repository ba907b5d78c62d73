"""Issuing and printing on pages, over JSON and by commands: the same answers everywhere."""

import random
import re
from datetime import date
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from clinic.billing.issue_rules import NO_SELLER_ADDRESS, NO_SELLER_TAX_NUMBER
from clinic.billing.service import billing_service
from clinic.core.clock import today
from clinic.core.money import Money
from clinic.patients.service import related_person_service
from tests.assertions import rows, spoken
from tests.billing.invoices import a_draft, a_line, a_seller, an_invoice
from tests.billing.prices import a_tax, an_exemption
from tests.builders import an_appointment, somebody
from tests.statements import counted_statements, of_rows

ADDRESS = "Rua das Flores 18\n4050-262 Porto"
OLD = date(2026, 3, 2)
"""The date of the newest invoice: some day long ago."""

EARLY, NEXT = "2026-03-01", "2026-03-03"
ASKED = re.compile(
    "Confirm the date [^:]+: the newest invoice is of Mon 2 Mar 2026, and later ones can’t be dated before"
)


def a_draft_after_a_pause(here: Any) -> str:
    """Issue an invoice with an old date, and return the id of a draft."""
    with here():
        billing_service.issue(a_draft().id, issued_on=OLD)
        return str(a_draft().id)


def test_a_page_asks_for_a_far_date_beforehand_and_again(client, here) -> None:
    address = f"/invoices/{a_draft_after_a_pause(here)}"
    present = today("Europe/Lisbon").isoformat()

    page = client.get(address).text
    refused = client.submit(f"{address}/issue", version="1", issued_on=present)
    early = client.submit(f"{address}/issue", version="1", issued_on=EARLY)
    unreadable = client.submit(f"{address}/issue", version="1", issued_on="1.3.2026")
    sent = client.submit(f"{address}/issue", version="1", issued_on=present, confirm_date="1")

    assert ASKED.search(page)
    assert f'value="{present}"' in page
    assert (refused.status_code, early.status_code, unreadable.status_code) == (409, 422, 422)
    assert '<a href="#f-confirm_date">Confirm the date' in refused.text
    assert '<a href="#f-issued_on">Enter Mon 2 Mar 2026 or later' in early.text
    assert f'value="{EARLY}"' in early.text
    assert sent.status_code == 303
    assert "INV-2026-00002" in client.get(sent.location).text


def test_json_and_commands_ask_for_a_far_date(client, here, run) -> None:
    draft = a_draft_after_a_pause(here)
    address = f"/api/v1/invoices/{draft}/issue"

    asked = client.post(address)
    early = client.post(address, json={"issued_on": EARLY, "confirm_date": True})
    wrong = client.post(address, json={"issued_on": "soon", "confirm_date": "perhaps", "number": "X"})
    command = run("billing", "issue", draft)
    next_day = run("billing", "issue", draft, "--date", NEXT, "--json")
    last = run("billing", "create", "--patient", "P-000001", "--line", "A|1|5", "--issue", "--confirm-date")

    assert (asked.status_code, asked.json["code"]) == (409, "date-not-confirmed")
    assert (asked.json["newest_issued_on"], ASKED.match(asked.json["detail"]) is not None) == ("2026-03-02", True)
    assert (early.status_code, early.json["errors"][0]["pointer"]) == (422, "#/issued_on")
    assert {error["pointer"] for error in wrong.json["errors"]} == {"#/issued_on", "#/confirm_date", "#/number"}
    assert (command.exit_code, "--confirm-date" in command.stderr) == (2, True)
    assert ASKED.search(command.stderr)
    assert (next_day.exit_code, f'"issued_on": "{NEXT}"' in next_day.stdout) == (0, True)
    assert (last.exit_code, "INV-2026-00003" in last.stdout) == (0, True), last.stderr


@pytest.mark.parametrize(
    "command", [("issue", "DRAFT"), ("create", "--patient", "P-000001", "--line", "A|1|5", "--issue")]
)
def test_on_a_terminal_a_far_date_is_asked_for_and_a_no_stores_nothing(
    app: Flask, here, run, monkeypatch, command: tuple[str, ...]
) -> None:
    draft = a_draft_after_a_pause(here)
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("clinic.billing.commands.issuing.sys", terminal)
    words = [draft if word == "DRAFT" else word for word in command]
    before = [row["status"] for row in rows(app, "invoices")]

    declined = run("billing", *words, input="n\n")
    unchanged = [row["status"] for row in rows(app, "invoices")]
    confirmed = run("billing", *words, input="y\n")

    assert (declined.exit_code, unchanged) == (1, before)
    assert ASKED.search(declined.stderr)
    assert (confirmed.exit_code, "INV-2026-00002" in confirmed.stdout) == (0, True), confirmed.stderr


@pytest.mark.slow
def test_everything_that_is_missing_is_said_on_the_page_in_json_and_by_the_command(client, here, run) -> None:
    with here():
        line: Any = a_line() | {"tax_rate_id": an_exemption().id}
        draft = str(a_draft(lines=[line]).id)
    both = (NO_SELLER_ADDRESS, NO_SELLER_TAX_NUMBER)

    shown = spoken(client.get(f"/invoices/{draft}").text)
    page = client.submit(f"/invoices/{draft}/issue", version="1")
    answer = client.post(f"/api/v1/invoices/{draft}/issue")
    command = run("billing", "issue", draft)

    assert "This draft can’t be issued yet" in shown
    assert (page.status_code, answer.status_code, command.exit_code) == (409, 409, 5)
    assert (answer.json["code"], answer.json["reasons"]) == ("invoice-incomplete", list(both))
    for reason in both:
        assert reason in shown
        assert reason in spoken(page.text)
        assert reason in command.stderr


@pytest.mark.slow
def test_json_has_the_particulars_as_printed(client, here) -> None:
    with here():
        a_seller(legal_name="Harbour, Lda.")
        patient = somebody(address=ADDRESS)
        visit = an_appointment(patient)
        draft = billing_service.create(patient_id=patient.id, lines=[a_line()], appointment_id=visit.id)
        before = client.get(f"/api/v1/invoices/{draft.id}").json

    issued = client.post(f"/api/v1/invoices/{draft.id}/issue").json

    assert [before[name] for name in ("seller", "billed_to", "due_on", "visits")] == [None, None, None, []]
    assert issued["seller"]["name"] == "Harbour, Lda."
    assert issued["billed_to"]["address"] == ADDRESS
    assert (issued["served_from"], issued["served_until"]) == ("2029-11-26", "2029-11-26")
    assert issued["visits"] == [
        {"appointment_id": str(visit.id), "day": "2029-11-26", "time": "09:00", "practitioner": "Dr Amara Okafor"}
    ]


HIDDEN = {
    "patients:read": (["Pereira", "Flores"], "P-000001"),
    "patients:contact": (["Flores"], "Pereira"),
    "appointments:read": (["Okafor"], "Pereira"),
}


@pytest.mark.slow
@pytest.mark.parametrize("denied", HIDDEN)
def test_particulars_are_shown_to_those_who_may_see_them(client, here, become, denied: str) -> None:
    hidden, shown = HIDDEN[denied]
    with here():
        patient = somebody(address=ADDRESS)
        draft = billing_service.create(
            patient_id=patient.id, lines=[a_line()], appointment_id=an_appointment(patient).id
        )
        invoice = billing_service.issue(draft.id)
    become("receptionist", denied)

    pages = [client.get(f"/invoices/{invoice.id}{end}") for end in ("", "/print")]

    for page in pages:
        assert page.status_code == 200
        assert shown in spoken(page.text)
        assert [word for word in hidden if word in page.text] == []


def test_a_person_known_by_name_is_printed_as_payer(client, here) -> None:
    with here():
        patient = somebody()
        related_person_service.create(patient.id, name="Rui Costa", roles=["payer"])
        invoice_id = an_invoice(patient).id
        related_person_service.end(related_person_service.relations(patient.id)[0].person.id)

    page = spoken(client.get(f"/invoices/{invoice_id}/print").text)

    assert "Billed to Rui Costa Patient Pereira, Inês Born 21-Jun-1991 · P-000001" in page


def test_the_print_page_has_the_document_and_no_form(client, here) -> None:
    with here():
        a_seller(iban="PT50000201231234567890154", footer="Reg. 1")
        invoice_id, draft_id = an_invoice().id, a_draft().id

    page = client.get(f"/invoices/{invoice_id}/print").text
    preview = spoken(client.get(f"/invoices/{draft_id}/print").text)

    assert "Number INV-2026-00001 Issued" in spoken(page)
    assert "PT50 0002 0123 1234 5678 9015 4" in page
    assert '<form class="body' not in page
    assert "Draft, not an invoice" in preview


@pytest.mark.slow
@pytest.mark.parametrize("address", ["/invoices/{issued}", "/invoices/{draft}", "/invoices/{issued}/print"])
def test_an_invoice_takes_few_statements(app: Flask, client, here, address: str) -> None:
    with here():
        patient = somebody()
        visit = an_appointment(patient)
        lines = [a_line()] * 9
        draft, issued = (
            billing_service.create(patient_id=patient.id, lines=lines, appointment_id=visit.id).id for _ in range(2)
        )
        billing_service.issue(issued)
    url = address.format(draft=draft, issued=issued)
    client.get(url)

    with counted_statements(app) as seen:
        client.get(url)

    assert len(of_rows(seen)) <= 12, "\n".join(of_rows(seen))


def _random_lines(rng: random.Random, taxes: list[Any]) -> list[Any]:
    lines = []
    for _ in range(rng.randint(1, 8)):
        line: dict[str, Any] = a_line(rng.randint(1, 100_000), str(Fraction(rng.randint(1, 9000), 1000)))  # type: ignore[assignment]
        line["tax_rate_id"] = rng.choice(taxes)
        if rng.random() < 0.3:
            line["discount_percent"] = Fraction(rng.randint(1, 100_000), 1000)
        lines.append(line)
    return lines


@pytest.mark.slow
@pytest.mark.row(83)
@pytest.mark.breadth
@pytest.mark.parametrize("seed", range(20))
def test_page_print_json_and_command_have_the_same_totals(client, here, run, seed: int) -> None:
    rng = random.Random(seed)
    with here():
        a_seller(prices_include_tax=rng.random() < 0.5)
        taxes = [a_tax("23").id, a_tax("5.5").id, a_tax("8.875").id, an_exemption().id]
        draft = a_draft(somebody(address=ADDRESS), _random_lines(rng, taxes))
        invoice = billing_service.issue(draft.id)

    shown = client.get(f"/api/v1/invoices/{invoice.id}").json
    printed = [_totals_of(client.get(f"/invoices/{invoice.id}{end}").text) for end in ("", "/print")]
    command = run("billing", "invoices").stdout

    wanted = [_printed(shown[name]) for name in ("net", "tax", "total", "total", "due")]
    assert printed == [wanted, wanted]
    assert shown["total"]["amount"] in command
    assert Fraction(shown["net"]["amount"]) + Fraction(shown["tax"]["amount"]) == Fraction(shown["total"]["amount"])


def _printed(amount: dict[str, str]) -> str:
    return Money.parse(amount["amount"], amount["currency"]).format("pt_PT")


def _totals_of(page: str) -> list[str]:
    """Return net, tax and gross of the table of taxes, then the total and what is still to pay."""
    table = re.search(r'<tr class="sum">(.*?)</tr>', page, re.DOTALL)
    sums = re.findall(r'<dd class="sum">(.*?)</dd>', page)
    assert table
    return [*re.findall(r'<td class="num">(.*?)</td>', table[1]), *sums]
