"""Messages that were sent about a visit, and the links in them."""

from dataclasses import asdict
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import select

from clinic.appointments.models import WeeklyHours
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.mail_links import make_links
from clinic.notifications.mail_worker import send_due
from clinic.notifications.models import Notification
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody

BEFORE = MONDAY - timedelta(days=7)
"""When the visit of most tests is booked."""


def a_visit(patient=None, **fields):
    """Book a visit with somebody who works on Mondays from eight to twelve."""
    practitioner = a_practitioner()
    with unit_of_work():
        hours = WeeklyHours(practitioner_id=practitioner.id, weekday=0, starts=8 * 60, ends=12 * 60)
        db.session.add(hours)
    return an_appointment(patient or somebody(language="en"), practitioner, **fields)


def sent_links(kind="confirmation"):
    """Send what is due, and return the paths in the latest message of a kind."""
    while send_due():
        pass
    db.session.commit()
    wanted = select(Notification).where(Notification.kind == kind, Notification.state == "sent")
    message = db.session.scalars(wanted.order_by(Notification.id.desc())).first()
    assert message is not None
    return {name: url and urlsplit(url).path for name, url in asdict(make_links(message)).items()}
