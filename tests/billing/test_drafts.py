"""Drafts: lines with items, discounts and tax; changed, duplicated and deleted, by service, page, JSON and command."""

import json
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from clinic.billing.models import InvoiceLine
from clinic.billing.service import (
    InvalidLines,
    InvoiceNotDraft,
    InvoiceNotFound,
    billing_service,
    billing_settings_service,
    price_list,
    tax_rate_service,
)
from clinic.core.db import db
from clinic.core.errors import StaleVersion
from clinic.core.money import Money
from tests.appointments.schedule import a_service, book
from tests.assertions import row_counts, spoken
from tests.billing.invoices import a_draft, a_line, a_seller, an_invoice, euros, line_fields, money, typed_lines
from tests.billing.prices import REASON, a_tax, an_exemption, an_item
from tests.builders import somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

INVOICES = "/api/v1/invoices"


def item_line(item, quantity="1", **fields):
    """A line of an item, as the service takes it."""
    return {"item_id": item.id, "quantity": Fraction(quantity), **fields}


def test_price_label_and_tax_of_an_item_come_from_the_list(inside):
    item = an_item(1500, code="4010", label="Certificate", tax=a_tax("23"))

    (line,) = a_draft(lines=[item_line(item, "2")]).lines

    assert (line.code, line.description, line.amount) == ("4010", "Certificate", euros(3000))
    assert line.tax == ("S", Fraction(23))


def test_a_line_without_a_tax_has_the_default_of_the_settings(inside):
    exempt, vat = an_exemption(), a_tax("6")
    billing_settings_service.update(version=0, default_tax_rate_id=exempt.id)

    invoice = a_draft(lines=[a_line(), a_line() | {"tax_rate_id": vat.id}])

    assert [line.tax for line in invoice.lines] == [("E", Fraction(0)), ("S", Fraction(6))]
    assert {line.tax_reason for line in invoice.lines if line.tax_reason} == {REASON}


def test_tax_is_taken_out_of_prices_or_added_to_them(inside):
    vat = a_tax("23")
    lines = [a_line(1500) | {"tax_rate_id": vat.id}]
    included = a_draft(lines=lines)
    billing_settings_service.update(version=0, prices_include_tax=False)

    added = a_draft(lines=lines)

    assert [included.totals.net, included.totals.tax, included.total] == [euros(1220), euros(280), euros(1500)]
    assert [added.totals.net, added.totals.tax, added.total] == [euros(1500), euros(345), euros(1845)]


def test_a_draft_keeps_its_terms_when_prices_and_settings_change(inside):
    item = an_item(5000, tax=a_tax("23"))
    invoice = a_draft(lines=[item_line(item)])
    price_list.update(item.id, version=1, prices=[])
    assert item.tax_rate_id
    tax_rate_service.update(item.tax_rate_id, version=1, name="Other")
    billing_settings_service.update(version=0, prices_include_tax=False)

    db.session.expire_all()

    assert billing_service.get(invoice.id).total == euros(5000)
    assert billing_service.get(invoice.id).prices_include_tax


@pytest.mark.parametrize(
    ("fields", "amount"),
    [({"discount_percent": Fraction(20)}, 5200), ({"discount": euros(500)}, 6000), ({"discount": euros(6500)}, 0)],
)
def test_a_discount_lowers_the_line(inside, fields, amount):
    (line,) = a_draft(lines=[a_line(6500) | fields]).lines

    assert line.amount == euros(amount)


@pytest.mark.row(82)
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"discount": euros(5001)}, "discount"),
        ({"discount": euros(0)}, "discount"),
        ({"discount": Money(1, "USD")}, "discount"),
        ({"discount_percent": Fraction("100.001")}, "discount"),
        ({"discount_percent": Fraction(1), "discount": euros(1)}, "discount"),
        ({"quantity": Fraction(0)}, "quantity"),
        ({"unit_price": euros(-1)}, "unit_price"),
        ({"unit_price": None}, "unit_price"),
        ({"description": None}, "description"),
        ({"item_id": UUID(int=7)}, "item_id"),
        ({"tax_rate_id": UUID(int=7)}, "tax_rate_id"),
    ],
)
def test_an_impossible_line_among_three_hundred_is_named_and_nothing_stored(inside, fields, field):
    lines = [a_line()] * 299 + [a_line() | fields]

    with pytest.raises(InvalidLines) as refused:
        a_draft(lines=lines)

    problems: Any = refused.value.problems["lines"]
    assert {number: list(found) for number, found in problems.items()} == {299: [field]}
    assert db.session.scalars(select(InvoiceLine)).all() == []


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_draft_is_changed_as_a_whole_or_in_part(inside):
    invoice = a_draft(lines=[a_line(description=name) for name in "AB"])

    billing_service.update(invoice.id, version=1, lines=[a_line(100, description=name) for name in "XYZ"])
    changed = billing_service.update(invoice.id, version=2, note="Thank you")

    assert [line.description for line in changed.lines] == ["X", "Y", "Z"]
    assert (changed.total, changed.note, changed.version) == (euros(300), "Thank you", 3)
    with pytest.raises(StaleVersion):
        billing_service.update(invoice.id, version=1, note="")


@pytest.mark.row(82)
def test_an_issued_invoice_is_neither_changed_nor_deleted(inside):
    invoice = an_invoice()

    with pytest.raises(InvoiceNotDraft):
        billing_service.update(invoice.id, version=None, note="x")
    with pytest.raises(InvoiceNotDraft):
        billing_service.delete(invoice.id, version=None)


def test_a_copy_has_the_same_lines_and_no_number(inside):
    item = an_item(1500, tax=a_tax("23"))
    a_seller()
    source = billing_service.issue(a_draft(lines=[item_line(item, discount_percent=Fraction(10))]).id)

    copy = billing_service.duplicate(source.id)

    assert (copy.status, copy.number, copy.total, copy.patient_id) == ("draft", None, source.total, source.patient_id)
    assert [line.tax for line in copy.lines] == [line.tax for line in source.lines]


@pytest.mark.both_databases
def test_a_deleted_draft_is_gone_with_its_lines_and_audited(inside):
    invoice = a_draft()

    billing_service.delete(invoice.id, version=1)

    with pytest.raises(InvoiceNotFound):
        billing_service.get(invoice.id)
    deleted = text("SELECT record FROM audit_entries WHERE action = 'deleted' ORDER BY record")
    assert db.session.scalars(deleted).all() == ["invoice_lines", "invoices"]


def test_the_form_reads_items_discounts_and_taxes(app, client, here):
    with here():
        an_item(6500, code="2110", label="Mole check")
        vat, mrn = str(a_tax("23").id), somebody().mrn
    rows = typed_lines(("2110", "2", ""), ("Bandage", "1", "9,80"))
    extra = {"lines-0-discount": "20 %", "lines-1-discount": "1.80", "lines-1-tax_rate_id": vat}

    sent = client.submit("/invoices/new", patient=mrn, note="Paid by May", **rows, **extra)

    page = spoken(client.get(sent.location).text)
    assert sent.status_code == 303
    assert "Mole check 2110 20 % discount 2 65,00 € 104,00 €" in page
    assert "23 % 6,50 € 1,50 € 8,00 €" in page
    assert "Paid by May" in page


def test_a_faulty_line_among_three_hundred_comes_back_with_what_was_typed(app, client, here):
    with here():
        mrn = somebody().mrn
    rows = typed_lines(*[("X-ray", "1", "5")] * 299, ("Bandage", "2", "9,8O")) | {"lines-298-discount": "110 %"}

    answer = client.submit("/invoices/new", patient=mrn, **rows)

    assert answer.status_code == 422
    assert '<a href="#f-lines-299-unit_price">Line 300: enter an amount like 45.00</a>' in answer.text
    assert '<a href="#f-lines-298-discount">Line 299: ' in answer.text
    assert 'value="9,8O"' in answer.text
    assert row_counts(app)["invoices"] == 0


@pytest.mark.slow
def test_three_hundred_lines_are_stored_from_one_form(app, client, here):
    with here():
        mrn = somebody().mrn

    sent = client.submit("/invoices/new", patient=mrn, **typed_lines(*[("X-ray", "1", "5")] * 300))

    assert sent.status_code == 303
    assert row_counts(app)["invoice_lines"] == 300


def test_buttons_add_and_remove_lines_without_checking(client, here):
    with here():
        an_item(6500, code="2110", label="Mole check")
    rows = typed_lines(("A", "1", "x"), ("B", "1", "5"), ("", "1", ""))

    added = client.submit("/invoices/new", **rows, item="mole check", add="1")
    removed = client.submit("/invoices/new", **rows, remove="0")

    assert 'value="2110 Mole check"' in added.text
    assert 'name="lines-2-unit_price" value="65.00"' in added.text
    assert (added.status_code, removed.status_code) == (200, 200)
    assert 'value="A"' not in removed.text
    assert 'name="lines-0-description" value="B"' in removed.text


def test_a_draft_is_edited_on_its_page(client, here):
    with here():
        item = an_item(1500, code="4010", label="Certificate")
        draft = a_draft(lines=[item_line(item, discount_percent=Fraction(10))])
        address = f"/invoices/{draft.id}"

    page = client.get(f"{address}/edit").text
    saved = client.submit(f"{address}/edit", version=1, **typed_lines(("4010 Certificate", "2", "15")))
    stale = client.submit(f"{address}/edit", version=1, **typed_lines(("Mine", "1", "5")))

    assert 'value="4010 Certificate"' in page
    assert 'value="10 %"' in page
    assert hidden_value(page, "version") == "1"
    assert (saved.status_code, stale.status_code) == (303, 409)
    assert "1 × Mine, 5" in stale.text
    assert "2 × 4010 Certificate, 15.00" in stale.text
    assert "30,00 €" in spoken(client.get(address).text)


def test_an_issued_invoice_has_no_form(client, here):
    with here():
        address = f"/invoices/{an_invoice().id}"

    assert client.get(f"{address}/edit").location == address
    assert client.submit(f"{address}/edit", version=2, **typed_lines(("X", "1", "5"))).status_code == 409
    assert client.submit(f"{address}/deletion", version=2).status_code == 409


def test_a_draft_is_duplicated_and_deleted_on_its_page(app, client, here):
    with here():
        draft_id = a_draft().id

    copied = client.submit(f"/invoices/{draft_id}/duplicate")
    asked = client.get(f"/invoices/{draft_id}/deletion")
    deleted = client.submit(f"/invoices/{draft_id}/deletion", version=1)

    assert copied.location.endswith("/edit")
    assert "50,00 €" in spoken(asked.text)
    assert (deleted.status_code, row_counts(app)["invoices"]) == (303, 1)


def test_a_visit_is_billed_with_the_items_of_its_service(client, here):
    with here():
        service = a_service()
        an_item(5500, code="3102", label="Physiotherapy", service_ids=[service.id])
        visit_id = book(service=service).id

    page = client.get(f"/invoices/new?appointment={visit_id}").text

    assert 'value="3102 Physiotherapy"' in page
    assert 'value="55.00"' in page


def test_a_list_in_a_patch_holds_whole_rows(client, here):
    with here():
        address = f"{INVOICES}/{a_draft().id}"
    line = {name: value for name, value in line_fields().items() if name != "quantity"}

    answer = client.patch(address, json={"lines": [line], "payer": {"name": "Rui"}}, headers={"If-Match": '"1"'})

    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json["errors"]} == {"#/lines/0/quantity", "#/payer/kind"}


def test_json_changes_copies_and_deletes_drafts(client, here):
    with here():
        tax = a_tax("23")
        item_id, address = str(an_item(1500, code="4010", tax=tax).id), f"{INVOICES}/{a_draft().id}"
    lines = [{"item_id": item_id, "quantity": "2", "discount_percent": "10"}, line_fields(discount=money("5.00"))]

    changed = client.patch(address, json={"lines": lines}, headers={"If-Match": '"1"'})
    copied = client.post(f"{address}/duplicate")
    stale = client.delete(address, headers={"If-Match": '"1"'})
    deleted = client.delete(address, headers={"If-Match": '"2"'})

    assert [line["amount"] for line in changed.json["lines"]] == [money("27.00"), money("45.00")]
    assert (changed.json["net"], changed.json["tax"]) == (money("66.95"), money("5.05"))
    assert changed.json["taxes"][0] == {
        "category": "S",
        "rate": "23",
        "net": money("21.95"),
        "tax": money("5.05"),
        "gross": money("27.00"),
    }
    assert copied.json["total"] == changed.json["total"]
    assert (stale.status_code, deleted.status_code, client.get(address).status_code) == (412, 204, 404)


@pytest.mark.row(82)
@pytest.mark.parametrize("name", ["amount", "code", "tax_rate", "tax_category"])
def test_json_takes_no_sums_from_outside(client, here, name):
    with here():
        patient_id = str(somebody().id)

    answer = client.post(INVOICES, json={"patient_id": patient_id, "lines": [line_fields(**{name: "1"})]})

    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, f"#/lines/0/{name}")


def test_commands_draft_edit_copy_and_delete(run, here):
    with here():
        an_item(1500, code="4010", tax=a_tax("23"))
        mrn = somebody().mrn

    lines = ["--item", "4010|2|10 %", "--line", "A|B|1|9.80", "--line", "C|1|10.00|50 %"]
    draft = json.loads(run("billing", "create", "--patient", mrn, *lines, "--json").stdout)
    edited = json.loads(run("billing", "edit", draft["id"], "--note", "x", "--json").stdout)
    copied = json.loads(run("billing", "duplicate", draft["id"], "--json").stdout)

    assert [line["amount"]["amount"] for line in draft["lines"]] == ["27.00", "9.80", "5.00"]
    assert (edited["note"], edited["total"]) == ("x", copied["total"])
    assert run("billing", "delete", draft["id"]).exit_code == 2
    assert run("billing", "delete", draft["id"], "--yes").exit_code == 0
    assert run("billing", "edit", draft["id"], "--note", "y").exit_code == 3


@pytest.mark.parametrize("path", ["new", "edit"])
def test_the_form_takes_few_statements(app, client, here, path):
    with here():
        draft = a_draft(lines=[item_line(an_item(tax=a_tax())) for _ in range(20)])
        address = "/invoices/new" if path == "new" else f"/invoices/{draft.id}/edit"

    with counted_statements(app) as seen:
        client.get(address)

    assert len(of_rows(seen)) <= 12, seen
