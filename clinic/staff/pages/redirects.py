"""Where a person is led after signing in: only to a page of ours."""

import re

from flask import current_app, url_for
from werkzeug.exceptions import HTTPException

_PATH = re.compile(r"/[A-Za-z0-9_./?&=%+~,:@!$*();'-]*", re.ASCII)


def safe_next(wanted: str | None) -> str:
    """Return the address of a page of ours that can be looked at, or the start (OWASP: unvalidated redirects)."""
    home = url_for("staff.home")
    if not wanted or not _PATH.fullmatch(wanted) or wanted.startswith("//") or len(wanted) > 2000:  # noqa: PLR2004
        return home
    path = wanted.partition("?")[0]
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return home
    return home if endpoint in {"static", "staff.sign_in", "staff.sign_out"} or path.startswith("/api/") else wanted
