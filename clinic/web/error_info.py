"""What is said about an error, before it is known whether a page or a program will read it."""

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
    410: "What was at this address is no longer here",
    413: "This is more than the 1 MB that is taken at once, nothing was saved",
    429: "This was tried too often in a short time",
}

_IN_PLAIN_WORDS = {
    "bad-request": "This address asks for something that the page doesn’t know",
    "invalid": "This address asks for something that can’t be",
    "method-not-allowed": "This page is opened in another way: go to it from the start",
}
"""What a page says instead of what a program is told."""

_KEPT_HEADERS = {"Allow", "Retry-After", "WWW-Authenticate"}


@dataclass(frozen=True)
class ErrorInfo:
    """What is to be said: `errors` about fields, `facts` that belong to this kind of error."""

    status: int
    code: str
    detail: str
    errors: Any = None
    headers: Sequence[tuple[str, str]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What this kind of error is called."""
        return title_of(self.status, self.code)

    @property
    def problems(self) -> Sequence[tuple[str, str]]:
        """Every field that is to be mended, as people call it, and what to do about it."""
        found = flattened(self.errors or {}, "")
        return [(place.strip("/").replace("_", " ").capitalize(), message) for place, message in found]

    @property
    def wait(self) -> int | None:
        """After how many seconds it may be tried again, if that is known."""
        said = dict(self.headers).get("Retry-After", "")
        return int(said) if said.isascii() and said.isdigit() else None

    @property
    def can_be_sent_again(self) -> bool:
        """Whether nothing was looked at or saved, so that the same form may come once more."""
        return self.code == "form-expired" or (self.status == 503 and "locations" not in self.facts)  # noqa: PLR2004


def http_error_info(error: HTTPException) -> ErrorInfo:
    """Return what is said about an error of HTTP."""
    status = error.code or 500
    given = getattr(error, "data", None) or {}
    headers = [pair for pair in error.get_headers() if pair[0] in _KEPT_HEADERS]
    code = given.get("code") or error.name.lower().replace(" ", "-")
    if isinstance(error, CSRFError):
        code, detail = "form-expired", "Nothing was saved"
    elif isinstance(error, SecurityError):
        code, detail = UNKNOWN_HOST, "This host name is not one of ours: CLINIC_TRUSTED_HOSTS lists those that are"
    elif isinstance(error, MethodNotAllowed):
        detail = "This address does not answer to that method"
    else:
        detail = (error.description if is_own_words(error) else None) or _DETAILS.get(status, error.name)
    said = detail if is_api() else _IN_PLAIN_WORDS.get(code, detail)
    return ErrorInfo(status, code, said, given.get("errors"), headers)


def is_own_words(error: HTTPException) -> bool:
    """Say whether the description was given where the error was raised, not by the library."""
    return error.description is not None and error.description != type(error).description


def clinic_error_info(error: ClinicError) -> ErrorInfo:
    """Return what is said about an error in the clinic's own terms."""
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    if isinstance(error, StaleVersion) and not is_api():
        status = 409
    headers = [("Retry-After", str(error.retry_after))] if error.retry_after else []
    problems = error.problems if isinstance(error, InvalidInput) else None
    return ErrorInfo(status, error.code, error.message, problems, headers, error.facts)
