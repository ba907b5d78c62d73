"""Changing the clinic's time zone: the page with its preview, JSON and the command."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from clinic.appointments.service import appointment_service
from tests.appointments.zones import LISBON, MADRID
from tests.assertions import rows, spoken
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody
from tests.page_client import hidden_value
from tests.staff.people import browser_of
from tests.statements import counted_statements, of_rows

URL, API = "/clinic/time-zone", "/api/v1/clinic"
IN_THE_GAP = datetime(2029, 3, 25, 1, 30, tzinfo=UTC)
TWICE = datetime(2029, 10, 28, 2, 30, tzinfo=UTC)


@pytest.fixture
def appointment(here):
    """An appointment on a Monday at nine."""
    with here():
        return an_appointment()


def zone_of(app):
    return rows(app, "clinics")[0]["zone"]


def chosen(page):
    return re.findall(r'<option value="([^"]+)" selected>', page)


def sent(page, **fields):
    """Return the form of a page with the button that saves it."""
    names = ("version", "seen", "key")
    return {"zone": chosen(page)[0], "save": "1", **{name: hidden_value(page, name) for name in names}, **fields}


@pytest.mark.slow
def test_a_preview_is_shown_and_then_the_zone_is_changed(app, client, appointment):
    start = client.get(URL).text
    checked = client.submit(URL, zone=MADRID, version="1", check="1")
    assert zone_of(app) == LISBON

    saved = client.submit(URL, **sent(checked.text))

    text = spoken(checked.text)
    assert chosen(start) == [LISBON]
    assert "Change to" not in start
    for part in (
        "1 upcoming appointment keeps its local time",
        "Mon 26 Nov 2029, 09:00 Pereira, Inês P-000001 Dr Amara Okafor 1 h earlier",
        "Nothing is saved yet",
        "Change to Europe/Madrid",
    ):
        assert part in text
    assert (checked.status_code, saved.status_code, saved.location) == (200, 303, "/clinic")
    assert "The time zone is Europe/Madrid" in spoken(client.get("/clinic").text)
    assert rows(app, "appointments")[0]["starts_at"] == MONDAY - timedelta(hours=1)


@pytest.mark.slow
def test_what_is_in_the_way_is_listed_first_and_there_is_no_button_to_save(app, client, here, appointment):
    with here():
        an_appointment(starts_at=IN_THE_GAP + timedelta(days=1))
        an_appointment(starts_at=IN_THE_GAP)

    checked = client.submit(URL, zone=MADRID, version="1", check="1")
    forced = client.submit(URL, **sent(checked.text))

    text = spoken(checked.text)
    assert "3 upcoming appointments keep their local time; 1 must be moved or cancelled first" in text
    assert text.index("The clocks skip 02:30 on that day: choose 01:59 or 03:00") < text.index("1 h earlier")
    assert "Change to" not in text
    assert forced.status_code == 409
    assert "1 must be moved or cancelled first" in spoken(forced.text)
    assert zone_of(app) == LISBON


def test_another_list_than_the_one_that_was_shown_is_shown_before_anything_is_saved(app, client, here):
    checked = client.submit(URL, zone=MADRID, version="1", check="1").text
    with here():
        an_appointment(starts_at=TWICE)

    refused = client.submit(URL, **sent(checked))
    again = client.submit(URL, **sent(refused.text))

    text = spoken(refused.text)
    assert refused.status_code == 409
    assert "This is not what was shown before: look at it, then change the time zone" in text
    assert "02:30 comes twice on that day: it is the first one" in text
    assert chosen(refused.text) == [MADRID]
    assert "data-focus" in refused.text.partition("This is not what")[0].rpartition('<div class="notice')[2]
    assert (again.status_code, zone_of(app)) == (303, MADRID)


@pytest.mark.slow
def test_another_zone_than_the_one_that_was_shown_is_shown_first(app, client):
    checked = client.submit(URL, zone=MADRID, version="1", check="1").text

    refused = client.submit(URL, **sent(checked, zone="Atlantic/Azores"))

    assert (refused.status_code, zone_of(app)) == (409, LISBON)
    assert "Change to Atlantic/Azores" in spoken(refused.text)


def test_settings_that_somebody_else_has_changed_are_not_overwritten(app, client):
    checked = client.submit(URL, zone=MADRID, version="1", check="1").text
    client.patch(API, json={"late_cancel_hours": 48}, headers={"If-Match": '"1"'})

    refused = client.submit(URL, **sent(checked))
    saved = client.submit(URL, **sent(refused.text))

    assert refused.status_code == 409
    assert "Somebody else changed the clinic’s settings meanwhile" in spoken(refused.text)
    assert (saved.status_code, zone_of(app)) == (303, MADRID)


def test_the_present_zone_is_no_change(app, client, appointment):
    checked = client.submit(URL, zone=LISBON, version="1", check="1")

    assert "The clinic is in this time zone already" in spoken(checked.text)
    assert "Change to" not in checked.text


@pytest.mark.breadth
@pytest.mark.parametrize("zone", ["", "Europe/Atlantis", "UTC", "+02:00", "é" * 300])
def test_a_wrong_zone_is_asked_again(app, client, zone):
    answer = client.submit(URL, zone=zone, version="1", save="1", seen="")

    assert answer.status_code == 422
    assert "Enter a time zone of the IANA list, like Europe/Lisbon" in spoken(answer.text) or len(zone) > 200
    assert 'aria-invalid="true"' in answer.text
    assert zone_of(app) == LISBON


@pytest.mark.slow
def test_showing_all_saves_nothing(app, client, here):
    with here():
        practitioner, patient = a_practitioner(), somebody()
        for hour in range(25):
            an_appointment(patient, practitioner, MONDAY + timedelta(hours=hour))
    page = client.submit(URL, zone=MADRID, version="1", check="1").text
    fields = {name: value for name, value in sent(page).items() if name != "save"}

    whole = client.submit(URL, **fields, all="1").text

    assert (page.count("1 h earlier"), whole.count("1 h earlier")) == (20, 25)
    assert "Show all 25" in page
    assert zone_of(app) == LISBON


def test_who_may_not_see_appointments_sees_how_many_there_are(client, become, appointment):
    become("manager", "appointments:read")

    text = spoken(client.submit(URL, zone=MADRID, version="1", check="1").text)

    assert "1 upcoming appointment keeps its local time" in text
    assert "Change to Europe/Madrid" in text
    assert "Pereira" not in text


def test_who_may_not_change_settings_has_neither_link_nor_page(app, client, desk):
    theirs = browser_of(app, desk)

    assert URL not in theirs.get("/clinic").text
    assert theirs.get(URL).status_code == theirs.submit(URL, zone=MADRID).status_code == 403


def test_the_page_takes_few_statements(app, client, appointment):
    with counted_statements(app) as statements:
        client.submit(URL, zone=MADRID, version="1", check="1")

    assert len(of_rows(statements)) <= 12


@pytest.mark.slow
def test_programs_preview_the_zone_and_change_it_with_other_settings(client, appointment):
    preview = client.post(f"{API}/time-zone/preview", json={"time_zone": MADRID})
    changed = client.patch(API, json={"time_zone": MADRID, "name": "Porto"}, headers={"If-Match": '"1"'})
    same = client.patch(API, json={"time_zone": MADRID}, headers={"If-Match": '"2"'})

    assert preview.json == {
        "time_zone": MADRID,
        "possible": True,
        "text": "1 upcoming appointment keeps its local time",
        "notices": [],
    }
    assert changed.json.items() >= {"time_zone": MADRID, "name": "Porto", "version": 2}.items()
    assert (same.status_code, same.json["version"]) == (200, 2)
    shown = client.get(f"/api/v1/appointments/{appointment.id}").json
    assert (shown["starts_at"], shown["version"]) == ("2029-11-26T08:00:00Z", 2)


@pytest.mark.slow
def test_programs_learn_what_is_in_the_way(app, client, here):
    with here():
        blocking = an_appointment(starts_at=IN_THE_GAP)
    notice = {
        "record": "appointments",
        "id": str(blocking.id),
        "text": "2029-03-25 02:30: The clocks skip 02:30 on that day: choose 01:59 or 03:00",
    }

    preview = client.post(f"{API}/time-zone/preview", json={"time_zone": MADRID})
    refused = client.patch(API, json={"time_zone": MADRID, "name": "Porto"}, headers={"If-Match": '"1"'})

    assert (preview.json["possible"], preview.json["notices"]) == (False, [notice | {"blocks": True}])
    assert (refused.status_code, refused.json["code"], refused.json["records"]) == (
        409,
        "zone-change-refused",
        [notice],
    )
    assert rows(app, "clinics")[0]["version"] == 1


@pytest.mark.breadth
@pytest.mark.parametrize("zone", [None, 5, "", "Europe/Atlantis"])
def test_programs_with_a_wrong_zone_get_an_error_at_it(client, zone):
    for answer in (
        client.post(f"{API}/time-zone/preview", json={"time_zone": zone}),
        client.patch(API, json={"time_zone": zone, "name": ""}, headers={"If-Match": '"1"'}),
    ):
        assert answer.status_code == 422
        assert "#/time_zone" in {error["pointer"] for error in answer.json["errors"]}


def test_the_command_shows_what_is_in_the_way_and_changes_the_zone(app, run, here):
    with here():
        blocking = an_appointment(starts_at=IN_THE_GAP)

    tried = run("staff", "configure", "--zone", MADRID, "--dry-run", "--json")
    refused = run("staff", "configure", "--zone", MADRID)
    assert zone_of(app) == LISBON
    with here():
        appointment_service.cancel(blocking.id)
    done = run("staff", "configure", "--zone", MADRID, "--json")
    wrong = run("staff", "configure", "--zone", "Europe/Atlantis")

    assert [row["id"] for row in json.loads(tried.stdout)] == [str(blocking.id)]
    assert "1 must be moved or cancelled first. Nothing was changed" in tried.stderr
    assert (refused.exit_code, zone_of(app)) == (5, MADRID)
    assert "1 must be moved or cancelled first" in refused.stderr
    assert json.loads(done.stdout)["time_zone"] == MADRID
    assert "No upcoming appointments" in done.stderr
    assert (wrong.exit_code, "--zone" in wrong.stderr) == (2, True)
