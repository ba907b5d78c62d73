"""What a day's work writes beside its answers: mails to patients and colleagues, and lines of the log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.access.canaries import SHORTEST, Canaries
from tests.smtp_server import Mailbox

_THEIR_OWN_MAIL = f"{SHORTEST}vogel.recipient@".casefold()
"""What the other clinic itself mails says whose it is."""


@dataclass
class Overheard:
    """The mails that were sent, and every line that was logged, whatever it is worth."""

    mailbox: Mailbox
    lines: list[str] = field(default_factory=list)

    def mails(self) -> list[str]:
        """Return the headers and the text of each mail that was not sent for the other clinic."""
        parts = (
            f"{mail.items()} {part.get_content()}"
            for mail in self.mailbox.messages
            for part in mail.walk()
            if not part.is_multipart()
        )
        return [mail for mail in parts if _THEIR_OWN_MAIL not in mail.casefold()]

    def of(self, canaries: Canaries) -> list[str]:
        """Return mails and lines with something of the other clinic; lines may contain the ids that were asked for."""
        asked = [str(one) for one in canaries.ids.values()]
        told = [mail for mail in self.mails() if canaries.found_in(mail)]
        return told + [line for line in self.lines if canaries.found_in(line, asked=asked)]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep what is logged during a `with` block."""
        listener = logging.Handler()
        listener.emit = lambda record: self.lines.append(f"{record.getMessage()} {record.exc_text or ''}")  # type: ignore[method-assign]
        loggers = [logging.getLogger(name) for name in ("clinic", "flask.app", "werkzeug")]
        before = [logger.level for logger in loggers]
        for logger in loggers:
            logger.addHandler(listener)
            logger.setLevel(logging.DEBUG)
        yield
        for logger, level in zip(loggers, before, strict=True):
            logger.removeHandler(listener)
            logger.setLevel(level)
