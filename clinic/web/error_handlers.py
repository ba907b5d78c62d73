"""The one place where errors are answered: as a page, or in JSON below `/api/`."""

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
    """Answer every error of an application."""
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(CSRFError, answer_form_expired)
    app.register_error_handler(ClinicError, _answer_own)
    app.register_error_handler(StaleDataError, _answer_stale)
    app.register_error_handler(DBAPIError, _answer_database)
    app.register_error_handler(InternalServerError, _answer_unexpected)


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
    """Say that the database is busy or away, was never set up, or is older than the program; nothing was stored."""
    _log.error("database_failed error=%s frames=%s", error_name(error), traceback_summary(error))
    if lacks_tables(error):
        return _answer_own(NotSetUp())
    if lacks_columns(error):
        return _answer_own(SchemaOutdated())
    away = isinstance(error, OperationalError) or type(error) is DatabaseError  # SQLite's, of a file that is none
    return _respond(BUSY if away else UNEXPECTED)


def _answer_unexpected(error: InternalServerError) -> Response:
    """Answer what nobody expected; where another error was being answered, the page may have needed the database."""
    cause = error.original_exception
    return _answer_database(cause) if isinstance(cause, DBAPIError) else _respond(UNEXPECTED)


def _respond(answer: ErrorInfo) -> Response:
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
        "looked": request.method in {"GET", "HEAD"},
        "typed": _typed() if answer.can_be_sent_again else None,
    }
    if answer.status < 500 and answer.code != UNKNOWN_HOST:  # noqa: PLR2004
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
