"""Error handlers of the application: responses as pages, or as problem details (RFC 9457) below `/api/`."""

import logging
import re
from typing import Any

from flask import Flask, Response, current_app, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import RequestRedirect

from clinic.core.db.engine import lacks_columns, lacks_tables
from clinic.core.errors import ClinicError, NotSetUp, SchemaOutdated, StaleVersion
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.web.authorization import authenticate_error_page
from clinic.web.error_info import BUSY, UNEXPECTED, UNKNOWN_HOST, ErrorInfo, clinic_error_info, http_error_info
from clinic.web.problem_details import problem
from clinic.web.request_hooks import is_api, request_id

_SECRET = re.compile("password|secret|code|token", re.IGNORECASE)

_log = logging.getLogger("clinic.web")


def init_app(app: Flask) -> None:
    """Register the handlers of every kind of error."""
    app.register_error_handler(HTTPException, _respond_http)
    app.register_error_handler(CSRFError, respond_form_expired)
    app.register_error_handler(ClinicError, _respond_clinic_error)
    app.register_error_handler(StaleDataError, _respond_stale)
    app.register_error_handler(DBAPIError, _respond_database)
    app.register_error_handler(InternalServerError, _respond_unexpected)


def respond_form_expired(error: CSRFError) -> Response:
    """Respond to a form whose CSRF token does not belong to its session."""
    return _respond(http_error_info(error))


def _respond_http(error: HTTPException) -> Any:
    return error if isinstance(error, RequestRedirect) else _respond(http_error_info(error))


def is_same_origin() -> bool:
    """Return whether the browser states that one of the clinic's own pages sent this request."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _respond_clinic_error(error: ClinicError) -> Response:
    return _respond(clinic_error_info(error))


def _respond_stale(_error: StaleDataError) -> Any:
    return _respond_clinic_error(StaleVersion())


def _respond_database(error: DBAPIError) -> Response:
    """Respond that the database is unavailable, was never set up, or has an outdated schema; nothing was stored."""
    _log.error("database_failed error=%s frames=%s", error_name(error), traceback_summary(error))
    if lacks_tables(error):
        return _respond_clinic_error(NotSetUp())
    if lacks_columns(error):
        return _respond_clinic_error(SchemaOutdated())
    is_unavailable = isinstance(error, OperationalError) or type(error) is DatabaseError  # SQLite: not a database file
    return _respond(BUSY if is_unavailable else UNEXPECTED)


def _respond_unexpected(error: InternalServerError) -> Response:
    """Respond to an unexpected error; it may come from the database, which the page of another error needed."""
    cause = error.original_exception
    return _respond_database(cause) if isinstance(cause, DBAPIError) else _respond(UNEXPECTED)


def _respond(info: ErrorInfo) -> Response:
    if is_api():
        response = problem(info.status, info.code, info.detail, info.errors, **info.details)
    else:
        response = make_response(_page(info), info.status)
    response.headers.extend(info.headers)
    return response


def _page(info: ErrorInfo) -> str:
    context = {
        "error": info,
        "reference": request_id(),
        "is_get": request.method in {"GET", "HEAD"},
        "typed": _typed() if info.can_be_sent_again else None,
    }
    if info.status < 500 and info.code != UNKNOWN_HOST:  # noqa: PLR2004
        authenticate_error_page()
        return render_template("errors/error.html", **context)
    # The template context that modules add to every page may need the database.
    return current_app.jinja_env.get_template("errors/bare.html").render(context)


def _typed() -> list[tuple[str, str]] | None:
    """Return the fields of the sent form without secrets, None unless one of the clinic's own pages sent it.

    Otherwise another site could have its form sent by a user who presses the button on this page.
    """
    if request.method != "POST" or not is_same_origin():
        return None
    return [(name, value) for name, value in request.form.items(multi=True) if not _SECRET.search(name)]
