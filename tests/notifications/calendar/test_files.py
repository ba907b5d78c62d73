"""Calendar files in mails and to download, read by two parsers that know nothing of each other."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import time_machine
import vobject

from clinic.appointments.service import appointment_service
from clinic.core.jobs import run_due_jobs
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.notifications.calendar.time_zone import time_zone
from tests.builders import MONDAY, somebody
from tests.notifications.links.messages import BEFORE, a_visit, sent_links

LONG = "Gonçalves-Müller 日本 " * 8


@pytest.fixture
def week_before():
    """Be a week before the visit."""
    with time_machine.travel(BEFORE, tick=False):
        yield


@pytest.fixture
def booked(inside, week_before, mailbox):
    """A visit of somebody with a long name outside ASCII, in a clinic with an address."""
    with unit_of_work():
        clinic = clinic_service.current()
        clinic.address, clinic.phone = "Cais do Sodré 14\n1200-450 Lisboa", "+351213555000"
    return a_visit(somebody(family_name=LONG, given_name="", language="en"))


def files(mailbox):
    """Return the calendar file of each message that has one, as bytes, with its part."""
    parts = [part for message in mailbox.messages for part in message.walk()]
    found = [part for part in parts if part.get_content_type() == "text/calendar"]
    return [(part.get_payload(decode=True), part) for part in found]


def events(content):
    """Return the one event of a file as both parsers read it."""
    ours = icalendar.Calendar.from_ical(content).walk("VEVENT")
    theirs = vobject.readOne(content.decode()).vevent_list
    assert len(ours) == len(theirs) == 1
    return ours[0], theirs[0]


@pytest.mark.slow
def test_a_confirmation_invites_to_the_visit(booked, mailbox):
    run_due_jobs()

    content, part = files(mailbox)[-1]
    ours, theirs = events(content)
    assert part.get_param("method") == "REQUEST"
    assert b"\r\nMETHOD:REQUEST\r\n" in content
    assert ours["UID"] == theirs.uid.value == str(booked.id)
    assert int(ours["SEQUENCE"]) == int(theirs.sequence.value) == booked.version
    assert ours["DTSTART"].dt == theirs.dtstart.value == MONDAY
    assert ours["DTEND"].dt == theirs.dtend.value == MONDAY + timedelta(minutes=30)
    assert ours["CLASS"] == theirs.contents["class"][0].value == "PRIVATE"
    assert ours["ATTENDEE"].params["RSVP"] == theirs.attendee.params["RSVP"][0] == "FALSE"
    assert ours["LOCATION"] == theirs.location.value
    assert ours["ORGANIZER"].params["CN"] == theirs.organizer.params["CN"][0] == "Clínica São João"


@pytest.mark.slow
def test_a_file_says_no_more_than_the_message(inside, week_before, mailbox):
    a_visit(somebody(language="en"))
    run_due_jobs()

    content = files(mailbox)[-1][0].decode()

    assert "SUMMARY;LANGUAGE=en:Appointment\\, Clínica São João" in content
    assert not any(word in content for word in ("Pereira\r\n", "Okafor", "Check-up"))


def test_lines_have_at_most_75_octets_and_end_with_crlf(booked, mailbox):
    run_due_jobs()

    content = files(mailbox)[-1][0]

    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)
    for line in lines:
        line.decode()


@pytest.mark.slow
def test_the_mail_has_the_file_as_last_alternative_and_as_attachment(booked, mailbox):
    run_due_jobs()

    message = mailbox.messages[-1]
    alternative, attachment = message.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    assert (attachment.get_content_type(), attachment.get_filename()) == ("application/ics", "appointment.ics")
    assert attachment.get_payload(decode=True) == files(mailbox)[-1][0]


@pytest.mark.slow
def test_a_cancellation_takes_the_visit_out_of_the_calendar(booked, mailbox):
    run_due_jobs()
    appointment_service.cancel(booked.id)
    run_due_jobs()

    (invited, _), (cancelled, part) = files(mailbox)[-2:]
    before, after = events(invited)[0], events(cancelled)[0]
    assert (part.get_param("method"), after["STATUS"]) == ("CANCEL", "CANCELLED")
    assert before["UID"] == after["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])


@pytest.mark.slow
def test_the_downloaded_file_has_no_attendee(booked, visitor, mailbox):
    page = visitor.get(sent_links()["calendar"])

    ours, theirs = events(page.data)
    assert page.content_type == "text/calendar; charset=utf-8; method=PUBLISH"
    assert b"\r\nMETHOD:PUBLISH\r\n" in page.data
    assert "ATTENDEE" not in ours
    assert not hasattr(theirs, "attendee")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "at", "offset"),
    [
        ("Europe/Lisbon", datetime(2029, 3, 25, 0, 30, tzinfo=UTC), 0),
        ("Europe/Lisbon", datetime(2029, 3, 25, 1, 30, tzinfo=UTC), 60),
        ("Europe/Lisbon", datetime(2029, 10, 28, 0, 30, tzinfo=UTC), 60),
        ("Europe/Lisbon", datetime(2029, 10, 28, 1, 30, tzinfo=UTC), 0),
        ("Asia/Kolkata", MONDAY, 330),
        ("America/St_Johns", MONDAY, -210),
        ("Australia/Lord_Howe", MONDAY, 660),
    ],
)
def test_the_time_zone_has_the_real_offsets_on_both_sides_of_a_change(zone, at, offset):
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{time_zone(zone, at).to_ical().decode()}END:VCALENDAR\r\n"

    component: Any = icalendar.Calendar.from_ical(text).walk("VTIMEZONE")[0]
    ours = component.to_tz(lookup_tzid=False)
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    assert local.replace(tzinfo=ours).utcoffset() == timedelta(minutes=offset)
    theirs = vobject.readOne(text).vtimezone.tzinfo
    assert theirs.utcoffset(local) == timedelta(minutes=offset)
