"""Messages to patients as mails, written when they are sent."""

from clinic.core.mail.message import Mail
from clinic.core.mail.queue import NotToBeSent
from clinic.identity.clinics import clinic_service
from clinic.notifications.linked_mail import add_parts
from clinic.notifications.mail_links import MailLinks, make_links
from clinic.notifications.models import Notification
from clinic.notifications.relevance import NO_ADDRESS, check_relevance
from clinic.notifications.subjects import MessageSubject
from clinic.notifications.writing.facts import Facts, facts_of
from clinic.notifications.writing.html import as_html
from clinic.notifications.writing.languages import TemplateText, choose_language, default_text
from clinic.notifications.writing.message_text import MessageText, write_text
from clinic.notifications.writing.plain_text import as_plain_text
from clinic.notifications.writing.template_service import TemplateKey, template_service
from clinic.patients.service import Recipient

NOBODY = "nobody@invalid"
"""The address of a message that can't be sent (RFC 2606, section 2)."""


def write_mail(notification: Notification) -> Mail:
    """Return a claimed message with a text and an HTML part, to the present address of the patient or the guardian.

    :raises NotToBeSent: if the patient has no address or has not consented, or it is not true any more
    :raises NotSent: if it has to wait for an earlier message
    """
    subject = MessageSubject.of_claimed(notification)
    check_relevance(subject)
    recipient = subject.recipient
    if recipient is None or not recipient.email:
        raise NotToBeSent(NO_ADDRESS)
    return draft_mail(notification, recipient)


def draft_mail(notification: Notification, recipient: Recipient) -> Mail:
    """Return a message as it would be written now, whether or not it may be sent; without an address to nobody."""
    message = write_message(facts_of(MessageSubject.of(notification), recipient), make_links(notification))
    mail = Mail(
        id=notification.id,
        recipient_name=recipient.name,
        recipient_email=recipient.email or NOBODY,
        sender_name=clinic_service.current().name,
        subject=message.subject,
        text=as_plain_text(message),
        html=as_html(message),
        language=message.language,
    )
    return add_parts(mail, notification)


def write_message(facts: Facts, links: MailLinks) -> MessageText:
    """Return a message in the language of its reader."""
    language = choose_language(facts.reader.language, facts.sender.language)
    return write_text(facts, language, template_of(facts, language), links)


def template_of(facts: Facts, language: str) -> TemplateText:
    """Return the text that is used for a mail: the clinic's own, to guardians too, otherwise the default."""
    own = template_service.own_text(TemplateKey(facts.kind, "email", language))
    return own or default_text(facts.kind, language, guardian=facts.reader.is_guardian)
