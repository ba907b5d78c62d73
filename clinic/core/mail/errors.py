"""Why a message was not sent, or may not have been."""

from datetime import datetime

UNREACHABLE = "the mail server can't be reached"
"""Begins the reason of a mail for which no server answered."""


class NotSent(Exception):
    """The message was certainly not accepted; if `final`, it would never be. `answer` is the server's own text."""

    def __init__(self, reason: str, *, final: bool = False, answer: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
        self.answer = answer


class NotYet(NotSent):
    """The message is not to be sent before a time; that is no attempt."""

    def __init__(self, reason: str, *, until: datetime) -> None:
        super().__init__(reason)
        self.until = until


class MaybeSent(Exception):
    """The connection broke after the message was handed over: it may or may not have been accepted."""
