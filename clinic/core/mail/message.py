"""Mails: their text from templates, and their composition as messages with headers."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import UUID

from email_validator import validate_email
from flask import current_app

from clinic.core.clock import now


@dataclass(frozen=True)
class Mail:
    """A mail as a module writes it; `sender_name` is the name in From, `id` becomes its Message-ID."""

    id: UUID
    recipient_name: str
    recipient_email: str
    sender_name: str
    subject: str
    text: str
    html: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class MailText:
    """The rendered template of a mail: a subject and paragraphs."""

    language: str
    subject: str
    paragraphs: list[str]

    @classmethod
    def parse(cls, rendered: str, language: str) -> "MailText":
        """Split a rendered template: the first line is the subject, empty lines separate the paragraphs."""
        subject, _, body = rendered.partition("\n")
        paragraphs = [" ".join(part.split()) for part in body.split("\n\n")]
        return cls(language, subject.strip(), [part for part in paragraphs if part])

    @property
    def text(self) -> str:
        """The paragraphs as plain text."""
        return "\n\n".join(self.paragraphs) + "\n"


def compose(mail: Mail) -> EmailMessage:
    """Return the message of a mail, from the installation's address in the name of its sender.

    :raises ValueError: if a name or the subject has a line break, which could inject a header
    """
    message = EmailMessage()
    message["Subject"] = mail.subject
    message["From"] = mail_address(mail.sender_name, current_app.config["MAIL_FROM"])
    message["To"] = mail_address(mail.recipient_name, mail.recipient_email)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{mail.id}@{urlsplit(current_app.config['PUBLIC_URL']).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    if mail.language is not None:
        message["Content-Language"] = mail.language
    return message


def mail_address(name: str, email: str) -> Address:
    """Return an address header; its domain is written in ASCII unless the part before the @ needs SMTPUTF8 anyway."""
    user, _, domain = email.rpartition("@")
    if user.isascii() and not domain.isascii():
        domain = validate_email(email, check_deliverability=False).ascii_domain
    return Address(name, user, domain)
