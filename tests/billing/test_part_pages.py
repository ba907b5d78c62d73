"""A part of a draft is billed to somebody else on its page, over JSON and by a command; each names the others."""

import json
from fractions import Fraction
from typing import Any

import pytest

from clinic.billing.part_rules import BAD_PERCENT, NO_SHARE, SAME_PAYER, TWO_SHARES
from clinic.billing.payer_rules import MINOR_PATIENT, NO_NAME
from clinic.billing.service import billing_service
from tests.assertions import spoken
from tests.billing.invoices import KEY, a_draft, a_line, an_invoice, money, typed_lines
from tests.billing.prices import an_item
from tests.billing.split_drafts import INSURER, amounts_of, texts_of
from tests.builders import somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

TYPED = {"payer": "other", "payer-name": "Médis Seguros", "payer-address": "Rua Nova 1", "payer-tax_number": ""}


def a_part_of(draft: Any) -> Any:
    """Bill 80 % of a draft to an insurer."""
    return billing_service.split(draft.id, payer=INSURER, percent=Fraction(80))


@pytest.mark.both_databases
def test_the_page_of_a_draft_bills_a_part_to_an_insurer(client, here) -> None:
    with here():
        draft = a_draft()
    address = f"/invoices/{draft.id}/part"
    assert address in client.get(f"/invoices/{draft.id}").text

    page = client.get(address).text
    sent = client.submit(address, **TYPED, share="80 %", version=hidden_value(page, "version"))

    with here():
        (part,) = billing_service.part_links(draft).parts
        assert (amounts_of(part), amounts_of(draft), part.payer_name) == ([4000], [1000], "Médis Seguros")
    assert (sent.status_code, sent.location) == (303, f"/invoices/{part.id}")


def test_page_and_print_of_both_name_the_other_one(client, here) -> None:
    with here():
        draft = a_draft()
        part = a_part_of(draft)

    for path in ("", "/print"):
        of_draft, of_part = (client.get(f"/invoices/{one.id}{path}").text for one in (draft, part))
        assert f'<dt>Billed apart</dt>\n          <dd><a href="/invoices/{part.id}">Draft</a>' in of_draft
        assert f'<dt>Part of</dt>\n          <dd><a href="/invoices/{draft.id}">Draft</a>' in of_part
        assert "Médis Seguros" in of_draft
    with here():
        number = billing_service.issue(part.id).number
    assert f">{number}</a>" in client.get(f"/invoices/{draft.id}").text


@pytest.mark.parametrize(
    ("share", "message"),
    [
        ("", NO_SHARE),
        ("0 %", BAD_PERCENT),
        ("100 %", BAD_PERCENT),
        ("-5 %", BAD_PERCENT),
        ("NaN %", BAD_PERCENT),
        ("80 % 5", BAD_PERCENT),
        ("1.234 %", "1.234 can mean 1234 or 1.2340"),
        ("1e400", "Enter"),
        ("0", "above zero"),
        ("50", "above zero"),
        ("1.500", "1.500 can mean 1500 or 1.5"),
    ],
)
def test_a_faulty_form_says_what_is_wrong_and_keeps_what_was_typed(client, here, share: str, message: str) -> None:
    with here():
        draft = a_draft()

    page = client.submit(f"/invoices/{draft.id}/part", **TYPED, share=share, version="1")

    assert page.status_code == 422
    assert message in spoken(page.text), spoken(page.text)
    assert 'value="Médis Seguros"' in page.text
    assert f'value="{share}"' in page.text
    with here():
        assert amounts_of(draft) == [5000]


def test_all_errors_of_a_form_are_shown_at_once(client, here) -> None:
    with here():
        draft = a_draft()

    page = client.submit(f"/invoices/{draft.id}/part", payer="other", share="0 %", version="1")
    nobody = client.submit(f"/invoices/{draft.id}/part", share="", version="1")

    assert (page.status_code, nobody.status_code) == (422, 422)
    assert all(message in spoken(page.text) for message in (NO_NAME, BAD_PERCENT)), spoken(page.text)
    assert all(message in spoken(nobody.text) for message in ("Choose who pays the part", NO_SHARE))


def test_a_draft_that_changed_or_was_issued_meanwhile_is_not_split(client, here) -> None:
    with here():
        of_child, issued = a_draft(somebody(birth_date="2020-01-01")).id, an_invoice().id
        draft = billing_service.update(a_draft().id, version=None, note="For the insurer").id

    stale = client.submit(f"/invoices/{draft}/part", **TYPED, share="80 %", version="1")
    refused = client.submit(f"/invoices/{issued}/part", **TYPED, share="80 %", version="2")
    closed = client.get(f"/invoices/{issued}/part")

    assert (stale.status_code, hidden_value(stale.text, "version")) == (409, "2")
    assert (refused.status_code, closed.status_code, closed.location) == (409, 303, f"/invoices/{issued}")
    assert MINOR_PATIENT in spoken(client.get(f"/invoices/{of_child}/part").text)


def test_a_split_line_keeps_its_item_when_the_draft_is_edited(client, here) -> None:
    with here():
        item_id = an_item(6500, code="2110", label="Mole check").id
        part = a_part_of(a_draft(lines=[{"item_id": item_id, "quantity": Fraction(1)}]))
        described = f"2110 {texts_of(part)[0]}"
    page = client.get(f"/invoices/{part.id}/edit").text
    assert described in page

    sent = client.submit(f"/invoices/{part.id}/edit", **typed_lines((described, "1", "52.00")), version="1")

    assert sent.status_code == 303
    with here():
        assert [(line.item_id, line.amount_minor) for line in billing_service.get(part.id).lines] == [(item_id, 5200)]


def test_the_confirm_page_says_that_deleting_changes_nothing_in_the_other(client, here) -> None:
    with here():
        alone, draft = a_draft().id, a_draft().id
        part = billing_service.split(draft, payer=INSURER, percent=Fraction(80)).id

    for one, other in ((draft, part), (part, draft)):
        page = client.get(f"/invoices/{one}/deletion").text
        assert "Deleting it changes nothing in the others" in page
        assert f"/invoices/{other}" in page
    assert "changes nothing" not in client.get(f"/invoices/{alone}/deletion").text


@pytest.mark.both_databases
def test_json_splits_a_draft_once_per_key(client, here) -> None:
    with here():
        draft = a_draft()
    address = f"/api/v1/invoices/{draft.id}/parts"
    body = {"payer": INSURER, "amount": money("40.00")}
    sent = {"headers": {"Idempotency-Key": KEY}, "json": body}

    first, again = client.post(address, **sent), client.post(address, **sent)

    read = client.get(f"/api/v1/invoices/{draft.id}").json
    (listed,) = client.get(address).json["data"]
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.json == again.json == client.get(first.location).json
    assert (first.json["part_of_id"], first.json["total"]) == (str(draft.id), money("40.00"))
    assert (read["part_of_id"], read["total"], read["version"]) == (None, money("10.00"), 2)
    assert (listed["id"], listed["total"]) == (first.json["id"], money("40.00"))
    assert listed["payer"]["name"] == "Médis Seguros"


def test_json_refuses_in_the_same_words(client, here) -> None:
    with here():
        draft, issued = a_draft().id, an_invoice().id
    address = f"/api/v1/invoices/{draft}/parts"

    def refused(**body: Any) -> dict[str, str]:
        answer = client.post(address, json=body)
        assert answer.status_code == 422, answer.json
        return {one["pointer"]: one["detail"] for one in answer.json["errors"]}

    assert refused(payer={"kind": "other"}, percent="0") == {"#/payer/name": NO_NAME, "#/percent": BAD_PERCENT}
    assert refused(payer=INSURER) == {"#/percent": NO_SHARE}
    assert refused(payer=INSURER, percent="80", amount=money("1.00")) == {"#/percent": TWO_SHARES}
    assert refused(payer={"kind": "patient"}, percent="80") == {"#/payer": SAME_PAYER}
    assert refused(payer=INSURER, amount=money("1.00", "USD")) == {"#/amount": "Enter the amount in EUR"}
    stale = client.post(address, json={"payer": INSURER, "percent": "80"}, headers={"If-Match": '"7"'})
    late = client.post(f"/api/v1/invoices/{issued}/parts", json={"payer": INSURER, "percent": "80"})
    assert (stale.status_code, late.status_code, late.json["code"]) == (412, 409, "invoice-not-draft")


def test_the_command_splits_and_names_the_other_one(run, here) -> None:
    with here():
        draft = a_draft()
    payer = "Médis Seguros|Rua Nova 1;1100-001 Lisboa|500123456"

    done = run("billing", "split", draft.id, "--payer", payer, "--percent", "80", "--json")
    both = run("billing", "split", draft.id, "--payer", payer, "--percent", "80", "--amount", "5.00")
    whole = run("billing", "split", draft.id, "--payer", "Vela Lda.", "--amount", "10.00")
    part = run("billing", "split", draft.id, "--payer", "Vela Lda.", "--amount", "2.50")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["part_of_id"] == str(draft.id)
    assert f"40.00 EUR is split off, 10.00 EUR is left on {draft.id}" in done.stderr
    assert TWO_SHARES in both.stderr
    assert "above zero and below" in whole.stderr
    assert (part.exit_code, "2.50 EUR is split off, 7.50 EUR" in part.stderr) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "most"),
    [
        *(("/invoices/{0}", 12), ("/invoices/{0}/part", 12), ("/invoices/{0}/print", 12)),
        *(("/invoices/{0}/deletion", 12), ("/api/v1/invoices/{0}/parts", 4)),
    ],
)
def test_reading_takes_few_statements(app, client, here, address: str, most: int) -> None:
    with here():
        draft = a_draft(lines=[a_line()] * 5)
        for name in ("Médis", "Vela", "Sanitas"):
            billing_service.split(draft.id, payer=INSURER | {"name": name}, percent=Fraction(20))
    client.get("/patients")

    with counted_statements(app) as seen:
        answer = client.get(address.format(draft.id))

    assert answer.status_code == 200
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= most, seen
