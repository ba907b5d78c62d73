"""Days and times in the reader's language and the clinic's region; a zone only where the time could be misread."""

from datetime import UTC, date, datetime

import pytest

from clinic.notifications.writing.dates import Region, lives_abroad

DAY = date(2026, 12, 1)
EIGHT = datetime(2026, 12, 1, 8, 0)


@pytest.mark.parametrize(
    ("language", "country", "written"),
    [
        ("en", "PT", "Tue 1 December 2026, 08:00"),
        ("en", "GB", "Tue 1 December 2026, 08:00"),
        ("en", "BR", "Tue 1 December 2026, 08:00"),
        ("en", "US", "Tue, December 1, 2026, 8:00 AM"),
        ("en", "AU", "Tue 1 December 2026, 8:00 am"),
        ("en", None, "Tue 1 December 2026, 08:00"),
        ("de", "PT", "Di., 1. Dezember 2026, 08:00 Uhr"),
        ("de", "AT", "Di., 1. Dezember 2026, 08:00 Uhr"),
        ("pt", "PT", "terça, 1 de dezembro de 2026, 08:00"),
        ("pt", "DE", "terça, 1 de dezembro de 2026, 08:00"),
        ("pt", "BR", "ter., 1 de dezembro de 2026, 08:00"),
    ],
)
def test_a_time_is_written_as_readers_of_the_language_expect_it_in_the_clinics_country(language, country, written):
    region = Region(language, country)

    assert f"{region.day(DAY)}, {region.time(EIGHT)}".replace("\u202f", " ") == written


@pytest.mark.parametrize(
    ("language", "written"),
    [("en", "1 December 2026"), ("de", "1. Dezember 2026"), ("pt", "1 de dezembro de 2026")],
)
def test_the_day_of_a_document_has_no_weekday(language, written):
    assert Region(language, "PT").plain_day(DAY) == written


@pytest.mark.parametrize(
    ("language", "note"), [("en", " (Lisbon time)"), ("de", " (Ortszeit Lissabon)"), ("pt", " (hora de Lisboa)")]
)
def test_the_zone_is_written_for_readers_in_another_country_only(language, note):
    moment = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)

    assert Region(language, "PT").zone_note(moment, "Europe/Lisbon", abroad=True) == note
    assert Region(language, "PT").zone_note(moment, "Europe/Lisbon", abroad=False) == ""


def test_in_the_hour_that_clocks_show_twice_the_difference_from_utc_is_written():
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    region = Region("en", "PT")

    notes = [region.zone_note(moment, "Europe/Lisbon", abroad=False) for moment in (first, second)]

    assert notes == [" (Lisbon time, UTC+1)", " (Lisbon time, UTC+0)"]


@pytest.mark.parametrize(
    ("address", "abroad"),
    [
        ("Baker Street 1\nLondon\nUnited Kingdom", True),
        ("Hauptstr. 1\n10115 Berlin\nDEUTSCHLAND", True),
        ("Calle Mayor 1\nMadrid\nEspanha", True),
        ("Rua das Flores 18\n1200-450 Lisboa\nPortugal", False),
        ("Rua das Flores 18\n1200-450 Lisboa", False),
        ("", False),
        (None, False),
    ],
)
def test_a_reader_lives_abroad_if_the_address_ends_with_another_country(address, abroad):
    assert lives_abroad(address, "PT") is abroad
