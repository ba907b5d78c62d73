"""Mail as it was sent: stored compressed, with every token in its links hidden, and read again for the desk."""

import re
import zlib
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage

from flask import current_app

from clinic.core.mail.message import Mail, compose

HIDDEN = "\u2022" * 8
"""Stands for a token in a link: only its hash is kept, and nobody at the desk answers for the patient."""

_TOKEN = r"[A-Za-z0-9_.~-]{16,}"  # noqa: S105 - what a token looks like
_BOUNDARY = r"(?=[^A-Za-z0-9_.~-]|$)"


@dataclass(frozen=True)
class StoredMail:
    """A mail as it was sent: its header fields in order, its parts, and the names of its attachments."""

    headers: list[tuple[str, str]]
    text: str
    html: str | None
    attachments: list[str]

    def header(self, name: str) -> str | None:
        """Return the value of a header field."""
        return next((value for field, value in self.headers if field.lower() == name.lower()), None)


def hide_tokens(text: str) -> str:
    """Return a text whose links to this installation show no token."""
    public = re.escape(current_app.config["PUBLIC_URL"].rstrip("/"))
    return re.sub(rf"({public}/(?:[^\s<>\"]*?[/=])?){_TOKEN}{_BOUNDARY}", rf"\g<1>{HIDDEN}", text)


def pack_mail(mail: Mail) -> bytes:
    """Return a mail as it is stored."""
    composed = compose(_without_tokens(mail))
    return zlib.compress(hide_tokens(composed.fields).encode() + composed.body)


def unpack_mail(stored: bytes) -> StoredMail:
    """Return a stored mail."""
    return _read(zlib.decompress(stored))


def preview_mail(mail: Mail) -> StoredMail:
    """Return a mail as it would be stored if it was sent now."""
    return unpack_mail(pack_mail(mail))


def _read(content: bytes) -> StoredMail:
    message = message_from_bytes(content, policy=policy.default)
    parts = {part.get_content_type(): part for part in reversed(list(message.walk())) if not part.is_multipart()}
    html = parts.get("text/html")
    return StoredMail(
        headers=[(name, str(value)) for name, value in message.items()],
        text=_content(parts.get("text/plain")),
        html=_content(html) if html is not None else None,
        attachments=[name for part in message.walk() if (name := part.get_filename())],
    )


def _content(part: EmailMessage | None) -> str:
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _without_tokens(mail: Mail) -> Mail:
    """Return a mail in whose parts no link shows its token."""
    calendar = mail.calendar
    return replace(
        mail,
        text=hide_tokens(mail.text),
        html=hide_tokens(mail.html) if mail.html is not None else None,
        calendar=replace(calendar, content=hide_tokens(calendar.content.decode()).encode()) if calendar else None,
    )
