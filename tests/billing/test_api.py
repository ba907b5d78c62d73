"""Invoices and payments as integrators use them."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from clinic.billing.service import billing_service
from clinic.identity.api_keys import api_key_service
from tests.billing.invoices import (
    KEY,
    a_draft,
    an_invoice,
    euros,
    line_fields,
    money,
    paid_events,
    payment_fields,
)
from tests.builders import MONDAY, an_appointment, somebody

INVOICES = "/api/v1/invoices"


def pay(client: Any, invoice_id: Any, fields: dict[str, Any], key: str | None = KEY) -> Any:
    """Send a payment."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"{INVOICES}/{invoice_id}/payments", json=fields, headers=headers)


def pointers(response: TestResponse) -> list[str]:
    return [error["pointer"] for error in (response.json or {})["errors"]]


def same_bytes(response: TestResponse) -> bytes:
    """Return an answer's body without what differs from request to request."""
    return re.sub(rb"urn:clinic:request:[0-9a-f]+", b"", response.data)


def test_an_invoice_is_drafted_issued_and_paid(client, here, published) -> None:
    with here():
        patient_id = str(somebody().id)
    lines = [line_fields(), line_fields(quantity="2.5", unit_price=money("3.01"))]

    draft = client.post(INVOICES, json={"patient_id": patient_id, "lines": lines})
    issued = client.post(f"{INVOICES}/{draft.json['id']}/issue")
    payment = pay(client, draft.json["id"], payment_fields("57.53", reference="004242"))

    assert (draft.status_code, issued.status_code, payment.status_code) == (201, 200, 201)
    assert draft.json["lines"][1].items() >= (lines[1] | {"amount": money("7.53")}).items()
    assert (draft.json["number"], draft.json["status"], draft.json["version"]) == (None, "draft", 1)
    assert draft.headers["Location"] == f"{INVOICES}/{draft.json['id']}"
    assert (issued.json["status"], issued.headers["ETag"]) == ("issued", '"2"')
    assert payment.json["amount"] == money("57.53")
    assert paid_events(published) == [{"invoice_id": draft.json["id"], "amount": "57.53"}]


@pytest.mark.slow
def test_an_invoice_shows_what_was_paid_and_is_due(client, here) -> None:
    with here():
        invoice_id = an_invoice().id
    pay(client, invoice_id, payment_fields("20.00", "cash"))

    shown = client.get(f"{INVOICES}/{invoice_id}")

    assert (shown.json["total"], shown.json["paid"], shown.json["due"]) == tuple(
        map(money, ("50.00", "20.00", "30.00"))
    )
    assert [payment["method"] for payment in shown.json["payments"]] == ["cash"]
    assert re.fullmatch(r"INV-[0-9]{4}-00001", shown.json["number"])
    assert client.get(shown.request.path, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304


@pytest.mark.slow
def test_a_list_is_filtered_and_comes_in_portions(client, here) -> None:
    with here():
        patient_id = somebody().id
        made = [str(a_draft().id) for _ in range(3)]
        an_invoice()

    first = client.get(INVOICES, query_string={"status": "draft", "limit": 2})
    second = client.get(first.headers["Link"][1:].partition(">")[0])

    assert [row["id"] for row in first.json["data"] + second.json["data"]] == made[::-1]
    assert second.json["next_cursor"] is None
    assert client.get(INVOICES, query_string={"patient_id": patient_id}).json["data"] == []


def test_a_bad_query_is_refused(client) -> None:
    expected = {"status=void": 422, "patient_id=7": 422, "limit=0": 422, "cursor=x": 400, "number=1": 400}

    assert {query: client.get(f"{INVOICES}?{query}").status_code for query in expected} == expected


def test_a_cursor_is_good_for_its_own_filter_only(client, here) -> None:
    with here():
        for _ in range(2):
            a_draft()
    cursor = client.get(f"{INVOICES}?limit=1").json["next_cursor"]

    assert client.get(INVOICES, query_string={"cursor": cursor, "status": "draft"}).status_code == 400


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"lines": [line_fields(quantity="-1")]}, "#/lines/0/quantity"),
        ({"lines": [line_fields(unit_price=money("5.00", "USD"))]}, "#/lines/0/unit_price"),
        ({"patient_id": "00000000-0000-7000-8000-000000000000"}, "#/patient_id"),
    ],
)
def test_an_impossible_invoice_is_refused_where_it_is_wrong(client, here, fields: Any, pointer: str) -> None:
    with here():
        given = {"patient_id": str(somebody().id), "lines": [line_fields()]}

    refused = client.post(INVOICES, json=given | fields)

    assert (refused.status_code, pointers(refused)) == (422, [pointer])
    assert client.get(INVOICES).json["data"] == []


@pytest.mark.row(81)
def test_a_bad_amount_is_refused_with_a_reason_and_nothing_is_stored(client, here) -> None:
    with here():
        invoice_id = an_invoice().id

    for amount, pointer in (("1,5", "#/amount/amount"), ("-5", "#/amount"), ("0", "#/amount"), ("0.00", "#/amount")):
        refused = pay(client, invoice_id, payment_fields(amount))
        assert (refused.status_code, pointers(refused)) == (422, [pointer]), amount

    assert client.get(f"{INVOICES}/{invoice_id}").json["paid"] == money("0.00")


@pytest.mark.row(81)
def test_a_number_that_json_does_not_have_is_refused(client, here) -> None:
    with here():
        address = f"{INVOICES}/{an_invoice().id}"
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}

    for constant, status in (("NaN", 400), ("Infinity", 400), ("-Infinity", 400), ("1e400", 422)):
        body = f'{{"amount": {constant}, "method": "card"}}'
        assert client.post(f"{address}/payments", data=body, headers=headers).status_code == status, constant

    assert client.get(address).json["payments"] == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        (payment_fields("5.00") | {"amount": money("5.00", "USD")}, "#/amount"),
        (payment_fields("5.00", "cheque"), "#/method"),
    ],
)
def test_an_impossible_payment_is_refused_where_it_is_wrong(client, here, fields: Any, pointer: str) -> None:
    with here():
        invoice_id = an_invoice().id

    refused = pay(client, invoice_id, fields)

    assert (refused.status_code, pointers(refused)) == (422, [pointer])


@pytest.mark.row(82)
def test_too_much_is_a_conflict_that_names_what_is_due(client, here) -> None:
    with here():
        invoice_id = an_invoice().id

    refused = pay(client, invoice_id, payment_fields("50.01"))

    assert (refused.status_code, refused.json["code"]) == (409, "payment-too-large")
    assert (refused.json["due"], refused.json["detail"]) == (money("50.00"), "50,00\xa0€ is still due")


@pytest.mark.slow
@pytest.mark.row(82)
def test_a_draft_and_a_paid_invoice_take_no_payment(client, here) -> None:
    with here():
        draft, paid = a_draft().id, an_invoice().id
        billing_service.record_payment(paid, amount=euros(5000), method="card")

    assert pay(client, draft, payment_fields()).json["code"] == "invoice-not-issued"
    assert pay(client, paid, payment_fields("1.00")).json["code"] == "invoice-already-paid"


@pytest.mark.slow
@pytest.mark.row(71)
def test_a_key_sent_again_gets_the_same_answer_and_takes_nothing(client, here, published) -> None:
    with here():
        invoice_id = an_invoice().id

    first, again = (pay(client, invoice_id, payment_fields()) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(paid_events(published)) == 1


@pytest.mark.row(72)
@pytest.mark.parametrize(
    ("amount", "other"), [("30.00", {}), ("20.00", {"reference": "till 2"}), ("20.00", {"method": "cash"})]
)
def test_a_key_sent_with_another_body_is_refused_and_takes_nothing(client, here, amount: str, other: Any) -> None:
    with here():
        invoice_id = an_invoice().id
    first = pay(client, invoice_id, payment_fields("20.00", reference="till 1"))

    refused = pay(client, invoice_id, payment_fields(amount, **{"reference": "till 1"} | other))

    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    assert (refused.json["code"], refused.json["status"]) == ("idempotency-key-reused", 422)
    assert "used for another request" in refused.json["detail"]
    assert client.get(f"{INVOICES}/{invoice_id}/payments").json["data"] == [first.json]


@pytest.mark.row(74)
def test_a_key_that_came_with_a_refused_payment_is_still_good(client, here) -> None:
    with here():
        invoice_id = an_invoice().id
    refused = [pay(client, invoice_id, payment_fields(amount)).status_code for amount in ("1,5", "50.01")]

    taken = pay(client, invoice_id, payment_fields("50.00"))

    assert refused == [422, 409]
    assert (taken.status_code, "Idempotency-Replayed" in taken.headers) == (201, False)


@pytest.mark.slow
@pytest.mark.row(70)
@pytest.mark.row(73)
def test_a_payment_needs_a_key_of_a_fair_length(client, here) -> None:
    with here():
        invoice_id = an_invoice().id

    for key, status in ((None, 400), ("", 422), ("x" * 15, 422), ("x" * 256, 422), ("é" * 16, 422), ("x" * 255, 201)):
        assert pay(client, invoice_id, payment_fields(), key).status_code == status, key


@pytest.mark.slow
def test_the_payments_of_an_invoice_are_listed_the_latest_first(client, here) -> None:
    with here():
        invoice_id = an_invoice().id
        for cents in (100, 200, 300):
            billing_service.record_payment(invoice_id, amount=euros(cents), method="cash")

    first = client.get(f"{INVOICES}/{invoice_id}/payments?limit=2")
    second = client.get(first.headers["Link"][1:].partition(">")[0])

    amounts = [row["amount"]["amount"] for row in first.json["data"] + second.json["data"]]
    assert amounts == ["3.00", "2.00", "1.00"]


def test_a_stale_issue_is_refused_and_without_a_version_it_goes_through(client, here) -> None:
    with here():
        address = f"{INVOICES}/{a_draft().id}/issue"

    stale = client.post(address, headers={"If-Match": '"7"'})
    good = client.post(address, headers={"If-Match": '"1"'})
    again = client.post(address)

    assert (stale.status_code, good.status_code) == (412, 200)
    assert (again.status_code, again.json["code"]) == (409, "invoice-not-draft")


@pytest.mark.slow
def test_issuing_takes_any_of_several_versions(client, here) -> None:
    with here():
        address = f"{INVOICES}/{a_draft().id}/issue"

    assert client.post(address, headers={"If-Match": '"7", "8"'}).status_code == 412
    assert client.post(address, headers={"If-Match": '"1", "2"'}).status_code == 200


@pytest.mark.slow
def test_whatever_version_is_named_an_invoice_that_is_not_ours_is_not_found(client, here, other_clinic) -> None:
    with here(other_clinic.id):
        theirs = a_draft().id

    for tags in ("abc", 'W/"1"', '"1", "2"', '"7"', "", "*"):
        answers = [client.post(f"{INVOICES}/{one}/issue", headers={"If-Match": tags}) for one in (theirs, uuid4())]

        assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(404, "not-found")] * 2, tags
        assert same_bytes(answers[0]) == same_bytes(answers[1])


def test_another_clinics_invoice_answers_like_one_that_is_not_there(client, here, other_clinic) -> None:
    with here(other_clinic.id):
        theirs = an_invoice().id

    for method, path, body in (
        ("GET", "", None),
        ("POST", "/issue", None),
        ("POST", "/payments", payment_fields()),
    ):
        answers = [
            client.open(f"{INVOICES}/{one}{path}", method=method, json=body, headers={"Idempotency-Key": KEY})
            for one in (theirs, uuid4())
        ]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert same_bytes(answers[0]) == same_bytes(answers[1])


def test_another_clinics_patient_can_not_be_billed(client, here, other_clinic) -> None:
    with here(other_clinic.id):
        theirs = somebody().id

    refused = client.post(INVOICES, json={"patient_id": str(theirs), "lines": [line_fields()]})

    assert (refused.status_code, pointers(refused)) == (422, ["#/patient_id"])


@pytest.mark.slow
@pytest.mark.row(72)
def test_clinics_count_and_key_apart(client, here, other_clinic) -> None:
    with here(other_clinic.id):
        theirs = an_invoice()
        billing_service.record_payment(theirs.id, amount=euros(5000), method="card", idempotency_key=KEY)
    with here():
        ours = an_invoice()

    assert ours.number == theirs.number
    assert pay(client, ours.id, payment_fields()).status_code == 201
    assert [row["id"] for row in client.get(INVOICES).json["data"]] == [str(ours.id)]


@pytest.mark.row(24)
@pytest.mark.row(32)
@pytest.mark.row(64)
def test_issuing_takes_no_body(client, here) -> None:
    with here():
        address = f"{INVOICES}/{a_draft().id}"

    for body, content_type, status in (
        (b"paid=1", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"status": "balanced"}', "application/json", 422),
    ):
        assert client.post(f"{address}/issue", data=body, content_type=content_type).status_code == status, body

    assert client.get(address).json["status"] == "draft"


@pytest.mark.parametrize(("body", "content_type"), [(b"{}", "application/json"), (b"", "")])
def test_an_invoice_is_issued_without_a_body_or_with_an_empty_object(client, here, body: bytes, content_type) -> None:
    with here():
        address = f"{INVOICES}/{a_draft().id}"

    assert client.post(f"{address}/issue", data=body, content_type=content_type).status_code == 200
    assert client.get(address).json["status"] == "issued"


@pytest.mark.slow
def test_an_invoice_names_its_visit_and_is_found_by_it(client, here) -> None:
    with here():
        an_invoice()
        other_id = an_appointment(starts_at=MONDAY + timedelta(hours=1)).id
        visit = an_appointment()
    fields = {"patient_id": str(visit.patient_id), "appointment_id": str(visit.id), "lines": [line_fields()]}

    made = client.post(INVOICES, json=fields)
    found = client.get(f"{INVOICES}?appointment_id={visit.id}")
    refused = client.post(INVOICES, json=fields | {"appointment_id": str(other_id)})

    assert made.json["appointment_id"] == str(visit.id)
    assert [one["id"] for one in found.json["data"]] == [made.json["id"]]
    assert (refused.status_code, pointers(refused)) == (422, ["#/appointment_id"])
    assert client.get(f"{INVOICES}?appointment_id=9").status_code == 422


def test_who_may_not_see_appointments_is_told_the_same_of_one_that_exists_and_one_that_does_not(client, here) -> None:
    with here():
        other_id = an_appointment(starts_at=MONDAY + timedelta(hours=1)).id
        visit = an_appointment()
        visit_id, patient_id = visit.id, visit.patient_id
        _, key = api_key_service.create(label="Till", scopes=["invoices:write", "patients:read"])
    fields = {"patient_id": str(patient_id), "lines": [line_fields()]}

    till = {"Authorization": f"Bearer {key}"}

    own, others, missing = (
        client.post(INVOICES, json=fields | {"appointment_id": str(one)}, headers=till)
        for one in (visit_id, other_id, uuid4())
    )

    assert own.json["errors"] == others.json["errors"] == missing.json["errors"]
    assert (own.status_code, own.json["errors"][0]["detail"]) == (422, "There is no such appointment")
    assert client.post(INVOICES, json=fields, headers=till).status_code == 201
