"""Pages, JSON and commands of taxes and the price list."""

import json

import pytest

from clinic.billing.service import price_list, tax_rate_service
from tests.appointments.schedule import a_service
from tests.assertions import row_counts, spoken
from tests.billing.invoices import money
from tests.billing.prices import a_tax, an_item
from tests.statements import counted_statements, of_rows

MOST_OF_A_PAGE, MOST_OF_A_READ = 12, 4
ITEM = {"code": "1102", "label": "Consultation", "prices-0-valid_from": "2026-01-01", "prices-0-price": "50,00"}


def test_the_form_of_an_item_stores_its_prices(client, here):
    with here():
        service_id = a_service().id
    child = {"prices-1-valid_from": "2026-01-01", "prices-1-concession": "child", "prices-1-price": "40"}

    answer = client.submit("/invoices/prices/new", **ITEM, **child, service_ids=str(service_id))

    assert answer.status_code == 303
    with here():
        item = price_list.identify("1102")
    assert [(one.concession, one.price.amount) for one in item.prices] == [(None, "50.00"), ("child", "40.00")]
    assert item.service_ids == [service_id]
    assert "child 40,00 €" in spoken(client.get("/invoices/prices").text)


def test_a_button_adds_a_row_and_keeps_what_was_typed(app, client):
    answer = client.submit("/invoices/prices/new", **ITEM, more="1")

    assert answer.status_code == 200
    assert 'value="50,00"' in answer.text
    assert 'name="prices-2-price"' in answer.text
    assert row_counts(app)["price_items"] == 0


def test_every_error_of_an_item_is_named_at_its_row(app, client):
    rows = {"prices-1-valid_from": "", "prices-1-price": "1.500", "prices-2-valid_from": "2026-02-30"}

    answer = client.submit("/invoices/prices/new", **{**ITEM, "code": "1 1", **rows, "prices-2-price": "-5"})

    page = spoken(answer.text)
    assert answer.status_code == 422
    for message in ("Enter a code of letters", "Enter the first day", "1.500 can mean 1500 or", "not below zero"):
        assert message in page
    assert row_counts(app)["price_items"] == 0


def test_of_two_edits_of_an_item_each_field_is_chosen(client, here):
    with here():
        item = an_item(code="1102")
        price_list.update(item.id, version=1, label="Visit")
    address = f"/invoices/prices/{item.id}/edit"

    answer = client.submit(address, **ITEM, version="1")
    chosen = {"code": "1102", "label": "Mine", "prices": '[{"valid_from": "2026-03-01", "price": "7.00"}]'}
    saved = client.submit(address, **chosen, version="2")

    assert answer.status_code == 409
    assert "50.00 from 2026-01-01" in spoken(answer.text)
    assert saved.status_code == 303
    with here():
        assert [one.price.minor for one in price_list.get(item.id).prices] == [700]


def test_items_are_archived_and_brought_back(client, here):
    with here():
        item = an_item(code="1102")

    client.submit(f"/invoices/prices/{item.id}/archive")

    assert "1102" in client.get("/invoices/prices").text  # takes the message that names it
    assert "1102" not in client.get("/invoices/prices").text
    assert "1102" in client.get("/invoices/prices?archived=1").text
    client.submit(f"/invoices/prices/{item.id}/restore")
    with here():
        assert price_list.get(item.id).active


def test_the_form_of_a_tax_stores_its_rates(client, here):
    rates = {"rates-0-valid_from": "2026-01-01", "rates-0-rate": "5,5 %"}

    answer = client.submit("/invoices/taxes/new", name="Reduced", category="S", **rates)

    assert answer.status_code == 303
    with here():
        assert tax_rate_service.identify("Reduced").rates[0].rate_thousandths == 5500
    assert "5.5 %" in spoken(client.get("/invoices/taxes").text)


def test_a_tax_without_its_rate_and_with_a_taken_name_is_refused(client, here):
    with here():
        a_tax(name="VAT")

    without = client.submit("/invoices/taxes/new", name="Other", category="S")
    exempt = {"category": "E", "reason": "Medical care"}
    taken = client.submit("/invoices/taxes/new", name="VAT", **exempt)

    assert (without.status_code, taken.status_code) == (422, 409)
    assert "Enter at least one rate" in without.text
    assert "Medical care" in taken.text


def test_of_two_edits_of_a_tax_each_field_is_chosen(client, here):
    with here():
        tax = a_tax(name="VAT")
        tax_rate_service.update(tax.id, version=1, name="IVA")
    rates = {"rates-0-valid_from": "2026-01-01", "rates-0-rate": "19"}

    answer = client.submit(f"/invoices/taxes/{tax.id}/edit", name="MwSt", category="S", **rates, version="1")

    assert answer.status_code == 409
    assert "19 % from 2026-01-01" in spoken(answer.text)


def test_json_makes_changes_and_lists_items(client):
    price = {"valid_from": "2026-01-01", "price": money("50.00"), "concession": None}
    made = client.post("/api/v1/price-items", json={"code": "1102", "label": "Visit", "prices": [price]})
    address = f"/api/v1/price-items/{made.json['id']}"

    changed = client.patch(address, json={"label": "Consultation"}, headers={"If-Match": '"1"'})
    archived = client.post(f"{address}/archive", json={})

    assert made.status_code == 201
    assert changed.json["prices"] == [price]
    assert archived.json["active"] is False
    assert [one["code"] for one in client.get("/api/v1/price-items?active=false").json["data"]] == ["1102"]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400", "-5.00", "0.005", "1_000", "٥", "1,5"])
def test_json_refuses_what_is_no_price(app, client, amount):
    price = {"valid_from": "2026-01-01", "price": money(amount)}

    answer = client.post("/api/v1/price-items", json={"code": "1", "label": "A", "prices": [price]})

    assert answer.status_code == 422
    assert row_counts(app)["price_items"] == 0


def test_json_makes_taxes_and_refuses_impossible_rates(client):
    body = {"name": "VAT", "category": "S", "rates": [{"valid_from": "2026-01-01", "rate": "23"}]}
    wrong = body | {"rates": [{"valid_from": "2026-01-01", "rate": "23,5"}]}

    made, refused = (client.post("/api/v1/tax-rates", json=one) for one in (body, wrong))

    assert made.json["rates"] == body["rates"]
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "#/rates/0/rate")


def test_commands_keep_taxes_and_prices(run):
    def done(*args):
        result = run(*args, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    done("taxes", "add", "--name", "VAT", "--category", "S", "--rate", "2026-01-01=23")
    done("taxes", "edit", "VAT", "--name", "VAT 23 %")
    done("prices", "add", "--code", "1102", "--label", "Visit", "--price", "50.00", "--tax", "VAT 23 %")
    done("prices", "set", "1102", "40.00", "--concession", "child")
    done("prices", "archive", "1102")

    assert done("prices", "list") == []
    assert [one["price"] for one in done("prices", "list", "--all")] == [money("50.00")]
    assert done("prices", "restore", "1102")["active"]
    assert done("taxes", "list")[0]["rates"] == [{"valid_from": "2026-01-01", "rate": "23"}]


def test_a_service_shows_its_price(client, here):
    with here():
        service_id = a_service().id
        an_item(5500, code="3102", service_ids=[service_id])

    page = spoken(client.get(f"/appointments/services/{service_id}/edit").text)

    assert "3102 Consultation 55,00 €" in page


@pytest.mark.parametrize("address", ["/invoices/prices", "/invoices/taxes", "/invoices/settings"])
def test_a_page_takes_few_statements_however_many_it_lists(app, client, here, address):
    with here():
        for code in "ABC":
            an_item(code=code, tax=a_tax())

    with counted_statements(app) as seen:
        client.get(address)

    assert len(of_rows(seen)) <= MOST_OF_A_PAGE


@pytest.mark.parametrize("path", ["price-items", "tax-rates", "billing-settings"])
def test_json_takes_few_statements(app, client, here, path):
    with here():
        for code in "ABC":
            an_item(code=code, tax=a_tax())

    with counted_statements(app) as seen:
        client.get(f"/api/v1/{path}")

    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= MOST_OF_A_READ, seen
