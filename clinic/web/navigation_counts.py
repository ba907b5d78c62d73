"""Counts in the navigation, read at most every few seconds by a process, so that pages need no statement for them."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, Response, current_app, request

from clinic.core.recent import RecentValues
from clinic.core.tenancy import current_clinic_id_or_none

REREAD_SECONDS = 15
"""How long a count is shown that another process may have changed."""

_COUNTS = "clinic.navigation_counts"


def init_app(app: Flask) -> None:
    """Read the counts anew after each request that may have changed them, as none does that is refused."""
    app.extensions[_COUNTS] = RecentValues(REREAD_SECONDS)
    app.after_request(_forget)


def recent_count(name: str, count: Callable[[], int]) -> int:
    """Return a count of the current clinic as this process read it in the last seconds."""
    counts: RecentValues[int] = current_app.extensions[_COUNTS]
    return counts.get((current_clinic_id_or_none(), name), count)


def forget_counts(app: Flask) -> None:
    """Read all counts anew when they are shown next."""
    app.extensions[_COUNTS].clear()


def _forget(response: Response) -> Response:
    if request.method not in {"GET", "HEAD", "OPTIONS"} and response.status_code < HTTPStatus.BAD_REQUEST:
        forget_counts(current_app)
    return response
