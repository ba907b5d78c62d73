"""What is said about an error, before it is known whether a page or a program will read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError

from clinic.core.errors import (
    ClinicError,
    Conflict,
    Gone,
    Invalid,
    NotFound,
    NotPermitted,
    NotSetUp,
    NotUpgraded,
    OnlyLooking,
    Stale,
    TooMany,
)
from clinic.web.problems import flattened, title_of
from clinic.web.requests import OtherClinic, is_api

UNKNOWN_HOST = "unknown-host"

_STATUS: dict[type[ClinicError], int] = {
    NotPermitted: 403,
    OnlyLooking: 403,
    NotFound: 404,
    OtherClinic: 409,
    Conflict: 409,
    Gone: 410,
    Stale: 412,
    Invalid: 422,
    TooMany: 429,
    NotSetUp: 503,
    NotUpgraded: 503,
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
class Answer:
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
        return self.code in {"form-expired", "unavailable"}


BUSY = Answer(503, "unavailable", "The database is busy: nothing was saved, try again", headers=[("Retry-After", "5")])
UNEXPECTED = Answer(500, "internal-error", "Nothing was saved. Try again, or report the reference below")


def answer_to_http(error: HTTPException) -> Answer:
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
    return Answer(status, code, said, given.get("errors"), headers)


def is_own_words(error: HTTPException) -> bool:
    """Say whether the description was given where the error was raised, not by the library."""
    return error.description is not None and error.description != type(error).description


def answer_to_own(error: ClinicError) -> Answer:
    """Return what is said about an error in the clinic's own terms."""
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    if isinstance(error, Stale) and not is_api():
        status = 409
    headers = [("Retry-After", str(error.retry_after))] if error.retry_after else []
    problems = error.problems if isinstance(error, Invalid) else None
    return Answer(status, error.code, error.message, problems, headers, error.facts)
