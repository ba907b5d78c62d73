"""Opening balances on pages, over JSON and as commands."""

import json
from typing import Any

import pytest

from clinic.billing.service import billing_service
from clinic.patients.service import merge_service
from tests.assertions import spoken
from tests.billing.invoices import KEY, euros, money
from tests.builders import somebody
from tests.statements import counted_statements, of_rows

HEADERS = {"Idempotency-Key": KEY}


def test_json_enters_it_once_by_key_and_reverses_it(client, here) -> None:
    with here():
        patient_id = somebody().id
    address = f"/api/v1/patients/{patient_id}/opening-balances"
    body = {"side": "owed", "amount": money("45.00"), "as_of": "2026-01-31", "reference": "List"}

    first = client.post(address, json=body, headers=HEADERS)
    again = client.post(address, json=body, headers=HEADERS)
    other = client.post(address, json=body, headers={"Idempotency-Key": f"{KEY}-other"})
    listed = client.get(address).json["data"]
    entered = first.json["id"]
    gone = client.post(
        f"/api/v1/opening-balances/{entered}/reverse", json={"reason": "Wrong"}, headers={"Idempotency-Key": f"{KEY}-r"}
    )

    assert (first.status_code, again.status_code, other.status_code, gone.status_code) == (201, 201, 409, 200)
    assert again.json == first.json == listed[0]
    assert len(listed) == 1
    assert other.json["code"] == "opening-balance-exists"
    assert client.get(first.headers["Location"]).json == gone.json
    assert (gone.json["reversal_reason"], gone.json["left"]) == ("Wrong", money("0.00"))
    assert client.get(f"/api/v1/invoices/{entered}").json["kind"] == "opening"
    assert client.post(address, json=body).status_code == 400


def test_the_page_keeps_what_was_typed_and_leads_to_the_statement(client, here) -> None:
    with here():
        patient_id = somebody().id
    address = f"/invoices/opening-balance/{patient_id}"
    typed = {"side": "owed", "as_of": "2026-01-31", "reference": "List of January", "key": KEY}

    refused = client.submit(address, **typed, amount="0")
    entered = client.submit(address, **typed, amount="45,00")
    sent_again = client.submit(address, **typed, amount="45,00")
    second = client.submit(address, **(typed | {"key": f"{KEY}-2"}), amount="1")
    page = client.get(entered.location)

    assert (refused.status_code, entered.status_code, sent_again.status_code, second.status_code) == (
        422,
        303,
        303,
        409,
    )
    assert "Enter an amount above zero" in refused.text
    assert 'value="List of January"' in refused.text
    assert entered.location == f"/invoices/statement/{patient_id}"
    assert "45,00" in page.text
    assert "reverse it first if it is wrong" in second.text
    with here():
        (opening,) = billing_service.opening_balances(patient_id)
    for place in (f"/invoices/{opening.id}", f"/invoices/{opening.id}/print", "/invoices"):
        assert "OB-00001" in client.get(place).text
    assert "Opening balance, not an invoice" in client.get(f"/invoices/{opening.id}").text
    gone = client.submit(f"/invoices/opening-balances/{opening.id}", reason="Wrong", key=f"{KEY}-3")
    assert gone.status_code == 303
    assert "Reversed" in client.get(gone.location).text
    assert "Opening balance reversed" in client.get(f"/invoices/statement/{patient_id}").text


@pytest.mark.parametrize("amount", ["45,00", "nonsense"])
def test_what_was_typed_for_a_merged_record_is_kept_for_the_one_that_remains(client, here, amount: str) -> None:
    with here():
        survivor, merged = somebody(), somebody()
        merge_service.merge(survivor.id, merged.id)
        address, remaining = (f"/invoices/opening-balance/{one.id}" for one in (merged, survivor))

    refused = client.submit(address, side="owed", as_of="2026-01-31", reference="List", amount=amount, key=KEY)

    assert refused.status_code == 409
    assert "was merged into" in refused.text
    assert f'action="{remaining}"' in refused.text
    assert f'value="{amount}"' in refused.text
    assert client.submit(remaining, side="owed", as_of="2026-01-31", amount="45,00", key=KEY).status_code == 303


def test_credit_has_pages_but_no_receipt(client, here) -> None:
    with here():
        patient = somebody()
        opening = billing_service.enter_opening_balance(patient.id, side="credit", amount=euros(2000))
        opening_id, patient_id = opening.id, patient.id

    shown = client.get(f"/invoices/payments/{opening_id}")

    assert "Opening balance: credit" in shown.text
    assert "/receipt" not in shown.text
    assert client.get(f"/invoices/payments/{opening_id}/receipt").status_code == 404
    assert client.get(f"/invoices/opening-balances/{opening_id}").status_code == 200
    assert "Credit from before" in client.get(f"/patients/{patient_id}").text


def test_credit_from_before_is_not_reversed_as_a_payment_with_the_permission_for_those(client, here) -> None:
    with here():
        opening_id = billing_service.enter_opening_balance(somebody().id, side="credit", amount=euros(2000)).id

    over_json = client.post(
        f"/api/v1/payments/{opening_id}/reverse", json={"reason": "Wrong"}, headers={"Idempotency-Key": KEY}
    )
    on_page = client.submit(f"/invoices/payments/{opening_id}/reversal", reason="Wrong", key=f"{KEY}-2")

    assert (over_json.status_code, over_json.json["code"]) == (409, "is-opening-balance")
    assert on_page.status_code == 409
    assert "/reversal" not in client.get(f"/invoices/payments/{opening_id}").text
    with here():
        assert billing_service.get_opening_balance(opening_id).left == euros(2000)
        assert billing_service.reverse_opening_balance(opening_id, reason="Wrong").reversal_reason == "Wrong"


@pytest.mark.slow
def test_what_was_written_off_before_the_reversal_keeps_its_name(client, here) -> None:
    with here():
        patient = somebody()
        opening = _owed(patient)
        billing_service.record_payment(opening.id, amount=euros(4000), method="card")
        billing_service.write_off(opening.id, reason="Small rest")
        billing_service.reverse_opening_balance(opening.id, reason="Wrong")
        kinds = [row.entry.kind for row in billing_service.statement(patient.id).ledger.rows]
        patient_id = patient.id

    history = spoken(client.get(f"/patients/{patient_id}").text)

    assert kinds == ["opening_balance", "payment", "write_off", "opening_balance_reversal"]
    assert history.count("Opening balance of 40,00") == 1
    assert history.count("reversed") == 1


def test_commands_enter_list_and_reverse_it(run, here) -> None:
    with here():
        number = somebody().mrn

    entered = run("billing", "opening-balance", number, "45.00", "--date", "2026-01-31", "--json")
    twice = run("billing", "opening-balance", number, "45.00", "--credit")
    listed = run("billing", "opening-balances", number)
    opening = json.loads(entered.stdout)
    gone = run("billing", "reverse-opening-balance", opening["id"], "--reason", "Wrong", "--json")
    unknown = run("billing", "reverse-opening-balance", "nonsense", "--reason", "Wrong")

    assert (entered.exit_code, twice.exit_code, gone.exit_code, unknown.exit_code) == (0, 5, 0, 3)
    assert f"flask billing pay {opening['number']} 45.00" in entered.stderr
    assert "\t".join(["2026-01-31", "owed"]) in listed.stdout
    assert json.loads(gone.stdout)["reversal_reason"] == "Wrong"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/api/v1/patients/{patient}/opening-balances", 4),
        ("/api/v1/opening-balances/{opening}", 4),
        ("/invoices/opening-balance/{patient}", 12),
        ("/invoices/opening-balances/{opening}", 12),
    ],
)
def test_reading_takes_few_statements(app, client, here, address: str, most: int) -> None:
    with here():
        patient = somebody()
        for _ in range(3):
            billing_service.reverse_opening_balance(_owed(patient).id, reason="Wrong")
        ids = {"patient": patient.id, "opening": _owed(patient).id}
    client.get("/patients")

    with counted_statements(app) as seen:
        answer = client.get(address.format(**ids))

    assert answer.status_code == 200
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= most, seen


def _owed(patient: Any) -> Any:
    return billing_service.enter_opening_balance(patient.id, side="owed", amount=euros(4500))
