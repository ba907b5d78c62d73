"""Phone numbers as people write them, the form in which they are stored, and the one in which they are shown."""

import pytest

from clinic.core.phone_numbers import phone_number, phone_number_message, written_phone

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


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "country", "stored"), AS_DIALLED_AT_HOME)
def test_a_number_as_dialled_at_home_is_stored_with_its_country_code(typed, country, stored):
    assert phone_number(typed, country) == stored


@pytest.mark.parametrize("typed", WITH_EXTENSION)
def test_an_extension_is_kept_apart_as_rfc_3966_writes_it(typed):
    assert phone_number(typed, "PT") == "+351912555014;ext=12"


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "country"), NO_NUMBERS)
def test_what_is_no_number_of_its_region_is_refused(typed, country):
    assert phone_number(typed, country) is None


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("+351912555014", "+351 912 555 014"),
        ("+442079460018;ext=12", "+44 20 7946 0018 ext. 12"),
        ("0;ext=3", "0 ext. 3"),
    ],
)
def test_a_stored_number_is_written_in_groups(stored, written):
    assert written_phone(stored) == written
