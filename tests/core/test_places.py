"""Time zones of places, their countries, and their other names."""

from zoneinfo import available_timezones

import pytest

from clinic.core.places import TimeZone, country_names, country_of_zone, find_time_zone, is_country

NO_PLACES = ["UTC", "GMT", "Zulu", "Etc/GMT+1", "Etc/UTC", "localtime", "Factory", "EST5EDT", "CST6CDT"]
NO_ZONES = ["", "Lisbon", "europe/lisbon", "Mars/Olympus", "../../etc/passwd", "UTC+1"]


@pytest.mark.parametrize(
    ("name", "country"),
    [("Europe/Lisbon", "PT"), ("Europe/Stockholm", "SE"), ("Atlantic/Reykjavik", "IS"), ("Asia/Kolkata", "IN")],
)
def test_a_name_of_a_place_keeps_its_name_and_country(name: str, country: str) -> None:
    assert find_time_zone(name) == TimeZone(name, country)


@pytest.mark.parametrize(
    ("alias", "name", "country"),
    [
        ("Asia/Calcutta", "Asia/Kolkata", "IN"),
        ("US/Eastern", "America/New_York", "US"),
        ("Portugal", "Europe/Lisbon", "PT"),
        ("Iceland", "Atlantic/Reykjavik", "IS"),
        ("Europe/Kiev", "Europe/Kyiv", "UA"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires", "AR"),
    ],
)
def test_another_name_leads_to_the_place(alias: str, name: str, country: str) -> None:
    assert find_time_zone(alias) == TimeZone(name, country)


@pytest.mark.parametrize("name", [*NO_PLACES, *NO_ZONES])
def test_what_is_no_place_is_no_time_zone_of_a_clinic(name: str) -> None:
    assert find_time_zone(name) is None
    assert country_of_zone(name) is None


def test_every_other_name_of_the_installation_is_a_place_with_a_country() -> None:
    offsets = ("Etc/", "GMT", "UTC", "UCT", "Universal", "Greenwich", "Zulu", "localtime", "Factory")
    places = {name for name in available_timezones() if not name.startswith(offsets) and not name[-3:].endswith("DT")}

    assert [name for name in sorted(places) if not is_country(country_of_zone(name) or "")] == []


def test_countries_are_listed_by_name() -> None:
    names = list(country_names().values())

    assert names == sorted(names)
    assert country_names()["PT"] == "Portugal"


@pytest.mark.parametrize("code", ["", "pt", "PRT", "XX", "EU"])
def test_what_iso_3166_does_not_list_is_no_country(code: str) -> None:
    assert not is_country(code)
