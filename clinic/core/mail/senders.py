"""Senders of mail: an SMTP server, a folder on this machine, or the console."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

from flask import current_app

from clinic.core.mail.message import ComposedMail
from clinic.core.mail.smtp_sender import SmtpSender

CONSOLE, FOLDER = "console:", "folder:"
"""Forms of the setting `CLINIC_SMTP_URL` that name no mail server; a folder is relative to the instance folder."""

_log = logging.getLogger("clinic.worker")


class Sender(Protocol):
    """A way to send messages."""

    def send(self, mail: ComposedMail, hand_over: Callable[[], None]) -> str:
        """Send a message and return what was answered; `hand_over` is called just before it may be accepted.

        :raises NotSent: if it was not accepted
        :raises MaybeSent: if it is unknown whether it was accepted
        """

    def close(self) -> None:
        """End the connection that is kept for the next message, if there is one."""


class FolderSender:
    """Writes messages to `*.eml` files in a folder and logs it, for laptops and demonstrations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, mail: ComposedMail, hand_over: Callable[[], None]) -> str:
        """Write the message to a temporary file and rename it, so that no file is incomplete."""
        hand_over()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{mail.id}.eml"
        unfinished = path.with_suffix(".part")
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(mail.as_bytes())
        unfinished.replace(path)
        _log.info("mail written to %s", path)
        return f"written to {path.name}"

    def close(self) -> None:
        """Do nothing: there is no connection."""


class ConsoleSender:
    """Prints messages to standard output, for development."""

    def send(self, mail: ComposedMail, hand_over: Callable[[], None]) -> str:
        """Print the message as SMTP would transmit it, between two lines with its id."""
        hand_over()
        text = mail.as_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        sys.stdout.write(f"--- mail {mail.id}\n{text}\n--- end of mail {mail.id}\n")
        sys.stdout.flush()
        return "printed to the console"

    def close(self) -> None:
        """Do nothing: there is no connection."""


_current: ContextVar[Sender | None] = ContextVar("sender", default=None)


@contextmanager
def open_sender() -> Iterator[Sender]:
    """Return the sender that the installation is configured for, which keeps its connection until the block ends.

    Inside another such block it is the sender of that one.
    """
    current = _current.get()
    if current is not None:
        yield current
        return
    sender = configured_sender()
    token = _current.set(sender)
    try:
        yield sender
    finally:
        _current.reset(token)
        sender.close()


def configured_sender() -> Sender:
    """Return a new sender, of the sort that the installation is configured for."""
    url = current_app.config["SMTP_URL"]
    if url.startswith(CONSOLE):
        return ConsoleSender()
    if url.startswith(FOLDER) or not url:
        return FolderSender(Path(current_app.instance_path) / (url.removeprefix(FOLDER) or "outbox"))
    return SmtpSender(url)
