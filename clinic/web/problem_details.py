"""Problem details of RFC 9457, the errors of the JSON API."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from flask import Response

from clinic.web.request_hooks import request_id

MAX_ERRORS = 100
"""Errors in one response at most, so that its size does not grow with the request."""

TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Page not found",
    405: "Not possible here",
    409: "Something has changed",
    410: "No longer here",
    412: "Something has changed",
    413: "Too much at once",
    415: "Not a form that we read",
    422: "There is a problem",
    428: "Which version is meant?",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available right now",
}
"""Titles of errors by status, on pages and in JSON."""

_TITLES_BY_CODE = {
    "form-expired": "This form has expired",
    "other-clinic": "You are in another clinic",
    "saved-but-not-shown": "Saved, but not shown",
    "outcome-unknown": "It is not known whether this was saved",
}


def title_of(status: int, code: str) -> str:
    """Return the title of an error: by its code if that has one, else by its status."""
    return _TITLES_BY_CODE.get(code) or TITLES.get(status, code.replace("-", " ").capitalize())


def problem(status: int, code: str, detail: str, errors: Mapping[Any, Any] | None = None, **more: Any) -> Response:
    """Return an `application/problem+json` response; `errors` maps fields, possibly nested, to messages."""
    body = {
        "type": f"urn:clinic:problem:{code}",
        "title": title_of(status, code),
        "status": status,
        "detail": detail,
        "instance": f"urn:clinic:request:{request_id()}",
        "code": code,
        **more,
    }
    if errors:
        body["errors"] = [
            {"pointer": pointer, "code": "invalid", "detail": message}
            for pointer, message in islice(flattened(errors), MAX_ERRORS)
        ]
    return Response(json.dumps(body), status, content_type="application/problem+json")


def flattened(errors: Any, pointer: str = "#") -> Iterator[tuple[str, str]]:
    """Return (JSON pointer, message) for every message of a nested mapping."""
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            inside = pointer if key in {"_schema", ""} else f"{pointer}/{_escaped(key)}"
            yield from flattened(inner, inside)
    elif isinstance(errors, list):
        for inner in errors:
            yield from flattened(inner, pointer)
    else:
        yield pointer, str(errors)


def _escaped(key: Any) -> str:
    """Escape a key of a JSON pointer (RFC 6901), cut to 100 characters as it comes from the request."""
    return str(key)[:100].encode("ascii", "backslashreplace").decode().replace("~", "~0").replace("/", "~1")
