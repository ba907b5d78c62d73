"""The body of a mail: its text, HTML and calendar file as parts (RFC 2045, RFC 2046), each ending with CRLF.

They are written here because the standard library parses every field of every part again, which costs as much as the
checks of a message.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clinic.core.mail.headers import UnsafeHeader

_TOKEN = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class CalendarPart:
    """A calendar file of a mail (RFC 6047): its content, and the method that mail programs read before it."""

    content: bytes
    method: str
    filename: str = "appointment.ics"


def mime_body(mail_id: UUID, text: str, html: str | None, calendar: CalendarPart | None) -> bytes:
    """Return the text and the HTML of a mail, after the fields that describe them.

    A calendar file is the last alternative, which calendars of mail programs read (RFC 6047, section 2.4), and an
    attachment for people whose mail program has none.

    :raises UnsafeHeader: if the method or the name of the calendar file is not a single token
    """
    parts = [_text_part("plain", text)]
    if html is not None:
        parts.append(_text_part("html", html))
    if calendar is not None:
        _check(calendar.method, calendar.filename)
        parts.append(_base64_part(f'text/calendar; charset="utf-8"; method="{calendar.method}"', calendar.content))
    body = parts[0] if len(parts) == 1 else _multipart("alternative", mail_id, parts)
    if calendar is not None:
        disposition = f'Content-Disposition: attachment; filename="{calendar.filename}"\r\n'
        body = _multipart("mixed", mail_id, [body, _base64_part("application/ics", calendar.content, disposition)])
    return b"MIME-Version: 1.0\r\n" + body


def _text_part(subtype: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    fields = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return fields.encode() + b2a_qp("".join(f"{line}\r\n" for line in lines).encode(), istext=True)


def _base64_part(content_type: str, content: bytes, further_fields: str = "") -> bytes:
    fields = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n{further_fields}\r\n"
    return fields.encode() + encodebytes(content).replace(b"\n", b"\r\n")


def _multipart(subtype: str, mail_id: UUID, parts: Sequence[bytes]) -> bytes:
    """Return parts with a boundary that no encoded part can contain, because of its "=_" (RFC 2045, section 6.7)."""
    boundary = f"=_{subtype}_{mail_id.hex}"
    fields = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'
    delimiter = f"--{boundary}\r\n".encode()
    content = b"".join(delimiter + part + b"\r\n" for part in parts)
    return fields.encode() + content + f"--{boundary}--\r\n".encode()


def _check(*values: str) -> None:
    if not all(_TOKEN.fullmatch(value) for value in values):
        raise UnsafeHeader("Content-Type")
