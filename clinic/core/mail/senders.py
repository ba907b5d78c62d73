"""Senders of mail: an SMTP server, or a folder on this machine."""

import logging
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from flask import current_app

from clinic.core.mail.message import ComposedMail

TIMEOUT_SECONDS = 20
TEMPORARY = 500

_log = logging.getLogger("clinic.worker")


class NotSent(Exception):
    """The message was certainly not accepted; if `final`, it would never be."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class MaybeSent(Exception):
    """The connection broke after the message was handed over: it may or may not have been accepted."""


class Sender(Protocol):
    """A way to send messages."""

    def send(self, mail: ComposedMail, hand_over: Callable[[], None]) -> None:
        """Send a message; `hand_over` is called just before it may be accepted.

        :raises NotSent: if it was not accepted
        :raises MaybeSent: if it is unknown whether it was accepted
        """


class OutboxSender:
    """Writes messages to `instance/outbox/*.eml` and logs it, for laptops and demonstrations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, mail: ComposedMail, hand_over: Callable[[], None]) -> None:
        """Write the message to a temporary file and rename it, so that no file is incomplete."""
        hand_over()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{mail.id}.eml"
        unfinished = path.with_suffix(".part")
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(mail.as_bytes())
        unfinished.replace(path)
        _log.info("mail written to %s", path)


class SmtpSender:
    """Sends messages through a mail server: `smtp://user:password@host:port?starttls=1` or `smtps://…`."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.starttls = parse_qs(self.url.query).get("starttls", ["0"])[-1] == "1"

    def send(self, mail: ComposedMail, hand_over: Callable[[], None]) -> None:
        """Run the SMTP commands one by one, so that it is known whether the message can have been accepted."""
        with self._connected() as server:
            try:
                self._send_envelope(server, mail)
                hand_over()
                self._send_data(server, mail)
            except smtplib.SMTPResponseException as error:
                final = error.smtp_code >= TEMPORARY
                raise NotSent(f"the mail server answered {error.smtp_code}", final=final) from error
            except (smtplib.SMTPException, OSError) as error:
                raise _unreachable(error) from error

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Connect, log in and quit; an error of these concerns no message, so that it is never final."""
        try:
            server = self._connect()
        except (smtplib.SMTPException, OSError) as error:
            raise _unreachable(error) from error
        try:
            self._log_in(server)
            yield server
        finally:
            _quit(server)

    def _connect(self) -> smtplib.SMTP:
        host, port = self.url.hostname or "localhost", self.url.port or 0
        if self.url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)

    def _log_in(self, server: smtplib.SMTP) -> None:
        try:
            if self.starttls:
                server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            if self.url.username:
                server.login(unquote(self.url.username), unquote(self.url.password or ""))
        except (smtplib.SMTPException, OSError) as error:
            raise _unreachable(error) from error

    def _send_envelope(self, server: smtplib.SMTP, mail: ComposedMail) -> None:
        international = not (mail.sender.isascii() and mail.recipient.isascii())
        if international and not server.has_extn("smtputf8"):
            raise NotSent("the mail server can't write to such an address", final=True)
        _accepted(server.mail(mail.sender, ["SMTPUTF8", "BODY=8BITMIME"] if international else ()))
        _accepted(server.rcpt(mail.recipient))

    def _send_data(self, server: smtplib.SMTP, mail: ComposedMail) -> None:
        try:
            _accepted(server.data(mail.as_bytes()))
        except smtplib.SMTPResponseException:
            raise
        except (smtplib.SMTPException, OSError) as error:
            raise MaybeSent from error


def configured_sender() -> Sender:
    """Return the sender that the installation is configured for."""
    if url := current_app.config["SMTP_URL"]:
        return SmtpSender(url)
    return OutboxSender(Path(current_app.instance_path) / "outbox")


def _unreachable(error: Exception) -> NotSent:
    if isinstance(error, smtplib.SMTPResponseException):
        return NotSent(f"the mail server turned us away with {error.smtp_code}")
    return NotSent(f"the mail server can't be reached ({type(error).__name__})")


def _quit(server: smtplib.SMTP) -> None:
    """Quit; whatever the server answers, an accepted message stays accepted."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _accepted(reply: tuple[int, bytes]) -> None:
    code, text = reply
    if not 200 <= code < 300:  # noqa: PLR2004 - SMTP's positive replies
        raise smtplib.SMTPResponseException(code, text)
