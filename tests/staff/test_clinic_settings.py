"""The settings of a clinic: what can be changed, by whom, and what two people change at once."""

import json
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from sqlalchemy import text

from clinic.core.db import db
from clinic.identity.clinics import ClinicChanged, clinic_service
from clinic.identity.members import member_service
from clinic.identity.roles import OVERBOOK
from clinic.identity.sessions import session_service
from tests.assertions import element, pointers, row_counts, rows, spoken
from tests.builders import a_member
from tests.concurrency import run_at_once
from tests.page_client import hidden_value
from tests.staff.people import browser_of


def settings(**fields):
    given = {"name": "Harbour", "country": "PT", "locale": "en_GB", "idle_minutes": "30", "absolute_hours": "8"}
    return given | {"version": "1"} | fields


def stored(app, name="Harbour"):
    return next(row for row in rows(app, "clinics") if row["name"] == name)


def test_the_settings_are_changed_and_noted(app, client):
    answer = client.submit("/clinic", **settings(name=" Clinica\u0301 do Porto "))

    row = stored(app, "Clinicá do Porto")
    assert answer.status_code == 303
    assert (row["locale"], row["idle_minutes"], row["absolute_hours"], row["version"]) == ("en_GB", 30, 8, 2)
    entry = rows(app, "audit_entries")[-1]
    assert (entry["record"], entry["changes"]["idle_minutes"]) == ("clinics", [15, 30])


def test_a_setting_that_can_not_be_is_asked_again(app, client):
    before = rows(app, "clinics")

    answer = client.submit("/clinic", **settings(idle_minutes="241"))

    assert answer.status_code == 422
    assert "Enter the idle timeout in minutes from 1 to 240" in spoken(answer.text)
    assert 'aria-invalid="true"' in element(answer.text, "f-idle_minutes")
    assert rows(app, "clinics") == before


@pytest.mark.slow
def test_everything_that_is_wrong_is_reported_at_once(client):
    page = spoken(client.submit("/clinic", **settings(name=" ", locale="english", idle_minutes="0")).text)

    for words in ("Enter the clinic's name", "Enter a language and country", "Enter the idle timeout in minutes"):
        assert words in page


@pytest.mark.slow
def test_the_country_is_chosen_by_name_and_decides_how_phone_numbers_are_read(app, client):
    page = client.get("/clinic").text

    client.submit("/clinic", **settings(country="HU"))
    client.submit("/patients/new", family_name="Kovács", phone="06 30 123 4567")

    assert '<option value="PT" selected>Portugal</option>' in page
    assert '<option value="HU">Hungary</option>' in page
    assert rows(app, "patients")[0]["phone"] == "+36301234567"
    assert client.get("/api/v1/clinic").get_json()["country"] == "HU"


@pytest.mark.slow
def test_a_clinic_without_a_country_is_asked_for_one(app, client, clinic):
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE clinics SET country = NULL"))

    page, answer = client.get("/clinic").text, client.submit("/clinic", **settings(country=""))

    assert '<option value="" selected>Choose</option>' in page
    assert answer.status_code == 422
    assert "Enter a country code" in spoken(answer.text)


@pytest.mark.slow
@pytest.mark.row(56)
@pytest.mark.parametrize("field", [{"currency": "USD"}, {"zone": "Europe/Madrid"}])
def test_the_currency_and_what_is_not_shown_can_not_be_changed(app, client, field):
    before = rows(app, "clinics")

    answer = client.submit("/clinic", **settings(**field))

    assert answer.status_code == 422
    assert rows(app, "clinics") == before


def test_the_page_shows_what_can_not_be_changed_and_why(client):
    page = spoken(client.get("/clinic").text)

    assert "Time zone Europe/Lisbon Change the time zone Currency EUR" in page
    assert "The currency can’t be changed: invoices are recorded in it" in page


def test_a_name_that_is_taken_is_refused(client, other_clinic):
    answer = client.submit("/clinic", **settings(name="Other Clinic"))

    assert answer.status_code == 409
    assert "There is already a clinic named Other Clinic" in spoken(answer.text)


def test_a_stale_form_is_answered_with_both_versions(app, client):
    client.submit("/clinic", **settings())

    answer = client.submit("/clinic", **settings(name="Mine", idle_minutes="60"))

    assert answer.status_code == 409
    words = spoken(answer.text)
    assert "Administrator Person saved a change on" in words
    assert "Name Mine Harbour Idle timeout (minutes) 60 30" in words
    assert "data-focus" in answer.text.partition("<h1")[2].partition(">")[0]
    assert 'name="version" value="2"' in answer.text
    assert stored(app)["idle_minutes"] == 30


@pytest.mark.slow
def test_of_two_versions_of_the_settings_each_field_is_chosen(app, client):
    client.submit("/clinic", **settings())
    page = client.submit("/clinic", **settings(name="Mine", idle_minutes="60")).text
    unchanged = {name: hidden_value(page, name) for name in ("country", "locale", "absolute_hours", "version")}

    client.submit("/clinic", name="Mine", idle_minutes="30", **unchanged)

    row = stored(app, "Mine")
    assert (row["idle_minutes"], row["absolute_hours"], row["locale"]) == (30, 8, "en_GB")


@pytest.mark.slow
def test_of_two_who_save_at_once_one_gets_a_conflict(app, clinic):
    def save(number):
        clinic_service.update(version=1, name="Harbour", locale="en_GB", idle_minutes=10 + number, absolute_hours=8)

    outcomes = run_at_once(app, clinic.id, 4, save)

    assert [type(outcome) for outcome in outcomes if outcome] == [ClinicChanged] * 3
    assert stored(app)["version"] == 2


@pytest.mark.slow
@pytest.mark.row(16)
def test_a_shorter_limit_holds_for_sessions_that_are_open(app, client, hired):
    theirs = browser_of(app, hired("receptionist"))
    client.submit("/clinic", **settings(idle_minutes="5"))

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6), tick=False):
        answer = theirs.get("/patients")

    assert answer.headers["Location"].startswith("/login")


def test_without_write_permission_there_is_no_form(app, client, desk):
    theirs = browser_of(app, desk)
    before = row_counts(app)

    page = theirs.get("/clinic").text

    assert "You can view these settings but not change them" in page
    assert 'action="/clinic"' not in page
    assert theirs.submit("/clinic", **settings()).status_code == 403
    assert row_counts(app) == before


@pytest.mark.slow
def test_the_clinics_one_works_in_are_listed_and_no_other(app, client, other_clinic):
    assert "Other Clinic" not in client.get("/clinic").text


def test_receptionists_overbook_if_the_clinic_says_so_and_it_is_not_denied_to_them(client, clinic, here):
    with here():
        desk = a_member(clinic.id, "receptionist").id
        strict = a_member(clinic.id, "receptionist", email="strict@example.org", denied=[OVERBOOK]).id
        practitioner = a_member(clinic.id, "practitioner").id

    def overbooking():
        with here():
            tokens = [
                session_service.start(one, clinic.id, address="", agent="") for one in (desk, strict, practitioner)
            ]
            found = [session_service.find(token, renew=False) for token in tokens]
            sessions = [one is not None and OVERBOOK in one.permissions for one in found]
            return sessions, OVERBOOK in member_service.get_by_email("receptionist@example.org").permissions

    before = overbooking()
    client.submit("/clinic", **settings(desk_overbooks="1"))

    assert (before, overbooking()) == (([False, False, True], False), ([True, False, True], True))
    roles = spoken(client.get("/staff/roles").text)
    assert "Book outside working hours, in the past and over other appointments Yes Yes Yes Yes – No – No" in roles
    assert "receptionists have it by a setting of the clinic" in roles


def test_nobody_gives_receptionists_a_permission_that_they_lack(app, client, become):
    become("manager", OVERBOOK)
    before = rows(app, "clinics")

    answer = client.submit("/clinic", **settings(desk_overbooks="1"))

    assert answer.status_code == 422
    assert "You can't grant a permission that you do not have" in unescape(answer.text)
    assert rows(app, "clinics") == before


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("late_cancel_hours", "337", "Enter the notice of a cancellation in hours from 0 to 336"),
        ("late_cancel_hours", "", "Enter the notice of a cancellation in hours from 0 to 336"),
        ("subdivision", "PT-11", "Enter at most 3 characters"),
        ("subdivision", "é", "Enter the region's code, like 11 or BY"),
        ("subdivision", "BY", "Portugal has no region BY with public holidays of its own"),
        ("country", "DE", "Germany has no region 11 with public holidays of its own"),
    ],
)
def test_a_wrong_setting_of_appointments_is_asked_again(app, client, field, wrong, message):
    before = rows(app, "clinics")

    answer = client.submit("/clinic", **settings(**{"subdivision": "11", field: wrong}))

    assert (answer.status_code, rows(app, "clinics")) == (422, before)
    assert message in unescape(answer.text)


@pytest.mark.slow
def test_settings_are_changed_by_json_and_command(app, client, run):
    url = "/api/v1/clinic"
    unversioned = client.patch(url, json={"late_cancel_hours": 48})
    changed = client.patch(url, json={"late_cancel_hours": 48, "subdivision": "11"}, headers={"If-Match": '"1"'})
    stale = client.patch(url, json={"desk_overbooks": True}, headers={"If-Match": '"1"'})
    wrong = client.patch(url, json={"desk_overbooks": "yes"}, headers={"If-Match": '"2"'})
    result = run("staff", "configure", "--desk-overbooks", "yes", "--subdivision", "", "--json")

    assert changed.json.items() >= {"late_cancel_hours": 48, "subdivision": "11", "version": 2}.items()
    assert [answer.status_code for answer in (unversioned, stale, wrong)] == [428, 412, 422]
    assert json.loads(result.stdout).items() >= {"desk_overbooks": True, "subdivision": None}.items()
    assert run("staff", "configure", "--late-cancel-hours", "x").exit_code == 2


def test_a_region_that_the_country_does_not_have_is_refused_by_json_and_command_too(app, client, run):
    url, any_version = "/api/v1/clinic", {"If-Match": "*"}
    client.patch(url, json={"subdivision": "11"}, headers=any_version)
    before = rows(app, "clinics")

    unknown = client.patch(url, json={"subdivision": "99", "late_cancel_hours": -1}, headers=any_version)
    moved = client.patch(url, json={"country": "DE"}, headers=any_version)
    by_command = run("staff", "configure", "--subdivision", "99")

    assert sorted(pointers(unknown)) == ["#/late_cancel_hours", "#/subdivision"]
    assert pointers(moved) == ["#/subdivision"]
    assert (by_command.exit_code, "--subdivision: Portugal has no region 99" in by_command.stderr) == (2, True)
    assert rows(app, "clinics") == before
    assert client.patch(url, json={"country": "DE", "subdivision": "BY"}, headers=any_version).status_code == 200


CONTACT = {"address": "Cais do Sodré 14\n1200-450 Lisboa", "phone": "+351213555000", "email": "desk@harbour.example"}


def test_how_patients_reach_the_clinic_is_set_on_the_page_by_json_and_by_command(app, client, run):
    client.submit("/clinic", **settings(**CONTACT | {"phone": "213 555 000"}))
    on_page = {name: stored(app)[name] for name in CONTACT}
    emptied = client.patch("/api/v1/clinic", json=dict.fromkeys(CONTACT), headers={"If-Match": '"2"'}).json
    result = run("staff", "configure", *(f"--{name}={value}" for name, value in CONTACT.items()), "--json")

    assert on_page == CONTACT
    assert [emptied[name] for name in CONTACT] == [None] * 3
    assert json.loads(result.stdout).items() >= CONTACT.items()
    assert rows(app, "audit_entries")[-1]["changes"]["phone"] == [None, "+351213555000"]


def test_a_phone_and_an_email_that_are_none_are_refused_with_everything_else_at_once(app, client, run):
    before = rows(app, "clinics")
    wrong = {"phone": "0", "email": "desk", "address": "x" * 501}

    page = client.submit("/clinic", **settings(**wrong, name=" "))
    answer = client.patch("/api/v1/clinic", json=wrong, headers={"If-Match": "*"})
    result = run("staff", "configure", "--phone", "0", "--email", "desk")

    assert page.status_code == 422
    for words in ("Enter the clinic's name", "Enter a phone number with its country code", "Enter an email address"):
        assert words in spoken(page.text)
    assert sorted(pointers(answer)) == ["#/address", "#/email", "#/phone"]
    assert (result.exit_code, "--phone" in result.stderr, "--email" in result.stderr) == (2, True, True)
    assert rows(app, "clinics") == before
