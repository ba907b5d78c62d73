"""The form of a patient's record with its lists, and the contact card, in a browser without JavaScript."""

import json
from html import unescape

import pytest

from tests.assertions import element, row_counts, rows, spoken
from tests.builders import somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

NAMED = {"given_name": "Inês", "family_name": "Pereira"}
ALL = "former_names other_phones other_emails other_addresses identifiers"
ROWS = {
    "lists": ALL,
    "former_names-0-family_name": "Sousa",
    "former_names-0-until": "2019",
    "other_phones-0-value": "213 456 789",
    "other_phones-0-use": "work",
    "other_phones-0-valid_from": "2026-01-01",
    "identifiers-0-type": "pt-nif",
    "identifiers-0-value": "501 442 600",
}


@pytest.fixture
def patient(client, here):
    """A registered patient with lists."""
    with here():
        return somebody(
            phone="+351912555014",
            former_names=[{"family_name": "Sousa", "until": "2019"}],
            other_phones=[{"value": "+351213456789", "use": "work"}, {"value": "+351912555099", "use": "old"}],
            identifiers=[{"type": "passport", "value": "CA123"}],
        )


def stored(app, kind, field="value"):
    found = sorted(rows(app, "patient_details"), key=lambda row: row["position"])
    return [row[field] for row in found if row["kind"] == kind]


@pytest.mark.slow
def test_registering_stores_the_rows_that_were_filled(app, client):
    empty = {"other_phones-1-value": "", "other_phones-1-use": "", "other_emails-0-value": " "}

    answer = client.submit("/patients/new", **NAMED, **ROWS, **empty)

    assert answer.status_code == 303
    assert stored(app, "phone") == ["+351213456789"]
    assert stored(app, "identifier") == ["501442600"]
    assert stored(app, "former-name", "until") == ["2019"]
    assert stored(app, "email") == []


@pytest.mark.breadth
@pytest.mark.parametrize("name", ALL.split())
def test_a_button_adds_a_row_and_keeps_what_was_typed(app, client, name):
    page = client.submit("/patients/new", **NAMED, **ROWS, add=name, care="sms", consent_shown="1").text

    count = sum(1 for field in ROWS if field.startswith(f"{name}-0-")) and 1
    added = {"former_names": "given_name", "identifiers": "value"}.get(name, "value")
    assert f'name="{name}-{count}-{added}"' in page
    assert 'value="213 456 789"' in element(page, "f-other_phones-0-value")
    assert 'value="Sousa"' in element(page, "f-former_names-0-family_name")
    assert " checked" in page.partition('name="care" value="sms"')[2].partition(">")[0]
    assert '<details class="card fold" open>' in page
    assert 'role="alert"' not in page
    assert row_counts(app)["patients"] == 0


def test_a_button_removes_a_row_and_the_others_move_up(client, patient):
    page = client.get(f"/patients/{patient.id}/edit").text
    assert 'value="+351912555099"' in element(page, "f-other_phones-1-value")

    sent = {"lists": ALL, "other_phones-0-value": "1", "other_phones-1-value": "2", "remove": "other_phones-0"}
    page = client.submit(f"/patients/{patient.id}/edit", version="1", **NAMED, **sent).text

    assert 'value="2"' in element(page, "f-other_phones-0-value")
    assert "other_phones-1-value" not in page
    assert hidden_value(page, "version") == "1"


@pytest.mark.slow
def test_what_is_wrong_in_a_row_is_said_at_its_field(client):
    wrong = {"other_phones-0-value": "", "other_phones-1-value": "12", "identifiers-0-value": "501442601"}

    answer = client.submit(
        "/patients/new", **NAMED, **(ROWS | wrong | {"other_phones-0-use": "", "other_phones-0-valid_from": ""})
    )

    assert answer.status_code == 422
    summary = answer.text.partition('<div class="errors"')[2].partition("</div>")[0]
    assert 'href="#f-other_phones-0-value"' in summary
    assert 'href="#f-identifiers-0-value"' in summary
    assert 'value="12"' in element(answer.text, "f-other_phones-0-value")
    assert 'aria-invalid="true"' in element(answer.text, "f-identifiers-0-value")
    assert "The check digit does not fit" in spoken(answer.text)


def test_rows_that_are_not_filled_yet_do_not_fail_the_search_for_duplicates(client):
    unfinished = {"identifiers-0-type": "passport", "other_phones-0-use": "work", "former_names-0-until": "2019"}

    answer = client.submit("/patients/candidates", **NAMED, lists=ALL, **unfinished)

    assert answer.status_code == 200


@pytest.mark.slow
def test_editing_shows_the_lists_and_saving_without_rows_empties_them(app, client, patient):
    url = f"/patients/{patient.id}/edit"
    page = client.get(url).text
    assert 'value="2019"' in element(page, "f-former_names-0-until")

    client.submit(url, version="1", **NAMED, phone="912 555 014", lists="other_phones")

    assert stored(app, "phone") == []
    assert stored(app, "identifier") == ["CA123"]


def test_a_stale_edit_shows_both_versions_of_the_lists(app, client, here, patient):
    url = f"/patients/{patient.id}/edit"
    theirs = {"other_phones-0-value": "213 000 111", "former_names-0-family_name": "Reis"}
    client.submit(url, version="1", **NAMED, lists="former_names other_phones identifiers", **theirs)
    mine = {"other_phones-0-value": "213 456 789", "former_names-0-family_name": "Reis"}

    page = client.submit(url, version="1", **NAMED, lists="former_names other_phones identifiers", **mine)

    assert page.status_code == 409
    words = spoken(page.text)
    assert "Other phones +351213456789 +351213000111" in words
    assert "Former names" not in words
    assert json.loads(unescape(hidden_value(page.text, "rows.former_names")))[0]["family_name"] == "Reis"


@pytest.mark.parametrize("chosen", ["mine", "theirs"])
def test_the_chosen_version_of_a_list_is_saved(app, client, patient, chosen):
    url = f"/patients/{patient.id}/edit"
    versions = {"mine": [{"value": "+351213456789"}], "theirs": [{"value": "+351213000111", "use": "home"}]}

    answer = client.submit(
        url, version="1", **NAMED, lists="other_phones", **{"rows.other_phones": json.dumps(versions[chosen])}
    )

    assert answer.status_code == 303
    assert stored(app, "phone") == [versions[chosen][0]["value"]]


@pytest.mark.breadth
@pytest.mark.parametrize("text", ["", "x", "{}", "[1]", '[{"value": "12"}]'])
def test_a_whole_list_that_no_page_sends_is_no_failure(client, patient, text):
    url = f"/patients/{patient.id}/edit"

    answer = client.submit(url, version="1", **NAMED, lists="other_phones", **{"rows.other_phones": text})

    assert answer.status_code in {303, 422}


@pytest.mark.slow
def test_only_an_age_is_stored_with_its_day(app, client):
    answer = client.submit(
        "/patients/new", **NAMED, estimated_age="40", age_on__day="3", age_on__month="2", age_on__year="2026"
    )

    assert answer.status_code == 303
    [row] = rows(app, "patients")
    assert (row["birth_date"], row["estimated_age"], str(row["age_on"])) == (None, 40, "2026-02-03")


def test_an_age_beside_a_birth_date_is_refused_and_a_day_without_an_age_ignored(app, client):
    both = client.submit("/patients/new", **NAMED, birth_date__year="1986", estimated_age="40")
    day = client.submit("/patients/new", **NAMED, birth_date__year="1986", age_on__year="2026")

    assert (both.status_code, day.status_code) == (422, 303)
    assert "not both" in spoken(both.text)


def test_register_and_book_goes_on_to_the_booking(app, client):
    page = client.get("/patients/new").text
    assert 'name="then" value="appointments.new"' in page

    booking = client.submit("/patients/new", **NAMED, then="appointments.new")
    elsewhere = client.submit("/patients/new", family_name="Other", then="staff.members")

    first, second = (row["id"] for row in rows(app, "patients"))
    assert booking.location == f"/appointments/new?patient={first}"
    assert elsewhere.location == f"/patients/{second}"


def test_who_may_not_book_is_not_offered_it(client, become):
    become("receptionist", "appointments:write")

    answer = client.get("/patients/new")

    assert answer.status_code == 200
    assert "Register and book" not in answer.text


def test_another_phone_is_used_by_a_button_and_undone_by_another(app, client, patient):
    url = f"/patients/{patient.id}"
    card = spoken(client.get(url).text)
    assert "+351213456789 Work" in card

    answer = client.submit(f"{url}/use-contact", kind="phone", row="0", version="1")
    page = client.get(answer.location).text

    assert "Another phone is used now." in page
    assert rows(app, "patients")[0]["phone"] == "+351213456789"
    undo = {name: hidden_value(page.partition('class="toast undo"')[2], name) for name in ("kind", "row", "version")}
    client.submit(f"{url}/use-contact", **undo)
    assert rows(app, "patients")[0]["phone"] == "+351912555014"
    assert stored(app, "phone") == ["+351213456789", "+351912555099"]


@pytest.mark.parametrize(("sent", "status"), [({"version": "9"}, 409), ({"row": "7"}, 422), ({"kind": "fax"}, 422)])
def test_a_phone_that_can_not_be_used_changes_nothing(app, client, patient, sent, status):
    answer = client.submit(
        f"/patients/{patient.id}/use-contact", **{"kind": "phone", "row": "0", "version": "1"} | sent
    )

    assert answer.status_code == status
    assert rows(app, "patients")[0]["phone"] == "+351912555014"


def test_without_the_permission_no_other_contact_is_shown_or_used(client, patient, become):
    url = f"/patients/{patient.id}"
    become("receptionist", "patients:contact")

    for page in (client.get(url).text, client.get(f"{url}/edit").text):
        assert "213456789" not in page
        assert "CA123" in page
    assert client.submit(f"{url}/use-contact", kind="phone", row="0", version="1").status_code == 403
    saved = client.submit(f"{url}/edit", version="1", **NAMED, lists="former_names identifiers")
    assert saved.status_code == 303


@pytest.mark.slow
def test_the_form_takes_at_most_twelve_statements(app, client, patient):
    with counted_statements(app) as statements:
        client.get(f"/patients/{patient.id}/edit")

    assert len(of_rows(statements)) <= 12
