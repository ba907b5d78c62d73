"""The content of a message for the desk: as it was sent, or as it would be sent now."""

from dataclasses import dataclass

from clinic.core.errors import ClinicError
from clinic.core.mail.message import Mail
from clinic.notifications.channels import CHANNELS
from clinic.notifications.letters import spoken_text
from clinic.notifications.models import Notification
from clinic.notifications.stored_mail import StoredMail, preview_mail, unpack_mail
from clinic.notifications.subjects import MessageSubject
from clinic.notifications.writing.mails import draft_mail
from clinic.patients.service import patient_service


@dataclass(frozen=True)
class Content:
    """The content of a message; one that `is_preview` was not sent yet, or is shown as it would be sent now."""

    mail: StoredMail
    is_preview: bool = False


def content_of(message: Notification) -> Content | None:
    """Return the content of a message: as it was sent, or as it would be sent now; None if it can't be written."""
    if message.source is not None:
        return Content(unpack_mail(message.source))
    if message.body is not None:
        headers = [("To", message.recipient or ""), ("Subject", message.subject or "")]
        return Content(StoredMail(headers, message.body, None, []))
    if not CHANNELS[message.channel].by_worker:
        return _content_of_task(message)
    mail = draft_of(message)
    return Content(preview_mail(mail), is_preview=True) if mail else None


def _content_of_task(message: Notification) -> Content | None:
    """Return what a letter or a call says, None if it can't be written."""
    try:
        subject, text = spoken_text(message)
    except ClinicError:
        return None
    address = CHANNELS[message.channel].address(patient_service.get(message.patient_id))
    return Content(
        StoredMail([("To", address or "Not provided"), ("Subject", subject)], text, None, []), is_preview=True
    )


def draft_of(message: Notification) -> Mail | None:
    """Return a message as it would be written now, whether or not it may be sent; None if it can't be written.

    Without an address it is written to nobody: the recipient is a placeholder.
    """
    try:
        recipient = MessageSubject.of(message).recipient
        return draft_mail(message, recipient) if recipient else None
    except ClinicError:
        return None
