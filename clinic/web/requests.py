"""What happens before and after every request: its id, its token against forgery, who calls and whether they may."""

import re
from uuid import uuid4

from flask import Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect

from clinic.core.context import Acting, start_acting, stop_acting
from clinic.web.access import pass_gate

csrf = CSRFProtect()

API_PREFIX = "/api/"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def init_app(app: Flask) -> None:
    """Let every request have an id and an actor, and pass only whom a route lets pass."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # the token lives as long as the session it belongs to
    app.config.setdefault("WTF_CSRF_SSL_STRICT", False)  # no page sends a Referer
    app.before_request(_begin)
    csrf.init_app(app)
    app.before_request(_pass_gate)
    app.after_request(_show_id)
    app.teardown_request(_end)


def is_api() -> bool:
    """Say whether this request is answered in JSON."""
    return request.path.startswith(API_PREFIX)


def request_id() -> str:
    """Return the id of this request, which logs, events and answers share."""
    found: str = g.get("request_id", "")
    return found


def _begin() -> None:
    asked = request.headers.get("X-Request-ID", "")
    g.request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid4().hex
    who = Acting("api" if is_api() else "page", g.request_id, address=request.remote_addr or "")
    g.acting = start_acting(who)
    if is_api() and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403, "Other sites may not call this API from a browser")


def _pass_gate() -> ResponseReturnValue | None:
    return pass_gate(api=is_api())


def _show_id(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    return response


def _end(_error: BaseException | None) -> None:
    if token := g.pop("acting", None):
        stop_acting(token)
