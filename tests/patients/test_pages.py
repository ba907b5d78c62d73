"""The pages of the register, in a browser without JavaScript."""

import re
from uuid import uuid4

import pytest
from markupsafe import escape

from tests.assertions import element, masked, row_counts, rows, spoken, title
from tests.builders import a_patient, somebody
from tests.page_client import hidden_value

FILLED = {
    "given_name": "Inês",
    "family_name": "Pereira",
    "birth_date__day": "21",
    "birth_date__month": "6",
    "birth_date__year": "1991",
    "sex": "female",
    "email": "ines@example.org",
    "phone": "912 555 014",
}


@pytest.fixture
def patient(client, here):
    """A registered patient."""
    with here():
        return somebody(phone="+351912555014")


@pytest.mark.slow
def test_registering_leads_to_the_patients_page_and_shows_the_number(client):
    answer = client.submit("/patients/new", **FILLED)
    page = client.get(answer.location).text

    assert answer.status_code == 303
    assert "Registered as P-000001" in page
    assert "Pereira, Inês" in spoken(page)
    assert "21-Jun-1991" in spoken(page)


@pytest.mark.slow
def test_registering_stores_what_was_typed(app, client):
    client.submit("/patients/new", **FILLED)

    [row] = rows(app, "patients")
    assert (row["family_name"], row["birth_date"], row["phone"]) == ("Pereira", "1991-06-21", "+351912555014")
    assert [event["actor"][:6] for event in rows(app, "events")] == ["staff:"]


@pytest.mark.slow
def test_a_birth_date_comes_in_three_parts_that_may_be_unknown(app, client):
    answer = client.submit("/patients/new", family_name="Pereira", birth_date__month="2", birth_date__year="1990")

    assert answer.status_code == 303
    assert rows(app, "patients")[0]["birth_date"] == "1990-02"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("day", "year", "words"), [("30", "1991", "must be a real date"), ("5", "", "Enter the year of birth")]
)
def test_parts_that_make_no_date_are_refused_at_the_day(app, client, day, year, words):
    answer = client.submit(
        "/patients/new", family_name="X", birth_date__day=day, birth_date__month="2", birth_date__year=year
    )

    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{year}"' in element(answer.text, "f-birth_date-year")
    assert row_counts(app)["patients"] == 0


@pytest.mark.slow
def test_a_refused_form_lists_every_problem_first_and_leads_to_its_field(client):
    answer = client.submit("/patients/new", email="nobody", phone="12", birth_date__year="2031")
    summary = answer.text.partition('<div class="errors"')[2].partition("</div>")[0]

    assert answer.status_code == 422
    assert title(answer.text).startswith("Error: New patient")
    for name in ("family_name", "email", "phone", "birth_date"):
        assert f'href="#f-{name}"' in summary
        assert element(answer.text, f"f-{name}")


@pytest.mark.slow
def test_a_field_with_a_problem_is_marked_for_everybody(client):
    answer = client.submit("/patients/new", family_name="Pereira", email="nobody")

    field = element(answer.text, "f-email")
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="f-email-error"' in field
    assert element(answer.text, "f-email-error")
    assert "aria-invalid" not in element(answer.text, "f-family_name")


@pytest.mark.slow
def test_what_was_typed_is_kept_when_a_form_is_refused(client):
    typed = FILLED | {"email": "nobody", "family_name": '<b>"O\'Brien"', "address": "Rua 1\nLisboa"}

    page = client.submit("/patients/new", **typed).text

    assert 'value="nobody"' in element(page, "f-email")
    assert 'value="&lt;b&gt;&#34;O&#39;Brien&#34;"' in element(page, "f-family_name")
    assert 'value="21"' in element(page, "f-birth_date")
    assert " checked" in page.partition('value="female"')[2].partition(">")[0]
    assert ">Rua 1\nLisboa</textarea>" in page


@pytest.mark.slow
def test_titles_carry_the_number_and_never_the_name(client, patient):
    for url in ("", "/edit"):
        shown = title(client.get(f"/patients/{patient.id}{url}").text)
        assert "P-000001" in shown
        assert "pereira" not in shown.lower()


@pytest.mark.slow
def test_the_edit_form_shows_the_patient_as_it_is(client, patient):
    page = client.get(f"/patients/{patient.id}/edit").text

    assert 'value="Pereira"' in element(page, "f-family_name")
    assert 'value="21"' in element(page, "f-birth_date")
    assert 'value="6"' in element(page, "f-birth_date-month")
    assert hidden_value(page, "version") == "1"


@pytest.mark.slow
def test_saving_changes_the_patient_and_the_words_by_which_it_is_found(app, client, patient):
    answer = client.submit(f"/patients/{patient.id}/edit", version="1", **FILLED | {"family_name": "Sousa"})

    assert (answer.status_code, answer.location) == (303, f"/patients/{patient.id}")
    assert rows(app, "patients")[0]["family_name"] == "Sousa"
    assert "Sousa, Inês" in spoken(client.get("/patients?q=sousa").text)
    assert "Nobody matches" in client.get("/patients?q=pereira").text


@pytest.mark.slow
def test_a_refused_change_keeps_the_version_that_was_opened(client, patient):
    answer = client.submit(f"/patients/{patient.id}/edit", version="1", family_name="", given_name="")

    assert answer.status_code == 422
    assert hidden_value(answer.text, "version") == "1"
    assert "Error: Edit patient P-000001" in title(answer.text)


@pytest.mark.slow
@pytest.mark.row(78)
def test_saving_over_somebody_elses_change_shows_both_versions(app, client, patient):
    client.submit(f"/patients/{patient.id}/edit", version="1", **FILLED | {"family_name": "Theirs"})

    answer = client.submit(f"/patients/{patient.id}/edit", version="1", **FILLED | {"family_name": "Mine"})

    assert answer.status_code == 409
    assert 'name="family_name" value="Mine" checked' in answer.text
    assert 'name="family_name" value="Theirs"' in answer.text
    assert hidden_value(answer.text, "version") == "2"
    assert hidden_value(answer.text, "given_name") == "Inês"
    assert rows(app, "patients")[0]["family_name"] == "Theirs"


@pytest.mark.slow
@pytest.mark.parametrize("chosen", ["Mine", "Theirs"])
def test_what_is_chosen_of_two_versions_is_saved(app, client, patient, chosen):
    client.submit(f"/patients/{patient.id}/edit", version="1", **FILLED | {"family_name": "Theirs"})
    page = client.submit(f"/patients/{patient.id}/edit", version="1", **FILLED | {"family_name": "Mine"}).text
    same = {name: hidden_value(page, name) for name in ("version", "given_name", "birth_date", "sex", "email", "phone")}

    answer = client.submit(f"/patients/{patient.id}/edit", family_name=chosen, **same)

    assert answer.status_code == 303
    [saved] = rows(app, "patients")
    assert (saved["family_name"], saved["birth_date"]) == (chosen, "1991-06-21")


@pytest.mark.slow
def test_a_birth_date_outlives_a_choice_between_two_versions_that_leaves_no_name(app, client, patient):
    url = f"/patients/{patient.id}/edit"
    client.submit(url, version="1", **FILLED | {"family_name": ""})
    page = client.submit(url, version="1", **FILLED | {"given_name": ""}).text
    same = {name: hidden_value(page, name) for name in ("version", "birth_date", "sex", "email", "phone")}

    refused = client.submit(url, family_name="", given_name="", **same)
    ids = {"day": "f-birth_date", "month": "f-birth_date-month", "year": "f-birth_date-year"}
    shown = {
        part: element(refused.text, an_id).partition('value="')[2].partition('"')[0] for part, an_id in ids.items()
    }
    parts = {f"birth_date__{part}": value for part, value in shown.items()}
    saved = client.submit(url, version=hidden_value(refused.text, "version"), family_name="Pereira", **parts)

    assert (refused.status_code, saved.status_code) == (422, 303)
    assert shown == {"day": "21", "month": "6", "year": "1991"}
    assert rows(app, "patients")[0]["birth_date"] == "1991-06-21"


@pytest.mark.slow
def test_a_form_without_a_proper_version_saves_nothing(app, client, patient):
    for version in ("", "x", "²", "-1", "99999999999", "1.0"):
        answer = client.submit(f"/patients/{patient.id}/edit", version=version, **FILLED | {"family_name": "Mine"})
        assert answer.status_code == 409, version

    assert rows(app, "patients")[0]["family_name"] == "Pereira"


def test_a_patient_of_another_clinic_has_no_page(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = somebody().id

    for path in ("", "/edit"):
        foreign, missing = client.get(f"/patients/{theirs}{path}"), client.get(f"/patients/{uuid4()}{path}")
        assert foreign.status_code == missing.status_code == 404
        assert masked(foreign).replace(str(theirs), "") == masked(missing)


def test_a_patient_of_another_clinic_can_not_be_changed(app, client, here, other_clinic):
    with here(other_clinic.id):
        theirs = somebody().id

    answer = client.submit(f"/patients/{theirs}/edit", version="1", **FILLED | {"family_name": "Mine"})

    assert answer.status_code == 404
    assert rows(app, "patients")[0]["family_name"] == "Pereira"


@pytest.mark.slow
def test_an_empty_register_shows_what_to_do(client):
    assert "Register the first patient" in client.get("/patients").text


@pytest.mark.slow
def test_a_search_that_finds_nobody_offers_to_register(client):
    page = client.get("/patients", query_string={"q": "<script>"}).text

    assert "Register “&lt;script&gt;”" in page
    assert "<script>" not in page.partition("</head>")[2]


@pytest.mark.slow
@pytest.mark.parametrize("looked_for", ["Pereira", "Nobody"])
def test_a_search_offers_no_registration_to_those_who_may_not(client, become, inside, looked_for):
    a_patient()
    become("administrator", "patients:write")

    page = client.get("/patients", query_string={"q": looked_for})

    assert page.status_code == 200
    assert "/patients/new" not in page.text


@pytest.mark.slow
def test_the_form_of_a_new_patient_takes_what_was_looked_for(client):
    assert 'value="zé"' in element(client.get("/patients/new?family_name=zé").text, "f-family_name")


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.row(44)
@pytest.mark.row(45)
@pytest.mark.parametrize(
    "text", ["{{7331*7}}", "{% raw %}", "${7331*7}", "%s", "{0.__class__}", "<script>alert(1)</script>"]
)
def test_text_is_shown_as_it_was_typed(client, text):
    answer = client.submit(
        "/patients/new", family_name=text, given_name=text, preferred_name=text, pronouns=text, address=text
    )

    for url in (answer.location, answer.location + "/edit", "/patients"):
        page = client.get(url).text
        assert "<script>alert" not in page
        assert escape(text).lower() in page.lower()
        assert "51317" not in spoken(page.partition("<main")[2])


@pytest.mark.slow
def test_a_clash_shows_who_was_first_and_when(client, here):
    with here():
        patient = somebody()
    client.submit(f"/patients/{patient.id}/edit", given_name="Rita", family_name="Reis", version=1)

    page = client.submit(f"/patients/{patient.id}/edit", given_name="Ana", family_name="Reis", version=1)

    assert page.status_code == 409
    assert re.search(r"Administrator Person saved a change on \w{3} \d+ \w{3} \d{4}, \d\d:\d\d\.", spoken(page.text))


@pytest.mark.slow
def test_invisible_marks_are_stripped_alike_by_page_json_and_command(app, client, run):
    marked = {
        "family_name": "\u202aPe\u00adreira\u202c",
        "phone": "\u2066912 555 014\u2069",
        "email": "\ufeffa@b.example",
    }

    client.submit("/patients/new", **marked, birth_date__day="\u200e21", birth_date__month="6", birth_date__year="1991")
    client.post("/api/v1/patients", json=marked | {"birth_date": "\u200e1991-06-21\u200f"})
    options = [text for name, value in marked.items() for text in (f"--{name.replace('_', '-')}", value)]
    run("patients", "add", *options, "--birth-date", "1991-06-21\u200b")

    names = ("family_name", "phone", "email", "birth_date")
    stored = [tuple(row[name] for name in names) for row in rows(app, "patients")]
    assert stored == [("Pereira", "+351912555014", "a@b.example", "1991-06-21")] * 3
