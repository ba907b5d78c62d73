"""Validation of the page that a person returns to after signing in."""

from urllib.parse import quote

from flask import current_app, url_for
from werkzeug.exceptions import HTTPException

_UNQUOTED = "/?&=%+~,:@!$*();'"
_MAX_LENGTH = 2000


def safe_next(wanted: str | None) -> str:
    """Return the address of a page of this application, else the home page (OWASP: unvalidated redirects)."""
    home = url_for("staff.home")
    url = quote(wanted or "", safe=_UNQUOTED)  # Flask-Login passes on what a person typed, with its accents
    if not url.startswith("/") or url.startswith("//") or len(url) > _MAX_LENGTH:
        return home
    path = url.partition("?")[0]
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return home
    unwanted = {"static", "staff.sign_in", "staff.sign_out"}
    return home if endpoint in unwanted or path.startswith("/api/") else url
