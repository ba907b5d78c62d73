"""The list of invoices as page, JSON, CSV and command: the same filters, figures and errors."""

import csv
import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import select

from clinic.audit.service import audit_service
from clinic.billing.service import billing_service
from clinic.core.audit import EXPORTED, AuditEntry
from clinic.core.db import db
from tests.assertions import spoken
from tests.billing.corrections import credited, paid
from tests.billing.invoices import a_draft, a_line, an_invoice
from tests.billing.listed_invoices import some_books, today_here
from tests.billing.test_unbilled import a_priced_service, a_visit
from tests.builders import somebody
from tests.statements import counted_statements, of_rows

LIST, JSON = "/invoices", "/api/v1/invoices"
BAD_VALUES = [
    ({"issued_from": "yesterday"}, "issued_from", "Enter a date like 2026-11-23"),
    ({"issued_until": "2026-02-30"}, "issued_until", "Enter a date like 2026-11-23"),
    ({"issued_from": "2026-11-02", "issued_until": "2026-11-01"}, "issued_until", "This day is before the first one"),
    ({"practitioner_id": "7"}, "practitioner_id", "Choose a practitioner"),
    ({"method": "cheque"}, "method", "Choose one of: card, cash, transfer, other"),
    ({"standing": "void"}, "standing", "Choose one of: draft, open, overdue, part-paid, paid, credited, written-off"),
    ({"age": "1-31"}, "age", "Choose one of: not-due, 1-30, 31-60, 61-90, over-90"),
    ({"sort": "patient"}, "sort", "Choose one of: created_at"),
    ({"q": "x" * 101}, "q", "Enter at most 100 characters"),
    ({"q": "=?utf-8?q?x?="}, "q", "Leave out mail header code"),
]


@pytest.fixture
def books(store_once):
    """Invoices of every standing."""
    return store_once(some_books)


@pytest.mark.parametrize(("query", "field", "message"), BAD_VALUES)
def test_a_bad_value_is_the_same_error_on_page_json_and_command(client, run, query, field, message):
    options = {"practitioner_id": "--practitioner", "q": "--text"}
    args = [part for name, value in query.items() for part in (options.get(name, f"--{name.replace('_', '-')}"), value)]

    page = client.get(LIST, query_string=query)
    answer = client.get(JSON, query_string=query)
    command = run("billing", "invoices", *args)

    assert (page.status_code, answer.status_code, command.exit_code) == (422, 422, 2)
    assert message in spoken(page.text)
    assert [error["pointer"] for error in answer.json["errors"]] == [f"#/{field}"]
    assert message in answer.json["errors"][0]["detail"]
    assert message in command.stderr


@pytest.mark.slow
def test_what_was_typed_into_the_filter_stays_and_all_errors_are_shown(client, here):
    with here():
        an_invoice()

    page = client.get(LIST, query_string={"issued_from": "soon", "q": "Pereira", "method": "gold", "standing": "open"})

    assert page.text.count('aria-invalid="true"') == 2
    assert 'value="soon"' in page.text
    assert 'value="Pereira"' in page.text
    assert '<input type="hidden" name="standing" value="open">' in page.text
    assert "INV-" not in page.text


@pytest.mark.parametrize("path", [LIST, JSON, f"{JSON}/summary", f"{LIST}/export", f"{JSON}/export"])
def test_an_unknown_or_repeated_name_is_refused(client, path):
    for query in ("colour=red", "q=1&q=2"):
        assert client.get(f"{path}?{query}").status_code == 400


@pytest.mark.slow
def test_the_tabs_the_strip_and_the_summary_have_the_same_figures(client, books):
    page = spoken(client.get(LIST).text)
    summary = client.get(f"{JSON}/summary").json

    assert {name: tally["count"] for name, tally in summary["standings"].items()} | {
        "all": summary["all"]["count"]
    } == {
        name: int(_found(rf"{label} (\d+) ", page))
        for name, label in {
            "draft": "Draft",
            "open": "Open",
            "overdue": "Overdue",
            "part-paid": "Part paid",
            "paid": "Paid",
            "credited": "Credited",
            "written-off": "Written off",
            "all": "All",
        }.items()
    }
    (due,) = summary["standings"]["overdue"]["sums"]
    assert f"{due['due']['amount'].replace('.', ',')} € to pay" in page


@pytest.mark.breadth
@pytest.mark.parametrize(("parameters", "least"), [(0, 15), (1, 30)])
def test_every_tab_age_and_sort_link_of_the_page_answers(client, books, parameters, least):
    """Follow the links of the list, or also those of every list with one parameter."""
    seen: set[str] = set()
    wanted = {LIST}
    while wanted - seen:
        path = sorted(wanted - seen)[0]
        page = client.get(path)
        assert page.status_code == 200, path
        seen.add(path)
        if "cursor" not in path and path.count("=") <= parameters:
            wanted |= {one.replace("&amp;", "&") for one in re.findall(r'href="(/invoices\?[^"]+)"', page.text)}

    assert len(seen) > least


@pytest.mark.slow
def test_pages_go_forward_and_back_and_say_which_rows_they_show(client, books):
    first = client.get(f"{LIST}?sort=due_on")
    second = client.get(_link(first.text, "next"))
    third = client.get(_link(second.text, "next"))
    back = client.get(_link(third.text, "prev"))

    assert [_found(r"(\d+–\d+ of \d+)", page.text) for page in (first, second, third, back)] == [
        *("1–20 of 45", "21–40 of 45", "41–45 of 45", "21–40 of 45")
    ]
    assert _numbers(back.text) == _numbers(second.text)
    assert 'aria-sort="ascending"><a href="/invoices?sort=-due_on">Due</a>' in first.text
    assert '<span class="btn small" aria-disabled="true">' in first.text


def test_a_cursor_of_another_order_or_filter_is_refused(client, books):
    cursor = client.get(f"{JSON}?sort=total&limit=5").json["next_cursor"]

    assert client.get(f"{JSON}?sort=total&limit=5&cursor={cursor}").status_code == 200
    for query in ("sort=-total", "sort=total&standing=open", "sort=total&cursor=x"):
        assert (
            client.get(f"{JSON}?{query}&cursor={cursor}" if "cursor" not in query else f"{JSON}?{query}").status_code
            == 400
        )


@pytest.mark.slow
def test_a_row_shows_who_pays_and_how_late_it_is(client, here):
    payer: Any = {"kind": "other", "name": "Médis Seguros"}
    with here():
        draft = billing_service.create(patient_id=somebody().id, lines=[a_line()], payer=payer)
        billing_service.issue(draft.id, issued_on=today_here() - timedelta(days=80), confirm_date=True)

    page = spoken(client.get(LIST).text)

    assert "paid by Médis Seguros" in page
    assert "66 days overdue" in page


def test_without_the_permission_to_see_patients_rows_have_numbers_and_no_payers(client, here, become):
    payer: Any = {"kind": "other", "name": "Médis Seguros"}
    with here():
        patient = somebody()
        billing_service.create(patient_id=patient.id, lines=[a_line()], payer=payer)
        number = patient.mrn
    become("manager", "patients:read")

    page, exported = client.get(LIST).text, client.get(f"{LIST}/export").text

    assert "Number, patient or payer" not in page
    for text in (page, exported):
        assert number in text
        assert not re.search("Médis|Pereira", text)


def test_the_list_is_for_those_who_may_see_invoices(client, become):
    become("practitioner", "invoices:read")

    for path in (LIST, f"{LIST}/export"):
        assert client.get(path).status_code == 403


def test_an_empty_filter_offers_to_clear_it(client, here):
    with here():
        an_invoice()

    page = client.get(f"{LIST}?q=nobody").text

    assert "No invoice matches" in page
    assert '<a class="btn" href="/invoices">Clear filters</a>' in page


def test_the_button_counts_the_unbilled_visits(client, here):
    with here():
        service = a_priced_service()
        for hours in (0, 2):
            a_visit(service=service, hours=hours)

    assert "Unbilled visits 2 in the last 90 days" in spoken(client.get(LIST).text)


@pytest.mark.slow
def test_the_export_has_the_rows_of_the_list_with_the_totals_of_each_invoice(client, books):
    query = {"standing": "open", "sort": "-due"}
    listed = client.get(JSON, query_string=query | {"limit": 200}).json["data"]
    answer = client.get(f"{JSON}/export", query_string=query)
    rows = list(csv.DictReader(StringIO(answer.text)))
    page = client.get(f"{LIST}/export", query_string=query)

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="invoices.csv"'
    assert page.text == answer.text
    assert [row["id"] for row in rows] == [one["id"] for one in listed]
    for row, one in zip(rows, listed, strict=True):
        for name in ("net", "tax", "total", "credited", "written_off", "paid", "due"):
            assert (row[name], row["currency"]) == (one[name]["amount"], one[name]["currency"])
        assert (row["number"], row["standing"], row["due_on"]) == (one["number"], one["standing"], one["due_on"])
        assert row["overdue"] == ("yes" if one["overdue"] else "no")


@pytest.mark.slow
def test_a_name_that_a_spreadsheet_would_compute_is_text_in_the_export(client, here):
    payer: Any = {"kind": "other", "name": "=1+2"}
    with here():
        billing_service.create(
            patient_id=somebody(family_name="@SUM(1)", given_name=None).id, lines=[a_line()], payer=payer
        )

    (row,) = csv.DictReader(StringIO(client.get(f"{LIST}/export").text))

    assert (row["patient"], row["payer"]) == ("'@SUM(1)", "'=1+2")


@pytest.mark.slow
def test_an_export_is_recorded_with_its_count_and_filter(client, here):
    with here():
        patient_id = an_invoice().patient_id
    query = {"patient_id": patient_id, "standing": "open", "q": "Pereira"}
    assert client.get(f"{LIST}/export", query_string=query).text.count("INV-") == 1

    with here():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == EXPORTED)).one()
    assert (entry.record, entry.subject_id) == ("invoices", patient_id)
    assert entry.changes == {"count": [None, 1], "standing": [None, "open"]}


@pytest.mark.slow
def test_an_export_of_all_is_in_the_access_log_of_each_patient(client, here):
    with here():
        patient_id = an_invoice().patient_id
    assert client.get(f"{LIST}/export").text.count("INV-") == 1

    with here():
        logged = [(entry.action, entry.record) for entry in audit_service.access_log([patient_id]).rows]
    assert logged == [(EXPORTED, "invoices")]


def test_commands_list_sum_up_and_export_with_the_same_filters(run, client, books, tmp_path):
    file = tmp_path / "open.csv"
    options = ("--standing", "open", "--sort", "due_on")

    listed = json.loads(run("billing", "invoices", *options, "--json").stdout)
    summary = json.loads(run("billing", "invoices", "--summary", "--json").stdout)
    table = run("billing", "invoices", "--summary", "--method", "card").stdout
    exported = run("billing", "invoices", *options, "--csv", str(file))
    printed = run("billing", "invoices", *options, "--csv", "-")

    assert listed == client.get(JSON, query_string={"standing": "open", "sort": "due_on"}).json["data"]
    assert summary == client.get(f"{JSON}/summary").json
    assert table.splitlines()[0].startswith("draft\t0")
    assert file.read_bytes().decode() == printed.stdout.replace("\r\n", "\n").replace("\n", "\r\n")
    assert [row["id"] for row in csv.DictReader(StringIO(file.read_text()))] == [one["id"] for one in listed]
    assert f"Exported {len(listed)} invoices" in exported.stderr


@pytest.mark.parametrize(
    "options", [("--summary", "--csv", "-"), ("--csv", "-", "--json"), ("--summary", "--standing", "open")]
)
def test_options_that_exclude_each_other_are_refused(run, options):
    assert run("billing", "invoices", *options).exit_code == 2


@pytest.mark.slow
def test_the_page_takes_few_statements_and_json_still_fewer(app, client, books):
    client.get(LIST)
    filtered = {"method": "card", "q": "pereira", "practitioner_id": str(books.practitioners[0]), "sort": "due"}
    counts = {}
    for path in (LIST, JSON, f"{JSON}/summary"):
        query = {name: value for name, value in filtered.items() if name != "sort" or "summary" not in path}
        with counted_statements(app) as seen:
            assert client.get(path, query_string=query).status_code == 200
        counts[path] = [one for one in of_rows(seen) if "invoices" in one or path == LIST]

    assert len(counts[LIST]) <= 12, counts[LIST]
    assert len(counts[JSON]) <= 4, counts[JSON]
    assert len(counts[f"{JSON}/summary"]) == 1


@pytest.mark.slow
def test_a_credited_and_a_paid_invoice_are_on_their_tabs(client, here):
    with here():
        one, other = an_invoice(), an_invoice()
        paid(one)
        credited(other)
        a_draft()
        numbers = str(one.number), str(other.number)

    assert _numbers(client.get(f"{LIST}?standing=paid").text) == [numbers[0]]
    assert _numbers(client.get(f"{LIST}?standing=credited").text) == [numbers[1]]


def _link(page: str, rel: str) -> str:
    return _found(rf'href="([^"]+)" rel="{rel}"', page).replace("&amp;", "&")


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match
    return match[1]


def _numbers(page: str) -> list[str]:
    return re.findall(r">(INV-[0-9-]+|Draft)</a></td>", page)
