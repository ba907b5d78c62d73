"""The settings of billing: what an invoice says of the clinic, its number, terms and default tax."""

import json

import pytest

from clinic.billing.service import billing_settings_service, tax_rate_service
from clinic.billing.settings_rules import (
    BAD_BIC,
    BAD_IBAN,
    BAD_PATTERN,
    LIKE_CREDIT_NOTES,
    invoice_number,
    is_pattern,
    reads_like_credit_notes,
)
from clinic.core.errors import InvalidInput, StaleVersion
from tests.assertions import row_counts, spoken
from tests.billing.invoices import an_invoice
from tests.billing.prices import a_tax

IBAN = "PT50 0002 0123 1234 5678 9015 4"


def form(**fields):
    """The settings as the page sends them."""
    defaults = {"number_pattern": "INV-YYYY-#####", "payment_days": "14", "prices_include_tax": "1"}
    return {"version": "0", **defaults, **fields}


def test_until_they_are_saved_the_settings_are_the_defaults(client):
    answer = client.get("/api/v1/billing-settings")

    assert answer.json | {"updated_at": ""} == {
        **dict.fromkeys(("legal_name", "address", "phone", "email", "tax_number", "iban", "bic", "footer")),
        "number_pattern": "INV-YYYY-#####",
        "payment_days": 14,
        "prices_include_tax": True,
        "default_tax_rate_id": None,
        "version": 0,
        "updated_at": "",
    }


def test_the_page_saves_the_settings(client, here):
    answer = client.submit("/invoices/settings", **form(legal_name="Harbour, Lda.", iban=IBAN, bic="harbptpl"))

    assert answer.status_code == 303
    with here():
        stored = billing_settings_service.current()
    assert (stored.legal_name, stored.iban, stored.bic) == ("Harbour, Lda.", "PT50000201231234567890154", "HARBPTPL")
    assert IBAN in client.get("/invoices/settings").text


def test_every_wrong_field_is_named_and_what_was_typed_kept(app, client):
    wrong = form(iban="PT50 0002 0123 1234 5678 9015 5", bic="X", number_pattern="INV-##", payment_days="366")

    answer = client.submit("/invoices/settings", **wrong)

    page = spoken(answer.text)
    assert answer.status_code == 422
    assert all(message in page for message in (BAD_IBAN, BAD_BIC, BAD_PATTERN, "from 0 to 365"))
    assert 'value="PT50 0002 0123 1234 5678 9015 5"' in answer.text
    assert row_counts(app)["billing_settings"] == 0


def test_of_two_edits_the_second_sees_both_versions(client):
    client.submit("/invoices/settings", **form(tax_number="PT 1"))

    answer = client.submit("/invoices/settings", **form(tax_number="PT 2"))

    assert answer.status_code == 409
    assert "PT 1" in answer.text
    assert "PT 2" in answer.text


def test_json_changes_the_given_fields_with_the_version(client, here):
    with here():
        tax = a_tax()
    body = {"default_tax_rate_id": str(tax.id), "prices_include_tax": False}

    answer = client.patch("/api/v1/billing-settings", json=body, headers={"If-Match": '"0"'})
    stale = client.patch("/api/v1/billing-settings", json=body, headers={"If-Match": '"0"'})

    assert (answer.status_code, answer.json["version"], answer.json["default_tax_rate_id"]) == (200, 1, str(tax.id))
    assert stale.status_code == 412


def test_an_archived_tax_is_no_default_unless_it_was(inside):
    tax = a_tax()
    billing_settings_service.update(version=0, default_tax_rate_id=tax.id)
    tax_rate_service.archive(tax.id)

    billing_settings_service.update(version=1, default_tax_rate_id=tax.id, footer="x")

    billing_settings_service.update(version=2, default_tax_rate_id=None)
    with pytest.raises(InvalidInput):
        billing_settings_service.update(version=None, default_tax_rate_id=tax.id)


@pytest.mark.both_databases
def test_the_settings_are_stored_once(inside):
    billing_settings_service.update(version=0, footer="x")

    with pytest.raises(StaleVersion):
        billing_settings_service.update(version=0, footer="y")
    assert billing_settings_service.update(version=None, footer="z").version == 2


def test_the_command_shows_and_changes_them(run):
    result = run("billing", "settings", "--tax-number", "PT 509", "--payment-days", "30", "--json")

    assert result.exit_code == 0, result.stderr
    shown = json.loads(result.stdout)
    assert (shown["tax_number"], shown["payment_days"], shown["version"]) == ("PT 509", 30, 1)
    assert json.loads(run("billing", "settings", "--json").stdout) == shown


@pytest.mark.slow
def test_the_pattern_numbers_the_next_invoice(inside):
    first = an_invoice()
    billing_settings_service.update(version=0, number_pattern="FT-YYYY/###")

    second = an_invoice()

    assert str(first.number).endswith("-00001")
    assert str(second.number).startswith("FT-")
    assert str(second.number).endswith("/002")


@pytest.mark.parametrize(
    "pattern",
    ["", "INV", "YYYY-###1", "####-YYYY", "YYYY####", "YYYY-YYYY-###", "INV-YYYY-##", "X" * 10 + "YYYY-###"],
)
def test_a_pattern_whose_numbers_could_repeat_or_be_too_long_is_none(pattern):
    assert not is_pattern(pattern)


def test_a_number_longer_than_the_pattern_is_kept_whole():
    assert invoice_number("A/YYYY/###", 2026, 12345) == "A/2026/12345"


@pytest.mark.parametrize("pattern", ["CN-YYYY-#####", "cn-YYYY-####", "CN/YYYY/###", "C.N-YYYY-####"])
def test_a_pattern_like_that_of_credit_notes_is_refused_in_words(client, run, pattern):
    page = client.submit("/invoices/settings", number_pattern=pattern, payment_days="14", version="0")
    sent = client.patch("/api/v1/billing-settings", json={"number_pattern": pattern}, headers={"If-Match": "*"})
    command = run("billing", "settings", "--number-pattern", pattern)

    assert (page.status_code, sent.status_code, command.exit_code) == (422, 422, 2)
    assert LIKE_CREDIT_NOTES in page.text
    assert [one["detail"] for one in sent.json["errors"]] == [LIKE_CREDIT_NOTES]
    assert LIKE_CREDIT_NOTES in command.stderr


@pytest.mark.parametrize("pattern", ["INV-YYYY-#####", "CNX-YYYY-####", "FT-YYYY/###", "ACN-YYYY-####"])
def test_other_patterns_are_accepted(inside, pattern):
    assert not reads_like_credit_notes(pattern)
