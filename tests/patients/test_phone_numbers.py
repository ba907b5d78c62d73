"""Phone numbers in a search, and stored ones that are no longer valid."""

import pytest

from clinic.patients.phone_numbers import dialled_as, indexed_forms
from tests.assertions import element, rows
from tests.builders import a_patient


def test_a_number_is_indexed_with_and_without_its_country_code():
    assert indexed_forms("+36301234567") == {"36301234567", "301234567", "06301234567"}
    assert indexed_forms("+351912555014;ext=12") == {"35191255501412", "91255501412"}


@pytest.mark.parametrize("stored", ["+351000000000", "+15550100666", "+9991234567", "0"])
def test_a_stored_number_that_is_none_is_indexed_by_its_digits(stored):
    assert stored.removeprefix("+") in indexed_forms(stored)


@pytest.mark.parametrize(
    ("typed", "country", "indexed"),
    [
        ("0630123", "HU", "30123"),
        ("360630123", "HU", "3630123"),
        ("8912345", "RU", "912345"),
        ("44020794", "GB", "4420794"),
        ("00351912", "PT", "351912"),
        ("0912555", "PT", "912555"),
        ("011351912", "US", "351912"),
    ],
)
def test_digits_mean_a_number_as_it_is_dialled_at_home_and_abroad(typed, country, indexed):
    assert indexed in dialled_as(typed, country)


IF_MATCH = {"If-Match": '"1"'}
NO_LONGER_VALID = ["+15550100666", "+351000000000", "+3606301234567"]
REFUSED = "Enter a phone number with its country code, like +351 912 345 678"


@pytest.fixture(params=NO_LONGER_VALID)
def patient(request, client, here):
    """A patient whose number was stored before it was known to be none."""
    with here():
        return a_patient(phone=request.param)


@pytest.mark.slow
def test_a_stored_number_stays_when_another_field_is_edited_on_the_page(app, client, patient):
    url = f"/patients/{patient.id}/edit"
    phone = element(client.get(url).text, "f-phone").partition('value="')[2].partition('"')[0]

    answer = client.submit(url, version="1", family_name="Sousa", phone=phone)

    [row] = rows(app, "patients")
    assert answer.status_code == 303
    assert (row["family_name"], row["phone"]) == ("Sousa", patient.phone)


@pytest.mark.slow
def test_a_stored_number_stays_when_another_field_is_changed_by_json(client, patient):
    url = f"/api/v1/patients/{patient.id}"
    whole = {name: client.get(url).json[name] for name in ("given_name", "phone", "email")}

    answer = client.patch(url, json=whole | {"family_name": "Sousa"}, headers={"If-Match": '"1"'})

    assert answer.status_code == 200
    assert answer.json.items() >= {"family_name": "Sousa", "phone": patient.phone}.items()


@pytest.mark.slow
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
