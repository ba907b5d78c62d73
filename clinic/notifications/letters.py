"""Letters to patients: written like mails, printed by the desk, and recorded as printed."""

from babel.dates import format_date

from clinic.core.clock import today
from clinic.core.errors import Conflict
from clinic.identity.clinics import clinic_service
from clinic.notifications.channels.letter import address_lines
from clinic.notifications.channels.letter_pdf import letter_pdf
from clinic.notifications.mail_links import MailLinks
from clinic.notifications.models import Notification
from clinic.notifications.subjects import MessageSubject
from clinic.notifications.writing.facts import facts_of
from clinic.notifications.writing.mails import write_message
from clinic.notifications.writing.message_text import MessageText, Part
from clinic.patients.service import Recipient


class NoLetter(Conflict):
    """A letter can't be written: there is no postal address, or nobody to whom it goes."""

    code = "no-letter"

    def __init__(self) -> None:
        super().__init__("There is no postal address on record, or no guardian of a minor")


def write_letter(message: Notification) -> bytes:
    """Return a message as a letter to the patient's postal address, as PDF; it has no links.

    :raises NoLetter: if there is no postal address, or nobody to whom it goes
    """
    subject, clinic = MessageSubject.of(message), clinic_service.current()
    recipient, address = subject.recipient, address_lines(subject.patient)
    if recipient is None or not address:
        raise NoLetter
    text = _text(subject, recipient)
    contact = [clinic.phone, clinic.email]
    return letter_pdf(
        sender=[clinic.name, *(clinic.address or "").splitlines(), *(one for one in contact if one)],
        recipient=[recipient.name, *address],
        day=format_date(today(clinic.zone), "long", text.language),
        subject=text.subject,
        paragraphs=_paragraphs(text),
        language=text.language,
    )


def spoken_text(message: Notification) -> tuple[str, str]:
    """Return the subject of a message, and its paragraphs as a letter or a call says them, without links.

    :raises NoLetter: if there is nobody to whom it goes
    """
    subject = MessageSubject.of(message)
    if subject.recipient is None:
        raise NoLetter
    text = _text(subject, subject.recipient)
    return text.subject, "\n\n".join(_paragraphs(text))


def _text(subject: MessageSubject, recipient: Recipient) -> MessageText:
    return write_message(facts_of(subject, recipient), MailLinks())


def _paragraphs(text: MessageText) -> list[str]:
    return [*filter(None, (_paragraph(part) for part in text.parts)), text.questions, text.sender.name]


def _paragraph(part: Part) -> str:
    rows = [f"{row.label}: {', '.join(row.lines)}" for row in part.rows]
    return "\n".join([*part.lines, *rows])
