"""Error information: status, code and texts of an error, for pages and problem details alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError

from clinic.core.db.sqlite_files import DatabaseReplaced
from clinic.core.errors import (
    ClinicError,
    Conflict,
    Gone,
    InvalidInput,
    NotFound,
    NotSetUp,
    PermissionDenied,
    RateLimited,
    ReadOnlyPreview,
    SchemaOutdated,
    StaleVersion,
)
from clinic.web.problem_details import flattened, title_of
from clinic.web.request_hooks import OtherClinic, is_api

UNKNOWN_HOST = "unknown-host"

_STATUS: dict[type[ClinicError], int] = {
    PermissionDenied: 403,
    ReadOnlyPreview: 403,
    NotFound: 404,
    OtherClinic: 409,
    Conflict: 409,
    Gone: 410,
    StaleVersion: 412,
    InvalidInput: 422,
    RateLimited: 429,
    NotSetUp: 503,
    DatabaseReplaced: 503,
    SchemaOutdated: 503,
}

_DETAILS = {
    400: "The request can't be understood",
    403: "You may not do this",
    404: "There is nothing at this address",
    410: "What was at this address has been removed",
    413: "The limit for one request is 1 MB: nothing was saved",
    429: "Too many attempts in a short time",
}

_PAGE_DETAILS = {
    "bad-request": "The address has an unknown parameter",
    "invalid": "A value in the address is not valid",
    "method-not-allowed": "This address is not a page of its own: open the page from Home",
}
"""Texts of pages, where they differ from those of the API."""

_KEPT_HEADERS = {"Allow", "Retry-After", "WWW-Authenticate"}


@dataclass(frozen=True)
class ErrorInfo:
    """An error as it is shown: `errors` by field, `details` that only this kind of error has."""

    status: int
    code: str
    detail: str
    errors: Any = None
    headers: Sequence[tuple[str, str]] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The title of this kind of error."""
        return title_of(self.status, self.code)

    @property
    def problems(self) -> Sequence[tuple[str, str]]:
        """Every invalid field, by a readable name, and its message."""
        found = flattened(self.errors or {}, "")
        return [(place.strip("/").replace("_", " ").capitalize(), message) for place, message in found]

    @property
    def wait(self) -> int | None:
        """The seconds after which the request may be repeated, if known."""
        seconds = dict(self.headers).get("Retry-After", "")
        return int(seconds) if seconds.isascii() and seconds.isdigit() else None

    @property
    def can_be_sent_again(self) -> bool:
        """Whether no view has run, so that the same form may be sent again."""
        return self.code == "form-expired" or (self.status == 503 and "locations" not in self.details)  # noqa: PLR2004


def http_error_info(error: HTTPException) -> ErrorInfo:
    """Return the information about an HTTP error."""
    status = error.code or 500
    given = getattr(error, "data", None) or {}
    headers = [pair for pair in error.get_headers() if pair[0] in _KEPT_HEADERS]
    code = given.get("code") or error.name.lower().replace(" ", "-")
    if isinstance(error, CSRFError):
        code, detail = "form-expired", "Nothing was saved"
    elif isinstance(error, SecurityError):
        code, detail = UNKNOWN_HOST, "This host name is not allowed: CLINIC_TRUSTED_HOSTS lists those that are"
    elif isinstance(error, MethodNotAllowed):
        detail = "This address does not support that method"
    else:
        detail = (error.description if _has_own_description(error) else None) or _DETAILS.get(status, error.name)
    shown = detail if is_api() else _PAGE_DETAILS.get(code, detail)
    return ErrorInfo(status, code, shown, given.get("errors"), headers)


def _has_own_description(error: HTTPException) -> bool:
    """Return whether the description was given where the error was raised, not by Werkzeug."""
    return error.description is not None and error.description != type(error).description


def clinic_error_info(error: ClinicError) -> ErrorInfo:
    """Return the information about a domain error."""
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    if isinstance(error, StaleVersion) and not is_api():
        status = 409
    headers = [("Retry-After", str(error.retry_after))] if error.retry_after else []
    problems = error.problems if isinstance(error, InvalidInput) else None
    return ErrorInfo(status, error.code, error.message, problems, headers, error.details)
