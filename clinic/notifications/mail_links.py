"""The addresses in a message to a patient: pages where they answer, a calendar file, and how to stop messages."""

from dataclasses import dataclass

from flask import current_app

from clinic.notifications.links.issuing import issue_links
from clinic.notifications.models import ANSWER, CALENDAR, PREFERENCES, Notification


@dataclass(frozen=True)
class MailLinks:
    """Absolute URLs for one message; None where its kind has no such link.

    `answer` is the page where a visit is confirmed, cancelled or moved, `calendar` a calendar file of it,
    `preferences` the page to choose which messages to stop, `unsubscribe` the address for one click (RFC 8058).
    """

    answer: str | None = None
    calendar: str | None = None
    preferences: str | None = None
    unsubscribe: str | None = None


def make_links(notification: Notification) -> MailLinks:
    """Return the links of a message, the same over all attempts to send what it says now; nothing is stored.

    They work from the moment at which the message is handed over to a mail server.
    """
    tokens = {purpose: link.token for purpose, link in issue_links(notification).items()}
    return MailLinks(
        answer=_url("visit", tokens.get(ANSWER)),
        calendar=_url("calendar", tokens.get(CALENDAR), ".ics"),
        preferences=_url("messages", tokens.get(PREFERENCES)),
        unsubscribe=_url("unsubscribe", tokens.get(PREFERENCES)),
    )


def _url(page: str, token: str | None, ending: str = "") -> str | None:
    public: str = current_app.config["PUBLIC_URL"]
    return f"{public.rstrip('/')}/my/{page}/{token}{ending}" if token else None
