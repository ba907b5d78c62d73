"""The parts of a message that programs read: the address of one click, and the calendar file of a visit."""

from dataclasses import replace

from clinic.appointments.service import appointment_service
from clinic.core.mail.message import CalendarPart, Mail
from clinic.identity.clinics import clinic_service
from clinic.notifications.calendar.files import Method, invite
from clinic.notifications.links.issuing import issue_links
from clinic.notifications.links.page_texts import reading_language
from clinic.notifications.mail_links import make_links
from clinic.notifications.models import Notification
from clinic.patients.service import patient_service, recipient_of

METHODS: dict[str, Method] = {"confirmation": "REQUEST", "change": "REQUEST", "cancellation": "CANCEL"}
"""The kinds of messages with a calendar file, and what it does (RFC 5546, section 3.2)."""


def add_parts(mail: Mail, notification: Notification) -> Mail:
    """Return a message with its calendar file and the field by which mail programs stop such messages."""
    return replace(
        mail,
        unsubscribe=make_links(notification).unsubscribe,
        calendar=_calendar(notification),
        tokens=tuple(link.token for link in issue_links(notification).values()),
    )


def _calendar(notification: Notification) -> CalendarPart | None:
    method = METHODS.get(notification.kind)
    recipient = recipient_of(patient_service.get(notification.patient_id))
    if method is None or recipient is None or not recipient.email:
        return None
    visit, clinic = appointment_service.get(notification.about_id), clinic_service.current()
    language = reading_language(recipient, clinic)
    return CalendarPart(invite(visit, clinic, recipient, method=method, language=language), method)
