"""Calendar files of one visit: in mails as an invitation or its cancellation, and to download.

They say as little as the messages: no reason, no service, not the patient's name. The UID is that of the appointment
for ever, SEQUENCE its version, which every change increments. Nobody is asked to answer (RSVP=FALSE): a calendar's
answer would go to a mailbox that no program reads, so patients answer through the link in the message.
"""

from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import current_app
from icalendar import Calendar, Event, vCalAddress

from clinic.appointments.service import Appointment
from clinic.core.clock import now
from clinic.core.phone_numbers import written_phone
from clinic.identity.models import Clinic
from clinic.notifications.calendar.time_zone import time_zone
from clinic.notifications.links.page_texts import page_texts, reading_language
from clinic.notifications.links.visit_states import LinkedVisit
from clinic.patients.service import Recipient

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]

PRODUCT = "-//clinic//Appointments//EN"


def invite(visit: Appointment, clinic: Clinic, recipient: Recipient, *, method: Method, language: str) -> bytes:
    """Return the file of a mail about a visit, or about its cancellation, to one person (RFC 5546, 3.2.2 and 3.2.5)."""
    event = _event(visit, clinic, language)
    event.add("attendee", _attendee(recipient))
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    return _calendar(event, visit, method)


def publish_visit(shown: LinkedVisit, language: str | None) -> bytes:
    """Return the file of a visit to download, without attendees (RFC 5546, section 3.2.1)."""
    language = language or reading_language(shown.recipient, shown.clinic)
    event = _event(shown.visit, shown.clinic, language)
    event.add("status", "CONFIRMED")
    return _calendar(event, shown.visit, "PUBLISH")


def _calendar(event: Event, visit: Appointment, method: Method) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(time_zone(visit.zone, visit.starts_at))
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _event(visit: Appointment, clinic: Clinic, language: str) -> Event:
    """Return what every file says about a visit, at its local time with the name of its zone."""
    place, texts = ZoneInfo(visit.zone), page_texts(language)
    event = Event()
    event.add("uid", str(visit.id))
    event.add("sequence", visit.version)
    event.add("dtstamp", now())
    event.add("created", visit.created_at)
    event.add("last-modified", visit.updated_at)
    event.add("dtstart", visit.starts_at.astimezone(place))
    event.add("dtend", visit.ends_at.astimezone(place))
    event.add("summary", texts["calendar_summary"].format(clinic=clinic.name), {"LANGUAGE": language})
    event.add("description", _description(clinic, texts["calendar_description"], texts["calendar_description_plain"]))
    if clinic.address:
        event.add("location", ", ".join([clinic.name, *clinic.address.splitlines()]))
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    event.add("organizer", _organizer(clinic))
    return event


def _description(clinic: Clinic, with_phone: str, plain: str) -> str:
    return with_phone.format(phone=written_phone(clinic.phone)) if clinic.phone else plain


def _organizer(clinic: Clinic) -> vCalAddress:
    """Return the clinic with the address from which its mail comes, as mail programs expect."""
    organizer = vCalAddress(_mailto(current_app.config["MAIL_FROM"]))
    organizer.params["CN"] = clinic.name
    return organizer


def _attendee(recipient: Recipient) -> vCalAddress:
    attendee = vCalAddress(_mailto(recipient.email or ""))
    attendee.params.update(
        {"CN": recipient.name, "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"}
    )
    return attendee


def _mailto(address: str) -> str:
    """Return an address as a URI (RFC 6068), in which characters outside ASCII are encoded."""
    return f"mailto:{quote(address, safe='@+.!#$&*-=^_`{|}~')}"
