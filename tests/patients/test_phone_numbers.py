"""Phone numbers as people write them, and the form in which they are stored."""

import pytest

from clinic.patients.phone_numbers import dialled_forms, phone_number, phone_number_message
from tests.assertions import element, rows
from tests.builders import a_patient

AS_DIALLED_AT_HOME = [
    ("912 555 014", "PT", "+351912555014"),
    ("06 30 123 4567", "HU", "+36301234567"),
    ("+36 06 30 123 4567", "HU", "+36301234567"),
    ("8 (912) 345-67-89", "RU", "+79123456789"),
    ("+44 (0)20 7946 0018", "PT", "+442079460018"),
    ("06 698 1", "IT", "+39066981"),
    ("011 15 2345-6789", "AR", "+5491123456789"),
    ("030/901820", "DE", "+4930901820"),
    ("00351 912 555 014", "PT", "+351912555014"),
    ("011 351 912 555 014", "US", "+351912555014"),
    ("٠٢٠ ٧٩٤٦ ٠٠١٨", "GB", "+442079460018"),
    ("+४४ २० ७९४६ ००१८", "PT", "+442079460018"),
    ("９１２ ５５５ ０１４", "PT", "+351912555014"),
    ("912\u2011555\u2011014", "PT", "+351912555014"),
    ("912\u2013555\u2013014", "PT", "+351912555014"),
    ("+351912555014", None, "+351912555014"),
]
WITH_EXTENSION = [
    *("+351912555014;ext=12", "912 555 014 ext. 12", "912 555 014 Ext 12", "912555014x12", "912 555 014 #12"),
    *("912 555 014 (ext. 12)", "912 555 014, ramal 12", "912 555 014 доб. 12", "912 555 014 ext. ١٢"),
]
NO_NUMBERS = [
    *(("555-0100 mom", "US"), ("555 014 Ana", "PT"), ("Ana 912 555 014", "PT"), ("912 555 014 Ana ext. 12", "PT")),
    *(("1-800-FLOWERS", "US"), ("912 555 014 é", "PT"), ("912 555 O14", "PT"), ("tel:+351912555014", "PT")),
    *(("000000000", "PT"), ("555-0100", "US"), ("555-0100", None), ("112", "PT"), ("12", "PT"), ("", "PT")),
    *(("+999 1234567", "PT"), ("912555014 913555014", "PT"), ("+351 912 555 014 12", "PT"), ("912 555 014", None)),
    *(("912 555 014", "AQ"), ("ext. 12", "PT"), ("+", "PT"), ("9" * 40, "PT"), ("*912555014", "PT")),
]


@pytest.mark.parametrize(("typed", "country", "stored"), AS_DIALLED_AT_HOME)
def test_a_number_as_dialled_at_home_is_stored_with_its_country_code(typed, country, stored):
    assert phone_number(typed, country) == stored


@pytest.mark.parametrize("typed", WITH_EXTENSION)
def test_an_extension_is_kept_apart_as_rfc_3966_writes_it(typed):
    assert phone_number(typed, "PT") == "+351912555014;ext=12"


@pytest.mark.parametrize(("typed", "country"), NO_NUMBERS)
def test_what_is_no_number_of_its_region_is_refused(typed, country):
    assert phone_number(typed, country) is None


@pytest.mark.parametrize(("stored", "country"), [(stored, country) for _, country, stored in AS_DIALLED_AT_HOME])
def test_a_stored_number_is_read_as_itself(stored, country):
    assert phone_number(stored, country) == stored
    assert phone_number(stored + ";ext=7", country) == stored + ";ext=7"


@pytest.mark.parametrize(
    ("country", "example"),
    [("PT", "+351 912 345 678"), ("HU", "+36 20 123 4567"), ("AQ", "+351 912 345 678"), (None, "+351 912 345 678")],
)
def test_the_message_has_an_example_of_the_country(country, example):
    assert phone_number_message(country) == f"Enter a phone number with its country code, like {example}"


def test_a_number_is_indexed_as_it_is_dialled_at_home_and_abroad():
    assert dialled_forms("+36301234567") >= {"36301234567", "301234567", "06301234567", "3606301234567"}


@pytest.mark.parametrize("stored", ["+351000000000", "+15550100666", "+9991234567", "0"])
def test_a_stored_number_that_is_none_is_indexed_by_its_digits(stored):
    assert stored.removeprefix("+") in dialled_forms(stored)


IF_MATCH = {"If-Match": '"1"'}
NO_LONGER_VALID = ["+15550100666", "+351000000000", "+3606301234567"]
REFUSED = "Enter a phone number with its country code, like +351 912 345 678"


@pytest.fixture(params=NO_LONGER_VALID)
def patient(request, client, here):
    """A patient whose number was stored before it was known to be none."""
    with here():
        return a_patient(phone=request.param)


def test_a_stored_number_stays_when_another_field_is_edited_on_the_page(app, client, patient):
    url = f"/patients/{patient.id}/edit"
    phone = element(client.get(url).text, "f-phone").partition('value="')[2].partition('"')[0]

    answer = client.submit(url, version="1", family_name="Sousa", phone=phone)

    [row] = rows(app, "patients")
    assert answer.status_code == 303
    assert (row["family_name"], row["phone"]) == ("Sousa", patient.phone)


def test_a_stored_number_stays_when_another_field_is_changed_by_json(client, patient):
    url = f"/api/v1/patients/{patient.id}"
    whole = {name: client.get(url).json[name] for name in ("given_name", "phone", "email")}

    answer = client.patch(url, json=whole | {"family_name": "Sousa"}, headers={"If-Match": '"1"'})

    assert answer.status_code == 200
    assert answer.json.items() >= {"family_name": "Sousa", "phone": patient.phone}.items()


@pytest.mark.breadth
def test_another_number_that_is_none_is_refused_alike_by_page_json_and_command(app, client, run, patient):
    page = client.submit(f"/patients/{patient.id}/edit", version="1", family_name="Sousa", phone="000000000")
    changed = client.patch(f"/api/v1/patients/{patient.id}", json={"phone": "+351111111111"}, headers=IF_MATCH)
    added = client.post("/api/v1/patients", json={"family_name": "Sousa", "phone": patient.phone + "9"})
    command = run("patients", "add", "--family-name", "Sousa", "--phone", "555 014 Ana")

    assert [page.status_code, changed.status_code, added.status_code, command.exit_code] == [422, 422, 422, 2]
    for text in (page.text, changed.text, added.text, command.stderr):
        assert REFUSED in text
    assert [row["phone"] for row in rows(app, "patients")] == [patient.phone]
