"""Fields that every module shares: true and false, boxes of forms, objects inside records."""

from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from clinic.web.fields import NOT_A_BOOLEAN, Line, Part, Switch, Tick
from tests.billing.invoices import KEY, an_invoice, money

READS_LIKE_ONE = ["yes", "true", "on", "t", "1", 1, 0, 1.0, "", None, []]


@pytest.mark.parametrize("value", READS_LIKE_ONE)
def test_what_only_reads_like_true_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match=NOT_A_BOOLEAN):
        Switch().deserialize(value)


@pytest.mark.parametrize(("typed", "value"), [("1", True), ("0", False), ("", False), (True, True), (False, False)])
def test_a_box_of_a_form_is_ticked_or_not(typed: Any, value: bool) -> None:
    assert Tick().deserialize(typed) is value


@pytest.mark.parametrize("typed", ["yes", "on", "true", 1, None])
def test_nothing_else_is_a_box_of_a_form(typed: Any) -> None:
    with pytest.raises(ValidationError, match=NOT_A_BOOLEAN):
        Tick().deserialize(typed)


class Inner(Schema):
    """An object inside a record."""

    name = Line(required=True, what="a name")


@pytest.mark.parametrize("value", ["text", 1, [], [{"name": "x"}], True])
def test_something_else_than_an_object_is_named_in_words(value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Part(Inner, "the payer").deserialize(value)

    assert refused.value.messages == ["Enter the payer as an object"]


def test_an_object_is_loaded_with_its_own_errors() -> None:
    assert Part(Inner, "the payer").deserialize({"name": "Rui"}) == {"name": "Rui"}
    with pytest.raises(ValidationError) as refused:
        Part(Inner, "the payer").deserialize({})
    assert refused.value.messages == {"name": ["Enter a name"]}


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (
            "/invoices/{invoice}/payments",
            {"amount": money("1.00"), "method": "cash", "keep_credit": "yes"},
            "keep_credit",
        ),
        ("/invoices/{invoice}/issue", {"confirm_date": "1"}, "confirm_date"),
        ("/payments/{invoice}/refunds", {"amount": money("1.00"), "from_credit": 1}, "from_credit"),
    ],
)
def test_json_takes_true_and_false_alone(client, here, path: str, body: dict[str, Any], pointer: str) -> None:
    with here():
        invoice = an_invoice()

    answer = client.post(f"/api/v1{path.format(invoice=invoice.id)}", json=body, headers={"Idempotency-Key": KEY})

    assert answer.status_code == 422
    found = {one["pointer"]: one["detail"] for one in answer.json["errors"]}
    assert found[f"#/{pointer}"] == NOT_A_BOOLEAN


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer", "words"),
    [
        ("post", "/invoices", {"lines": ["x"]}, "#/lines/0", "Enter a line as an object"),
        ("post", "/invoices", {"lines": [], "payer": "me"}, "#/payer", "Enter the payer as an object"),
        ("post", "/payments", {"allocations": [1]}, "#/allocations/0", "Enter a part of the payment as an object"),
        ("post", "/price-items", {"prices": ["x"]}, "#/prices/0", "Enter a period as an object"),
        ("patch", "/billing-settings", {"prices_include_tax": "yes"}, "#/prices_include_tax", NOT_A_BOOLEAN),
        ("patch", "/notification-settings", {"quiet": "1"}, "#/quiet", NOT_A_BOOLEAN),
    ],
)
def test_json_names_what_is_no_object_and_no_boolean(
    client, *, method: str, path: str, body: dict[str, Any], pointer: str, words: str
) -> None:
    headers = {"Idempotency-Key": KEY} if method == "post" else {"If-Match": "*"}

    answer = getattr(client, method)(f"/api/v1{path}", json=body, headers=headers)

    assert answer.status_code == 422
    assert words in [one["detail"] for one in answer.json["errors"] if one["pointer"] == pointer]
