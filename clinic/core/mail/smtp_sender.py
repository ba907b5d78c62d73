"""A sender that hands mail over to an SMTP server, several over one connection."""

import re
import smtplib
import ssl
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from clinic.core.mail.errors import UNREACHABLE, MaybeSent, NotSent
from clinic.core.mail.message import ComposedMail

TIMEOUT_SECONDS = 20
TEMPORARY = 500
READY_FOR_CONTENT = 354
ANSWERS = (*range(200, 300), *range(400, 600))
"""The codes that accept or refuse a message; any other is no answer (RFC 5321, section 4.2)."""

MOST_PER_CONNECTION = 100
"""After so many mails a connection is ended: some servers accept no more over one."""

HIDDEN = "••••"
"""Stands for an address in the answer of a mail server."""

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]+@[^\s<>()\[\]:;,\"]+")


class SmtpSender:
    """Sends messages through a mail server: `smtp://user:password@host:port?starttls=1` or `smtps://…`.

    It keeps its connection for the next message until it is closed.
    """

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.starttls = parse_qs(self.url.query).get("starttls", ["0"])[-1] == "1"
        self._server: smtplib.SMTP | None = None
        self._offered, self._is_reset = 0, True

    def send(self, mail: ComposedMail, hand_over: Callable[[], None]) -> str:
        """Run the SMTP commands one by one, so that it is known whether the message can have been accepted."""
        try:
            server = self._resume(mail) or self._begin(mail)
            self._offered, self._is_reset = self._offered + 1, False
            _accepted(server.rcpt(mail.recipient))
            hand_over()
            reply = self._send_data(server, mail)
            self._is_reset = True  # by the end of the content (RFC 5321, section 4.1.1.4)
            return answer_text(*reply, mail.recipient)
        except smtplib.SMTPResponseException as error:
            final, answer = error.smtp_code >= TEMPORARY, answer_text(*_reply(error), mail.recipient)
            raise NotSent(f"the mail server answered {error.smtp_code}", final=final, answer=answer) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise _unreachable(error) from error

    def close(self) -> None:
        """Quit; whatever the server answers, an accepted message stays accepted."""
        server, self._server, self._offered = self._server, None, 0
        if server is None:
            return
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()

    def _resume(self, mail: ComposedMail) -> smtplib.SMTP | None:
        """Begin a message over the kept connection; return None if there is none or the server accepts no more.

        Its refusal may concern the connection, and is asked for again over a new one.
        """
        server = self._server if self._offered < MOST_PER_CONNECTION else None
        if server is not None:
            try:
                if not self._is_reset:
                    _accepted(server.rset())
                _begin_mail(server, mail)
            except (smtplib.SMTPException, OSError):
                server = None
        if server is None:
            self.close()
        return server

    def _begin(self, mail: ComposedMail) -> smtplib.SMTP:
        """Connect and begin a message."""
        server = self._connect()
        _begin_mail(server, mail)
        return server

    def _connect(self) -> smtplib.SMTP:
        """Connect and log in; an error of these concerns no message, so that it is never final."""
        host, port = self.url.hostname or "localhost", self.url.port or 0
        try:
            if self.url.scheme == "smtps":
                context = ssl.create_default_context()
                self._server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
            else:
                self._server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
            self._log_in(self._server)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise _unreachable(error) from error
        return self._server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.starttls:
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if self.url.username:
            server.login(unquote(self.url.username), unquote(self.url.password or ""))

    def _send_data(self, server: smtplib.SMTP, mail: ComposedMail) -> tuple[int, bytes]:
        """Send the content; until the server asks for it, it has certainly not been accepted."""
        ready = server.docmd("DATA")
        if ready[0] != READY_FOR_CONTENT:
            raise smtplib.SMTPDataError(*ready)
        try:
            server.send(_quoted(mail.as_bytes()))
            reply = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise MaybeSent from error
        if reply[0] not in ANSWERS:
            self.close()
            raise MaybeSent
        return _accepted(reply)


def answer_text(code: int, text: bytes, recipient: str = "") -> str:
    """Return a mail server's reply in one line, without the recipient's address or any other."""
    hidden = _ADDRESS.sub(HIDDEN, " ".join(text.decode("utf-8", "replace").split()))
    if user := recipient.rpartition("@")[0]:
        hidden = re.sub(rf"(?i)(?<!\w){re.escape(user)}(?!\w)", HIDDEN, hidden)
    return f"{code} {''.join(char for char in hidden if char.isprintable())}".strip()


def _begin_mail(server: smtplib.SMTP, mail: ComposedMail) -> None:
    """Name the sender of a message.

    :raises NotSent: if the server can't write to its addresses
    """
    international = not (mail.sender.isascii() and mail.recipient.isascii())
    if international and not server.has_extn("smtputf8"):
        raise NotSent("the mail server can't write to such an address", final=True)
    _accepted(server.mail(mail.sender, ["SMTPUTF8", "BODY=8BITMIME"] if international else ()))


def _quoted(content: bytes) -> bytes:
    """Return the content as it is transmitted: leading dots doubled, ended by a line with a dot (RFC 5321, 4.5.2)."""
    lines = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _unreachable(error: Exception) -> NotSent:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = answer_text(*_reply(error))
        return NotSent(f"the mail server turned us away with {error.smtp_code}", answer=answer)
    return NotSent(f"{UNREACHABLE} ({type(error).__name__})")


def _accepted(reply: tuple[int, bytes]) -> tuple[int, bytes]:
    """Return a positive reply.

    :raises smtplib.SMTPResponseException: for any other
    """
    code, text = reply
    if not 200 <= code < 300:  # noqa: PLR2004 - SMTP's positive replies
        raise smtplib.SMTPResponseException(code, text)
    return reply


def _reply(error: smtplib.SMTPResponseException) -> tuple[int, bytes]:
    text = error.smtp_error
    return error.smtp_code, text if isinstance(text, bytes) else str(text).encode()
