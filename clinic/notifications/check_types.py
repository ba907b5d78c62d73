"""What a check of a message is, and why one stops it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clinic.notifications.subjects import MessageSubject


@dataclass(frozen=True)
class Stop:
    """Why a message is not sent; one that only `waits` may be sent later, if known from a time on."""

    reason: str
    waits: bool = False
    until: datetime | None = None


@dataclass(frozen=True)
class Check:
    """A question about a message: its label, how it is answered, and on which page its answer can be changed.

    `page` is an endpoint that takes the id of the patient, or of what the message is about, as its `argument`. One that
    is not asked twice is asked when the message is written, and not again when the mail server is ready to accept it.
    """

    name: str
    label: str
    stop: Callable[[MessageSubject], Stop | None]
    page_label: str = ""
    page: str | None = None
    argument: str | None = None
    is_asked_twice: bool = True
