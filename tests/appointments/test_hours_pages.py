"""The page of working hours: rows, copies, errors, what falls outside, and the calendar of exceptions."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.service import (
    appointment_service,
    hours_exception_service,
    hours_service,
    practitioner_service,
)
from tests.assertions import spoken
from tests.builders import a_practitioner, an_appointment
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

MORNINGS = [WeeklyRange(weekday, 480, 750) for weekday in range(5)]


@pytest.fixture
def practitioner(here):
    """Somebody with an appointment on a Monday at nine."""
    with here():
        return practitioner_service.get(an_appointment().practitioner_id)


@pytest.fixture
def url(practitioner):
    """The address of their working hours."""
    return f"/appointments/hours/{practitioner.id}"


def form(*rows, **fields):
    """Return the sent form with rows like `mon 8 12.30`."""
    sent = {"version": "1", "valid_from": "", "valid_until": "", **fields}
    for number, row in enumerate(rows):
        names = ("day", "starts", "ends")
        sent |= {f"ranges-{number}-{name}": text for name, text in zip(names, row.split(" "), strict=True)}
    return sent


def rows_of(page):
    """Return the rows that a page shows, like `mon 08:00 12:30`."""
    found = re.findall(r'name="ranges-(\d+)-(day|starts|ends)" value="([^"]*)"', page)
    numbers = dict.fromkeys(number for number, _, _ in found)
    return [" ".join(value for one, _, value in found if one == number) for number in numbers]


def seal_of(page):
    """Return the seal of the preview that a page shows."""
    (seal,) = re.findall(r'name="seen" value="(\w+)"', page)
    return seal


def stored(here, practitioner):
    with here():
        return hours_service.get(practitioner.id)


@pytest.mark.slow
def test_a_practitioner_without_hours_is_shown_as_bookable_at_any_time(client, practitioner, url):
    start = client.get("/appointments/hours")
    chosen = client.get(f"/appointments/hours?practitioner_id={practitioner.id}")
    page = client.get(url).text

    assert start.location == chosen.location == url
    assert "No working hours set: Dr Amara Okafor is bookable at any time." in spoken(page)
    assert rows_of(page) == []


def test_rows_are_added_removed_and_copied_without_being_checked(client, here, practitioner, url):
    sent = form("mon 8 25:00", "mon 13.15 17", "tue 9 10", key="k" * 20)

    added = client.submit(url, **sent, add="mon")
    removed = client.submit(url, **sent, remove="1")
    copied = client.submit(url, **sent, copy="1", copy_from="mon", copy_to="tue")

    assert [answer.status_code for answer in (added, removed, copied)] == [200, 200, 200]
    assert rows_of(added.text) == ["mon 8 25:00", "mon 13.15 17", "mon  ", "tue 9 10"]
    assert rows_of(removed.text) == ["mon 8 25:00", "tue 9 10"]
    assert rows_of(copied.text) == ["mon 8 25:00", "mon 13.15 17", "tue 8 25:00", "tue 13.15 17"]
    assert 'name="key" value="kkkkkkkkkkkkkkkkkkkk"' in added.text
    assert stored(here, practitioner).weeks == []


def test_typed_times_are_saved_and_come_back_tidy(client, here, practitioner, url):
    answer = client.submit(url, **form("mon 8 12.30", "mon  ", "mon 1315 17", "fri 9 24", valid_from="2029-12-01"))
    page = client.get(answer.location).text

    assert (answer.status_code, answer.location) == (303, f"{url}?on=2029-12-01")
    assert rows_of(page) == ["mon 08:00 12:30", "mon 13:15 17:00", "fri 09:00 24:00"]
    for text in ("From 1 Dec 2029", "8 h 15", "23 h 15 a week", "The hours are saved"):
        assert text in spoken(page)
    assert stored(here, practitioner).weeks[0].valid_from == date(2029, 12, 1)


def test_every_wrong_row_is_named_by_its_day_and_keeps_what_was_typed(client, here, practitioner, url):
    sent = form("tue 12.30 25:00", "wed 08:00 13:00", "wed  ", "wed 12.30 15", "fri 14 9", valid_until="soon")

    answer = client.submit(url, **sent)

    text = spoken(answer.text)
    assert answer.status_code == 422
    for problem in (
        "Tuesday 12.30–25:00: enter a time like 09:30",
        "Wednesday: 08:00–13:00 and 12:30–15:00 overlap",
        "Friday: 14:00–09:00 ends before it starts",
        "Enter a date like 2026-11-23",
    ):
        assert text.count(problem) == 2
    assert rows_of(answer.text) == ["tue 12.30 25:00", "wed 08:00 13:00", "wed 12.30 15", "fri 14 9"]
    assert 'href="#f-ranges-2-ends"' in answer.text
    assert stored(here, practitioner).weeks == []


def test_a_change_shows_what_is_stored_now(client, here, practitioner, url):
    with here():
        hours_service.set_week(practitioner.id, MORNINGS)

    page = spoken(client.submit(url, **form("mon 8 12:30", "wed 8 13", version="2"), check="1").text)

    assert page.count("Now 08:00–12:30") == 4
    assert "9 h 30 a week now 22 h 30" in page


@pytest.mark.slow
def test_what_falls_outside_is_shown_before_it_is_saved(client, here, practitioner, url):
    sent = form("mon 10 12")

    checked = client.submit(url, **sent, check="1")
    refused = client.submit(url, **sent)
    seal = seal_of(refused.text)
    assert stored(here, practitioner).weeks == []
    saved = client.submit(url, **sent, seen=seal)

    assert (checked.status_code, refused.status_code, saved.status_code) == (200, 409, 303)
    for answer in (checked, refused):
        text = spoken(answer.text)
        assert "1 booked appointment falls outside these hours" in text
        assert "Mon 26 Nov 2029, 09:00" in text
        assert "Pereira, Inês" in text
        assert "Before 10:00" in text
        assert "Save hours, keep 1 as booked" in text
    assert len(stored(here, practitioner).weeks) == 1


@pytest.mark.slow
def test_another_preview_than_the_one_that_was_shown_saves_nothing(client, here, practitioner, url):
    shown = client.submit(url, **form("mon 10 12"), check="1").text
    seal = seal_of(shown)
    with here():
        for hour in range(22):
            an_appointment(practitioner=practitioner, starts_at=datetime(2029, 11, 27, hour, tzinfo=UTC))

    refused = client.submit(url, **form("mon 10 12"), seen=seal)
    whole = client.submit(url, **form("mon 10 12"), seen=seal_of(refused.text), all="check")

    assert refused.status_code == 409
    assert "23 booked appointments fall outside these hours" in spoken(refused.text)
    assert refused.text.count("No hours on that day") == 19
    assert "Show all 23" in refused.text
    assert whole.text.count("No hours on that day") == 22
    assert stored(here, practitioner).weeks == []


@pytest.mark.slow
def test_the_button_that_shows_all_never_deletes(client, here, practitioner):
    with here():
        at_night = [datetime(2029, 11, 27, 20 + n // 4, 15 * (n % 4), tzinfo=UTC) for n in range(16)]
        day = date(2029, 11, 27)
        extra = hours_exception_service.create(
            practitioner_id=practitioner.id, kind="extra", first_day=day, last_day=day, starts=20 * 60, ends=24 * 60
        ).id
        hours_service.set_week(practitioner.id, MORNINGS)
        for at in at_night:
            an_appointment(practitioner=practitioner, starts_at=at, minutes=15)
    sent = {"kind": "extra", "first_day": "2029-11-27", "starts": "20", "ends": "24", "version": "1"}
    url = f"/appointments/hours/exceptions/{extra}/edit"

    refused = client.submit(url, **sent, delete="1")
    whole = client.submit(url, **sent, seen=seal_of(refused.text), all="delete")

    assert (refused.status_code, whole.status_code) == (409, 200)
    assert "16 booked appointments fall outside" in spoken(whole.text)
    with here():
        assert hours_exception_service.get(extra).version == 1
    shown = {name: hidden_value(whole.text, name) for name in ("version", "seen")}
    assert client.submit(url, **sent | shown, delete="1").status_code == 303


def test_a_stale_form_shows_what_is_stored_now_and_can_be_saved_again(client, here, practitioner, url):
    with here():
        hours_service.set_week(practitioner.id, MORNINGS)

    stale = client.submit(url, **form("mon 8 13", version="1"))

    assert stale.status_code == 409
    assert "Somebody else changed Dr Amara Okafor meanwhile" in spoken(stale.text)
    assert rows_of(stale.text) == ["mon 08:00 13:00"]
    assert 'name="version" value="2"' in stale.text
    assert len(stored(here, practitioner).weeks[0].ranges) == 5


@pytest.mark.slow
def test_the_weeks_of_a_practitioner_are_tabs(client, here, practitioner, url):
    with here():
        hours_service.set_week(practitioner.id, MORNINGS)
        hours_service.set_week(practitioner.id, MORNINGS[:1], valid_from=date(2029, 12, 1))

    now, later = client.get(url).text, client.get(f"{url}?on=2029-12-01").text

    assert (len(rows_of(now)), len(rows_of(later))) == (5, 1)
    assert "Until 30 Nov 2029 now" in spoken(now)
    assert re.search(r'aria-current="page">From 1 Dec 2029', later)


def test_exceptions_are_added_changed_and_deleted_with_the_calendar_in_step(client, here, practitioner, url):
    new = f"{url}/exceptions/new"
    assert 'value="2029-11-26"' in client.get(f"{new}?day=2029-11-26").text
    fields = {"kind": "leave", "first_day": "2029-11-26", "last_day": "", "starts": "", "ends": "", "room_id": ""}

    refused = client.submit(new, **fields)
    seal = seal_of(refused.text)
    added = client.submit(new, **fields, seen=seal)

    assert (refused.status_code, added.status_code, added.location) == (409, 303, url)
    page = client.get(f"{url}?month=2029-11-01").text
    assert "Mon 26 Nov 2029 Leave" in spoken(page)
    assert 'aria-label="Add: 26, leave">26 <b>L</b>' in page

    with here():
        (row,) = hours_exception_service.list().rows
    edit = f"/appointments/hours/exceptions/{row.id}/edit"
    assert "Mon 26 Nov 2029" in spoken(client.get(edit).text)
    changed = {**fields, "kind": "hours", "starts": "9", "ends": "12.30", "last_day": "2029-11-30"}
    assert client.submit(edit, **changed, version="1").status_code == 303
    stale = client.submit(edit, **changed, version="1")
    assert (stale.status_code, "Somebody else changed this exception" in spoken(stale.text)) == (409, True)
    assert client.submit(edit, **fields, delete="1", version="1").status_code == 409
    assert client.submit(edit, **fields, delete="1", version="2").status_code == 303
    with here():
        assert hours_exception_service.list().rows == []


def test_a_wrong_exception_shows_all_problems_and_keeps_what_was_typed(client, here, practitioner, url):
    fields = {"kind": "extra", "first_day": "", "last_day": "2029-11-25", "starts": "9", "ends": "25:00", "room_id": ""}

    answer = client.submit(f"{url}/exceptions/new", **fields, note="Vaccinations")

    text = spoken(answer.text)
    assert answer.status_code == 422
    assert "Enter the first day" in text
    assert "Enter a time like 09:30" in text
    for typed in ('value="25:00"', 'value="Vaccinations"', 'value="2029-11-25"'):
        assert typed in answer.text


def test_without_a_practitioner_the_page_says_what_will_be_there(client):
    assert "No practitioners yet" in client.get("/appointments/hours").text


@pytest.mark.slow
def test_hours_are_not_for_the_desk(client, practitioner, url, become):
    with_tab = client.get(url).text
    become("receptionist")

    assert "Working hours</a>" in with_tab
    assert client.get(url).status_code == 403
    assert "Working hours" not in client.get("/appointments").text


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    "address", ["/appointments/hours/{}", "/appointments/opening-hours", "/appointments/opening-hours/holidays/2029"]
)
def test_pages_take_few_statements(app, client, here, practitioner, address):
    with here():
        hours_service.set_week(practitioner.id, MORNINGS)
        a_practitioner()

    with counted_statements(app) as seen:
        assert client.get(address.format(practitioner.id)).status_code == 200
    assert len(of_rows(seen)) <= 12, seen


def choices_of(page):
    """Return the choices that a page offers, by the field of each appointment, and which one is chosen."""
    offered = {}
    for name, select in re.findall(r'<select[^>]* name="(choice-[^"]*)".*?>(.*?)</select>', page, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?', select)
        offered[name] = ([value for value, _ in values], next(value for value, chosen in values if chosen))
    return offered


@pytest.fixture
def outside(here, practitioner):
    """The fields of two appointments, at nine and half past nine."""
    with here():
        an_appointment(None, practitioner, datetime(2029, 11, 26, 9, 30, tzinfo=UTC))
        return [f"choice-{one.id}" for one in appointment_service.day(date(2029, 11, 26))]


@pytest.mark.slow
def test_each_appointment_outside_is_kept_moved_or_cancelled_as_was_chosen(client, here, practitioner, url, outside):
    sent = form("mon 10 12", "tue 8 12")
    shown = client.submit(url, **sent, check="1").text
    offered = choices_of(shown)
    choices = {"outside": "choose", outside[0]: offered[outside[0]][1], outside[1]: "cancel"}

    again = client.submit(url, **sent, **choices, check="1").text
    saved = client.submit(url, **sent, **choices, seen=seal_of(again))
    page = spoken(client.get(saved.location).text)

    times = [f"2029-11-{day}T{time}:00+00:00" for day, time in ((26, "10:00"), (27, "09:00"))]
    assert offered[outside[0]] == ([*times, "2029-12-03T10:00:00+00:00", "other", "keep", "cancel"], times[0])
    assert "Move to Mon 26 Nov 2029, 10:00" in shown
    assert 'value="keep" checked' in shown
    assert "Save hours, keep 2 as booked" in spoken(shown)
    assert 'value="choose" checked' in again
    assert choices_of(again)[outside[1]][1] == "cancel"
    assert "Save hours, move 1, cancel 1" in spoken(again)
    assert "The hours are saved: 1 moved, 1 cancelled" in page
    with here():
        found = [appointment_service.get(UUID(name.removeprefix("choice-"))) for name in outside]
        assert [one.status for one in found] == ["booked", "cancelled"]
        assert found[0].starts_at == datetime(2029, 11, 26, 10, tzinfo=UTC)


@pytest.mark.slow
def test_choices_that_are_not_to_be_used_keep_all(client, here, practitioner, url, outside):
    sent = form("mon 10 12") | {"outside": "keep", outside[0]: "cancel"}

    saved = client.submit(url, **sent, seen=seal_of(client.submit(url, **sent, check="1").text))

    assert "The hours are saved" in spoken(client.get(saved.location).text)
    with here():
        assert {one.status for one in appointment_service.day(date(2029, 11, 26))} == {"booked"}


def test_a_taken_time_comes_back_at_its_appointment_with_all_choices(client, here, practitioner, url, outside):
    sent = form("mon 10 12") | {"outside": "choose", outside[0]: "cancel", outside[1]: "2029-11-26T10:00:00+00:00"}
    seal = seal_of(client.submit(url, **sent, check="1").text)
    with here():
        an_appointment(None, practitioner, datetime(2029, 11, 26, 10, tzinfo=UTC))

    refused = client.submit(url, **sent, seen=seal)

    text = spoken(refused.text)
    assert refused.status_code == 409
    assert f'<a href="#f-{outside[1]}">2029-11-26 09:30: This time is taken: choose another one</a>' in refused.text
    assert choices_of(refused.text)[outside[0]][1] == "cancel"
    assert choices_of(refused.text)[outside[1]][1] == "2029-11-26T11:00:00+00:00"
    assert "2 booked appointments fall outside these hours" in text
    assert stored(here, practitioner).weeks == []


@pytest.mark.slow
def test_a_choice_that_is_none_is_refused(client, here, practitioner, url, outside):
    sent = form("mon 10 12") | {"outside": "choose", outside[0]: "later"}

    refused = client.submit(url, **sent, seen="x")

    assert refused.status_code == 422
    assert f'<a href="#f-{outside[0]}">Choose keep, cancel or a new start' in refused.text
    assert hidden_value(refused.text, outside[0]) == "later"
    assert stored(here, practitioner).weeks == []


@pytest.mark.slow
def test_leave_takes_choices_when_it_is_added_and_when_extra_hours_are_deleted(
    client, here, practitioner, url, outside
):
    fields = {"kind": "leave", "first_day": "2029-11-26", "last_day": "", "starts": "", "ends": "", "room_id": ""}
    choices = {"outside": "choose", outside[0]: "cancel", outside[1]: "keep"}
    seal = seal_of(client.submit(f"{url}/exceptions/new", **fields).text)

    added = client.submit(f"{url}/exceptions/new", **fields, **choices, seen=seal)

    assert "Added: 1 cancelled" in spoken(client.get(added.location).text)
    with here():
        assert appointment_service.get(UUID(outside[0].removeprefix("choice-"))).cancel_reason == "practitioner"


@pytest.mark.slow
@pytest.mark.parametrize(("denied", "shown"), [("appointments:write", True), ("appointments:read", False)])
def test_who_may_not_change_appointments_is_offered_no_choices(client, url, outside, become, *, denied, shown):
    become("manager", denied)

    page = client.submit(url, **form("mon 10 12"), check="1").text

    assert choices_of(page) == {}
    assert ("Mon 26 Nov 2029, 09:00" in page) is shown
    assert "They stay as booked until somebody moves or cancels them" in spoken(page)
    assert "Save hours, keep 2 as booked" in spoken(page)


def test_an_appointment_is_moved_to_a_time_that_is_typed(client, url, outside, here, practitioner):
    with here():
        hours_service.set_week(practitioner.id, MORNINGS)
    seal = seal_of(client.submit(url, **form("mon 10 12", version="2"), check="1").text)
    first, second = outside
    others = {name: name.replace("choice-", "other-time-") for name in outside}
    sent = form("mon 10 12", version="2") | {"outside": "choose", "seen": seal, first: "other", second: "cancel"}

    wrong = client.submit(url, **sent, **{others[first]: "2029-11-26"[:7]})
    saved = client.submit(url, **sent, **{others[first]: "2029-12-03T11:30"})

    assert wrong.status_code == 422
    assert "Enter a day, and a time that the clock shows on it" in spoken(wrong.text)
    assert saved.status_code == 303
    with here():
        moved = appointment_service.get(first.removeprefix("choice-"))
        assert (moved.starts_at, moved.status) == (datetime(2029, 12, 3, 11, 30, tzinfo=UTC), "booked")
