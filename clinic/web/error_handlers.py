"""The one place where errors are answered: as a page, or in JSON below `/api/`."""

import logging
import re
import sys
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
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
    """Answer every error of an application."""
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(CSRFError, answer_form_expired)
    app.register_error_handler(ClinicError, _answer_own)
    app.register_error_handler(StaleDataError, _answer_stale)
    app.register_error_handler(DBAPIError, _answer_database)
    app.register_error_handler(InternalServerError, _answer_unexpected)
    app.wsgi_app = _with_teardown_errors(app, app.wsgi_app)  # type: ignore[assignment, method-assign]


def answer_form_expired(error: CSRFError) -> Response:
    """Answer a form whose token against forgery is another than its session's."""
    return _respond(http_error_info(error))


def _answer_http(error: HTTPException) -> Any:
    return error if isinstance(error, RequestRedirect) else _respond(http_error_info(error))


def is_from_here() -> bool:
    """Say whether the browser tells that a page of ours sent this request."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _answer_own(error: ClinicError) -> Response:
    return _respond(clinic_error_info(error))


def _answer_stale(_error: StaleDataError) -> Any:
    return _answer_own(StaleVersion())


def _answer_database(error: DBAPIError) -> Response:
    _log.error("database_failed error=%s frames=%s", error_name(error), traceback_summary(error))
    return _respond(database_failure(error))


def _answer_unexpected(error: InternalServerError) -> Response:
    """Answer what nobody expected; where another error was being answered, the page may have needed the database."""
    cause = error.original_exception
    return _answer_database(cause) if isinstance(cause, DBAPIError) else _respond(UNEXPECTED)


def _with_teardown_errors(app: Flask, wsgi_app: "WSGIApplication") -> "WSGIApplication":
    """Return a WSGI application that also answers an error in the teardown, after the response was made."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        heads: list[tuple[Any, ...]] = []
        try:
            body = wsgi_app(environ, lambda *head: heads.append(head))  # type: ignore[arg-type]
        except Exception:
            if app.testing or app.debug:
                raise
            app.log_exception(sys.exc_info())
            return _teardown_response(app, environ)(environ, start_response)
        start_response(*heads[-1])
        return body

    return call


def _teardown_response(app: Flask, environ: "WSGIEnvironment") -> Response:
    with app.request_context(environ):
        g.request_id = environ.get(REQUEST_ID, "")
        answer = UNEXPECTED if request.method in _READING else UNFINISHED
        return app.process_response(_respond(answer))


def _respond(answer: ErrorInfo) -> Response:
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        answer = with_outcome(answer)
    if is_api():
        response = problem(answer.status, answer.code, answer.detail, answer.errors, **answer.facts)
    else:
        response = make_response(_page(answer), answer.status)
    response.headers.extend(answer.headers)
    return response


def _page(answer: ErrorInfo) -> str:
    shown = {
        "answer": answer,
        "reference": request_id(),
        "looked": request.method in _READING,
        "typed": _typed() if answer.can_be_sent_again else None,
    }
    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.code != UNKNOWN_HOST:
        authenticate_error_page()
        return render_template("errors/error.html", **shown)
    # What the modules give every page may need the database.
    return current_app.jinja_env.get_template("errors/bare.html").render(shown)


def _typed() -> list[tuple[str, str]] | None:
    """Return the fields of the sent form, without secrets; None unless a page of ours sent it.

    Otherwise another site could have its form sent by whoever presses the button here.
    """
    if request.method != "POST" or not is_from_here():
        return None
    return [(name, value) for name, value in request.form.items(multi=True) if not _SECRET.search(name)]
