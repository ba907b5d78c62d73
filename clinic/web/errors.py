"""The one place where errors are answered: as a page, or in JSON below `/api/`."""

import logging
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, make_response, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, SecurityError
from werkzeug.routing import RequestRedirect

from clinic.core.engine import lacks_tables
from clinic.core.errors import ClinicError, Conflict, Invalid, NotFound, NotSetUp, Stale
from clinic.core.failures import class_of, frames_of
from clinic.web.problems import problem, title_of
from clinic.web.requests import OtherClinic, is_api, request_id

UNKNOWN_HOST = "unknown-host"

_log = logging.getLogger("clinic.web")

_STATUS: dict[type[ClinicError], int] = {
    NotFound: 404,
    OtherClinic: 409,
    Conflict: 409,
    Stale: 412,
    Invalid: 422,
    NotSetUp: 503,
}

_DETAILS = {
    400: "The request can't be understood",
    404: "There is nothing at this address",
    413: "This is more than the 1 MB that is taken at once",
}


@dataclass(frozen=True)
class _Answer:
    """What is to be said about an error, before it is known in which form."""

    status: int
    code: str
    detail: str
    errors: Any = None
    headers: Any = ()
    more: Any = None


def init_app(app: Flask) -> None:
    """Answer every error of an application."""
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(CSRFError, _answer_http)
    app.register_error_handler(ClinicError, _answer_own)
    app.register_error_handler(StaleDataError, _answer_stale)
    app.register_error_handler(DBAPIError, _answer_database)
    app.register_error_handler(InternalServerError, _answer_unexpected)


def _answer_http(error: HTTPException) -> Any:
    if isinstance(error, RequestRedirect):
        return error
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    headers = [pair for pair in error.get_headers() if pair[0] in {"Allow", "Retry-After", "WWW-Authenticate"}]
    code = data.get("code") or error.name.lower().replace(" ", "-")
    if isinstance(error, CSRFError):
        code, detail = "form-expired", "This form has expired. Go back, reload the page and send it again"
    elif isinstance(error, SecurityError):
        code, detail = UNKNOWN_HOST, "This host name is not one of ours: CLINIC_TRUSTED_HOSTS lists those that are"
    elif isinstance(error, MethodNotAllowed):
        detail = "This address does not answer to that method"
    else:
        detail = (error.description if is_own_words(error) else None) or _DETAILS.get(status, error.name)
    return _respond(_Answer(status, code, detail, data.get("errors"), headers))


def is_own_words(error: HTTPException) -> bool:
    """Say whether the description was given where the error was raised, not by the library."""
    return error.description is not None and error.description != type(error).description


def _answer_own(error: ClinicError) -> Any:
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    if isinstance(error, Stale) and not is_api():
        status = 409
    headers = [("Retry-After", "60")] if status == 503 else []  # noqa: PLR2004 - HTTP's own number
    problems = error.problems if isinstance(error, Invalid) else None
    return _respond(_Answer(status, error.code, error.message, problems, headers, getattr(error, "facts", None)))


def _answer_stale(_error: StaleDataError) -> Any:
    return _answer_own(Stale())


def _answer_database(error: DBAPIError) -> Any:
    """Say that the database is busy or away, or was never set up; nothing was stored."""
    _log.error("database_failed error=%s frames=%s", class_of(error), frames_of(error))
    if lacks_tables(error):
        return _answer_own(NotSetUp())
    if not isinstance(error, OperationalError):
        return _answer_unexpected(InternalServerError())
    words = "The database is busy: nothing was saved, try again"
    return _respond(_Answer(503, "unavailable", words, headers=[("Retry-After", "5")]))


def _answer_unexpected(_error: InternalServerError) -> Any:
    return _respond(_Answer(500, "internal-error", "Nothing was saved. Try again, or report the reference below"))


def _framed(shown: dict[str, Any]) -> str:
    return render_template("errors/error.html", **shown)


def _bare(shown: dict[str, Any]) -> str:
    """Render without what the modules give every page: that may need the database."""
    return current_app.jinja_env.get_template("errors/bare.html").render(shown)


def _respond(answer: _Answer) -> Response:
    if is_api():
        response = problem(answer.status, answer.code, answer.detail, answer.errors, **(answer.more or {}))
    else:
        shown = {"title": title_of(answer.status, answer.code), "answer": answer, "reference": request_id()}
        bare = answer.status >= 500 or answer.code == UNKNOWN_HOST  # noqa: PLR2004
        response = make_response(_bare(shown) if bare else _framed(shown), answer.status)
    response.headers.extend(answer.headers)
    return response
