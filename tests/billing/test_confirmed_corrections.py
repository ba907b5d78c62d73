"""What is confirmed is what was shown: a correction of an invoice that was changed meanwhile is refused, in words."""

from typing import Any
from uuid import UUID

import pytest

from clinic.billing.service import AmountChanged, InvoiceChanged, billing_service
from clinic.core.db import db
from tests.billing.corrections import confirm, paid, state
from tests.billing.invoices import KEY, an_invoice, euros, money
from tests.page_client import hidden_value

CORRECTIONS = [
    ("write-off", {"reason": "Moved away"}),
    ("credit-note", {"what": "whole", "reason": "goodwill", "note": "Agreed"}),
]
SENT = {"write-off": {"reason": "Moved away"}, "credit-notes": {"reason": "goodwill"}}


def due(here: Any, invoice_id: UUID) -> int:
    """Return what is due of an invoice, as the database has it."""
    with here():
        db.session.expire_all()
        return billing_service.get(invoice_id).due.minor


@pytest.mark.parametrize(("path", "typed"), CORRECTIONS)
def test_a_page_refuses_what_was_changed_after_it_was_shown(client, here, path: str, typed: dict[str, str]) -> None:
    with here():
        invoice = an_invoice()
    address = f"/invoices/{invoice.id}/{path}"
    version = hidden_value(client.get(address).text, "version")
    with here():
        paid(invoice, 2000)

    refused = client.submit(address, key=KEY, version=version, **typed)
    without_version = client.submit(address, key=KEY, **typed)
    seen = hidden_value(refused.text, "version")
    confirmed = client.submit(address, key=KEY, version=seen, **typed)

    assert (refused.status_code, without_version.status_code) == (409, 409)
    assert "This invoice was changed after it was shown: 30,00\xa0€ is due now" in refused.text
    assert all(f'value="{value}"' in refused.text or value in refused.text for value in typed.values())
    assert confirmed.status_code == 303
    assert due(here, invoice.id) == 0


@pytest.mark.parametrize(("path", "typed"), CORRECTIONS)
def test_a_page_with_an_error_also_says_that_the_invoice_was_changed(
    client, here, path: str, typed: dict[str, str]
) -> None:
    with here():
        invoice = an_invoice()
    address = f"/invoices/{invoice.id}/{path}"
    version = hidden_value(client.get(address).text, "version")
    with here():
        paid(invoice, 2000)

    refused = client.submit(address, key=KEY, version=version, **typed | {"reason": ""})
    unchanged = confirm(client, address, key=KEY, **typed | {"reason": ""})

    assert (refused.status_code, unchanged.status_code) == (422, 422)
    assert "was changed after it was shown" in refused.text
    assert "was changed after it was shown" not in unchanged.text


@pytest.mark.slow
@pytest.mark.parametrize("path", SENT)
def test_json_honours_if_match(client, here, path: str) -> None:
    with here():
        invoice = an_invoice()
        stale = f'"{invoice.version}"'
        paid(invoice, 2000)
    address = f"/api/v1/invoices/{invoice.id}"

    refused = client.post(f"{address}/{path}", json=SENT[path], headers={"Idempotency-Key": KEY, "If-Match": stale})
    current = client.get(address).headers["ETag"]
    made = client.post(f"{address}/{path}", json=SENT[path], headers={"Idempotency-Key": KEY, "If-Match": current})

    assert refused.status_code == 412
    assert refused.json["present"]["due"] == money("30.00")
    assert "30,00\xa0€ is due now" in refused.json["detail"]
    assert made.status_code in {200, 201}
    assert due(here, invoice.id) == 0


@pytest.mark.slow
def test_commands_take_the_amount_that_is_expected(run, here) -> None:
    with here():
        first, second = an_invoice(), an_invoice()
        paid(first, 2000)
        number, other = str(first.number), str(second.number)
        ids = [first.id, second.id]
    off = ("billing", "write-off", number, "--reason", "Moved away")
    credit = ("billing", "credit", other, "--reason", "goodwill")

    refused = [run(*off, "--amount", "50"), run(*credit, "--amount", "49.99")]
    invalid = run("billing", "write-off", number, "--reason", " ", "--amount", "many")
    kept = [due(here, one) for one in ids]
    made = [run(*off, "--amount", "30"), run(*credit, "--amount", "50.00")]

    assert [one.exit_code for one in refused] == [5, 5]
    assert "The amount is 30,00 € now: nothing was done" in refused[0].stderr
    assert invalid.exit_code == 2
    assert all(name in invalid.stderr for name in ("reason", "amount"))
    assert kept == [3000, 5000]
    assert [one.exit_code for one in made] == [0, 0]
    assert [due(here, one) for one in ids] == [0, 0]


@pytest.mark.usefixtures("inside")
def test_the_service_checks_version_and_amount_under_the_lock() -> None:
    invoice = an_invoice()
    version = invoice.version
    paid(invoice, 2000)

    for correct in (billing_service.write_off, billing_service.credit_invoice):
        given: dict[str, Any] = {"reason": "goodwill"}
        with pytest.raises(InvoiceChanged):
            correct(invoice.id, version=version, **given)
        with pytest.raises(AmountChanged):
            correct(invoice.id, amount=euros(4000), **given)

    billing_service.write_off(invoice.id, reason="Moved away", version=invoice.version, amount=euros(3000))
    assert state(invoice) == ("balanced", "written off", 0)
