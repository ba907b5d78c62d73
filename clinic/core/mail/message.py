"""Mails: their text from templates, and their composition as messages with headers."""

from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import UUID

from email_validator import validate_email
from flask import current_app

from clinic.core.clock import now
from clinic.core.mail.headers import address_field, text_field, url_field
from clinic.core.mail.mime import CalendarPart, mime_body


@dataclass(frozen=True)
class Mail:
    """A mail as a module writes it; `sender_name` is the name in From, `id` becomes its Message-ID.

    `unsubscribe` is the URL at which one click stops such mails (RFC 8058), `tokens` are those of the links in it.
    """

    id: UUID
    recipient_name: str
    recipient_email: str
    sender_name: str
    subject: str
    text: str
    html: str | None = None
    language: str | None = None
    calendar: CalendarPart | None = None
    unsubscribe: str | None = None
    tokens: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class ComposedMail:
    """A mail with its header fields, and the addresses of its envelope."""

    id: UUID
    sender: str
    recipient: str
    fields: str
    body: bytes

    def as_bytes(self) -> bytes:
        """Return the mail as SMTP transmits it: ASCII, unless one of its addresses is not."""
        return self.fields.encode() + self.body


def compose(mail: Mail) -> ComposedMail:
    """Return a mail with its header fields, from the installation's address in the name of its sender.

    :raises UnsafeHeader: if a reader could find a line break or NUL in a name, an address or the subject
    """
    sender, recipient = mail_address(current_app.config["MAIL_FROM"]), mail_address(mail.recipient_email)
    fields = [
        text_field("Subject", mail.subject),
        address_field("From", mail.sender_name, sender),
        address_field("To", mail.recipient_name, recipient),
        text_field("Date", format_datetime(now())),
        f"Message-ID: <{mail.id}@{_public_host()}>\r\n",
        text_field("Auto-Submitted", "auto-generated"),
    ]
    if mail.language is not None:
        fields.append(text_field("Content-Language", mail.language))
    if mail.unsubscribe is not None:
        fields.append(url_field("List-Unsubscribe", mail.unsubscribe))
        fields.append(text_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return ComposedMail(
        mail.id, sender, recipient, "".join(fields), mime_body(mail.id, mail.text, mail.html, mail.calendar)
    )


def mail_address(email: str) -> str:
    """Return an address with its domain in ASCII, unless the part before the @ needs SMTPUTF8 anyway."""
    user, _, domain = email.rpartition("@")
    if user.isascii() and not domain.isascii():
        domain = validate_email(email, check_deliverability=False).ascii_domain
    return f"{user}@{domain}"


def _public_host() -> str:
    host = urlsplit(current_app.config["PUBLIC_URL"]).hostname or "localhost"
    return host.encode("idna").decode()


__all__ = ["CalendarPart", "ComposedMail", "Mail", "MailText", "compose", "mail_address"]
