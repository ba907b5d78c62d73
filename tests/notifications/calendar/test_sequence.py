"""Whatever is done with a visit, its calendar files have one UID and a growing SEQUENCE, and end as the visit does."""

from contextlib import suppress
from datetime import timedelta

import icalendar
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.appointments.service import IllegalTransition, appointment_service
from clinic.core.db import db
from clinic.core.jobs import run_due_jobs
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody
from tests.notifications.links.messages import BEFORE

STEPS = ("move", "back", "cancel", "undo", "confirm", "note", "send")
MINUTE = timedelta(minutes=1)


def sent_files(mailbox):
    """Return the method and the event of each calendar file in the order in which they were sent."""
    parts = [part for message in mailbox.messages for part in message.walk()]
    found = [one.get_payload(decode=True) for one in parts if one.get_content_type() == "text/calendar"]
    calendars = [icalendar.Calendar.from_ical(content) for content in found]
    return [(str(calendar["METHOD"]), calendar.walk("VEVENT")[0]) for calendar in calendars]


def act(step, visit_id):
    """Do one thing with a visit, if its state allows it."""
    moves = {"move": MONDAY + timedelta(hours=1), "back": MONDAY}
    with suppress(IllegalTransition):
        if step in moves:
            appointment_service.reschedule(visit_id, starts_at=moves[step], overbook_reason="Known")
        elif step == "note":
            appointment_service.update(visit_id, note="Fasting")
        else:
            getattr(appointment_service, step)(visit_id)


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=8), minutes=st.integers(0, 4))
def test_every_file_of_a_visit_has_one_uid_and_a_higher_sequence(mailbox, steps, minutes):
    mailbox.__init__()
    with time_machine.travel(BEFORE, tick=False) as clock:
        visit = an_appointment(somebody(), a_practitioner())
        for step in steps:
            run_due_jobs() if step == "send" else act(step, visit.id)
            clock.shift(minutes * MINUTE)
        run_due_jobs()
        db.session.expire_all()
        last = appointment_service.get(visit.id)

    files = sent_files(mailbox)
    sequences = [int(event["SEQUENCE"]) for _, event in files]
    assert {str(event["UID"]) for _, event in files} <= {str(visit.id)}
    assert sequences == sorted(set(sequences))
    if files:
        method, event = files[-1]
        assert (method == "CANCEL") is (last.status in {"cancelled", "entered-in-error"})
        assert event["DTSTART"].dt == last.starts_at
