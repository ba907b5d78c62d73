"""Failures of the program and of its database: the cause, and whether the change was saved."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from flask import current_app
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from clinic.core.db.engine import lacks_columns, lacks_tables
from clinic.core.db.faults import DatabaseFault, database_fault
from clinic.core.db.sqlite_files import DatabaseReplaced
from clinic.core.db.transaction import ChangedRow, current_outcome
from clinic.core.errors import NotSetUp, SchemaOutdated
from clinic.web.error_info import ErrorInfo, clinic_error_info
from clinic.web.json_api import PREFIX
from clinic.web.request_hooks import is_api

UNEXPECTED = ErrorInfo(500, "internal-error", "Nothing was saved. Try again, or report the reference below")
UNFINISHED = ErrorInfo(500, "outcome-unknown", "The response could not be completed. Check before you try again")

SAVED, OUTCOME_UNKNOWN = "saved-but-not-shown", "outcome-unknown"
_DETAILS = {
    SAVED: "Your change was saved, but the response could not be made. Do not send it again",
    OUTCOME_UNKNOWN: "The connection to the database was lost while your change was being saved: it may have been "
    "saved or not. Check before you send it again",
}
_MAX_LOCATIONS = 3


def database_failure(error: DBAPIError) -> ErrorInfo:
    """Return the answer to an error of the database after which nothing is stored."""
    if lacks_tables(error):
        return clinic_error_info(NotSetUp())
    if lacks_columns(error):
        return clinic_error_info(SchemaOutdated())
    fault = database_fault(error)
    return UNEXPECTED if fault is None else _unavailable(fault)


def with_outcome(answer: ErrorInfo) -> ErrorInfo:
    """Return the answer to a failure; if a change is or may be saved, one that shows this and where to check."""
    outcome = current_outcome()
    rows = outcome.saved or outcome.unknown
    if not rows:
        return answer
    code = SAVED if outcome.saved else OUTCOME_UNKNOWN
    status = answer.status if answer.code == DatabaseReplaced.code else 500
    details = {"locations": list(_locations(rows))}
    return replace(answer, status=status, code=code, detail=_DETAILS[code], headers=(), details=details)


def _unavailable(fault: DatabaseFault) -> ErrorInfo:
    detail = f"{fault.reason}: nothing was saved, {fault.remedy}"
    return ErrorInfo(503, fault.code, detail, headers=[("Retry-After", str(fault.retry_after))])


def _locations(rows: Iterable[ChangedRow]) -> Iterable[str]:
    """Return the paths of the first of these rows that have a page, or an endpoint in the API."""
    prefix = PREFIX if is_api() else ""
    paths = dict.fromkeys(f"{prefix}/{table}/{row_id}" for table, row_id in rows)
    return [path for path in paths if _is_shown(path)][:_MAX_LOCATIONS]


def _is_shown(path: str) -> bool:
    with suppress(HTTPException):
        current_app.url_map.bind("").match(path, method="GET")
        return True
    return False
