"""Composition of mail."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import UUID

from email_validator import validate_email
from flask import current_app

from clinic.core.clock import now


def compose(
    recipient: Address,
    *,
    message_id: UUID,
    sender_name: str,
    subject: str,
    text: str,
    html: str | None = None,
    language: str | None = None,
) -> EmailMessage:
    """Return a mail that the program itself writes, from the installation's address in the name of `sender_name`.

    :raises ValueError: if a name or the subject has a line break, with which a header could be smuggled in
    """
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = mail_address(sender_name, current_app.config["MAIL_FROM"])
    message["To"] = recipient
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{message_id}@{urlsplit(current_app.config['PUBLIC_URL']).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    if language is not None:
        message["Content-Language"] = language
    return message


def mail_address(name: str, email: str) -> Address:
    """Return a mail address; only one beyond ASCII before its @ needs a server that can write to it."""
    user, _, domain = email.rpartition("@")
    if user.isascii() and not domain.isascii():
        domain = validate_email(email, check_deliverability=False).ascii_domain
    return Address(name, user, domain)
