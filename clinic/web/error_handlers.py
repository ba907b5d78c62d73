"""Error handlers of the application: responses as pages, or as problem details (RFC 9457) below `/api/`."""

import logging
import re
import sys
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import RequestRedirect

from clinic.core.errors import ClinicError, StaleVersion
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.web.authorization import authenticate_error_page
from clinic.web.error_info import UNKNOWN_HOST, ErrorInfo, clinic_error_info, http_error_info
from clinic.web.failure_info import UNEXPECTED, UNFINISHED, database_failure, with_outcome
from clinic.web.problem_details import problem
from clinic.web.request_hooks import REQUEST_ID, is_api, request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SECRET = re.compile("password|secret|code|token", re.IGNORECASE)

_READING = {"GET", "HEAD"}

_log = logging.getLogger("clinic.web")


def init_app(app: Flask) -> None:
    """Register the handlers of every kind of error."""
    app.register_error_handler(HTTPException, _respond_http)
    app.register_error_handler(ClinicError, _respond_clinic_error)
    app.register_error_handler(StaleDataError, _respond_stale)
    app.register_error_handler(DBAPIError, _respond_database)
    app.register_error_handler(InternalServerError, _respond_unexpected)
    app.wsgi_app = _with_teardown_errors(app, app.wsgi_app)  # type: ignore[assignment, method-assign]


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
    """Respond that the database is unavailable, was never set up, has an outdated schema or another fault."""
    _log.error("database_failed error=%s frames=%s", error_name(error), traceback_summary(error))
    return _respond(database_failure(error))


def _respond_unexpected(error: InternalServerError) -> Response:
    """Respond to an unexpected error; it may come from the database, which the page of another error needed."""
    cause = error.original_exception
    return _respond_database(cause) if isinstance(cause, DBAPIError) else _respond(UNEXPECTED)


def _with_teardown_errors(app: Flask, wsgi_app: "WSGIApplication") -> "WSGIApplication":
    """Return a WSGI application that also answers an error in the teardown, after the response was made."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started: list[tuple[Any, ...]] = []
        try:
            body = wsgi_app(environ, lambda *arguments: started.append(arguments))  # type: ignore[arg-type]
        except Exception:
            if app.testing or app.debug:
                raise
            app.log_exception(sys.exc_info())
            return _teardown_response(app, environ)(environ, start_response)
        start_response(*started[-1])
        return body

    return call


def _teardown_response(app: Flask, environ: "WSGIEnvironment") -> Response:
    with app.request_context(environ):
        g.request_id = environ.get(REQUEST_ID, "")
        info = UNEXPECTED if request.method in _READING else UNFINISHED
        return app.process_response(_respond(info))


def _respond(info: ErrorInfo) -> Response:
    if info.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        info = with_outcome(info)
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
        "is_get": request.method in _READING,
        "typed": _typed() if info.can_be_sent_again else None,
    }
    if info.status < HTTPStatus.INTERNAL_SERVER_ERROR and info.code != UNKNOWN_HOST:
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
