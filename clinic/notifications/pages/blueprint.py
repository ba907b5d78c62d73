"""The blueprint of the pages of messages to patients, with the filters of its templates."""

from datetime import datetime, timedelta

from flask import Blueprint, current_app, g

from clinic.core.clock import day_bounds, now, today
from clinic.core.context import current_actor
from clinic.core.mail.errors import UNREACHABLE
from clinic.core.mail.worker import CONNECTION_BROKE
from clinic.identity.clinics import clinic_service
from clinic.notifications.call_list import count_to_call
from clinic.notifications.log import MOST_COUNTED, message_log
from clinic.web.authorization import access_to

HOUR, DAY = 60, 24 * 60
TWO_MINUTES = timedelta(minutes=2)
"""A message that is due later than this after it was queued was planned."""


def waited(since: datetime) -> str:
    """Return how long something has waited: `40 s`, `32 min`, `5 h`, `2 days`."""
    seconds = max(0, int((now() - since).total_seconds()))
    if seconds < HOUR:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < HOUR:
        return f"{minutes} min"
    return f"{minutes // HOUR} h" if minutes < 2 * DAY else f"{minutes // DAY} days"


def access_allowed(endpoint: str) -> bool:
    """Return whether the current actor may open a page."""
    permission = access_to(current_app, endpoint).permission
    return permission is None or current_actor().has_permission(permission)


def ahead(at: datetime) -> str:
    """Return how far ahead an instant is: `40 min`, `22 hours`, `4 days`."""
    minutes = max(0, int((at - now()).total_seconds()) // 60)
    if minutes < 2 * HOUR:
        return f"{minutes} min"
    return f"{minutes // HOUR} hours" if minutes < 2 * DAY else f"{minutes // DAY} days"


def tab_counts(planned: int | None = None) -> dict[str, int]:
    """Return how many messages go out until the end of tomorrow, counted unless given, and how many calls, by tab."""
    return {"next_messages": _count_planned() if planned is None else planned, "to_call": calls_to_make()}


def calls_to_make() -> int:
    """Return how many calls are to be made, counted once for the page and its navigation."""
    if "calls_to_make" not in g:
        g.calls_to_make = count_to_call()
    return int(g.calls_to_make)


def _count_planned() -> int:
    zone = clinic_service.current().zone
    return message_log.count_planned(day_bounds(today(zone) + timedelta(days=1), zone)[1])


def plain_reason(reason: str) -> str:
    """Return why a message was not sent, in words for the desk."""
    for beginning, words in _PLAIN.items():
        if reason.startswith(beginning):
            return f"{words} ({code})" if (code := reason.removeprefix(f"{ANSWERED} ")).isdigit() else words
    return reason


def before_visit(minutes: int) -> str:
    """Return how long before a visit something is: `2 days before`, `3 hours before`, `45 minutes before`."""
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", 1)):
        if minutes % size == 0:
            return f"{minutes // size} {unit}{'' if minutes // size == 1 else 's'} before"
    return ""


ANSWERED = "the mail server answered"

_PLAIN = {
    f"{ANSWERED} 4": "the mail server asked to try again later",
    f"{ANSWERED} 5": "the mail server refused the address or the message",
    UNREACHABLE: "the mail server does not answer",
    CONNECTION_BROKE: "the connection was lost after sending",
}
"""The beginnings of reasons as they are stored, and the words for the desk."""

blueprint = Blueprint("notifications", __name__, url_prefix="/messages", template_folder="../templates")
blueprint.add_app_template_filter(waited)
blueprint.add_app_template_filter(ahead)
blueprint.add_app_template_filter(plain_reason)
blueprint.add_app_template_filter(before_visit)


@blueprint.context_processor
def template_values() -> dict[str, object]:
    """Return what the templates of messages use: the current time as a function, and when a message was planned."""
    return {
        "most_counted": MOST_COUNTED,
        "now": now,
        "two_minutes": TWO_MINUTES,
        "access_allowed": access_allowed,
        "tab_counts": tab_counts,
    }
