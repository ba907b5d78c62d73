"""Guards of every request: its host, its origin, its size."""

import re
from io import BytesIO
from urllib.parse import unquote_to_bytes

from flask import abort, current_app, request
from werkzeug.exceptions import BadRequest, HTTPException, UnprocessableEntity

FORM = "application/x-www-form-urlencoded"
_NOT_ASCII = re.compile(rb"[\x80-\xff]|%[89A-Fa-f]")
_REPLACEMENT = "\ufffd"
"""What a multipart form's bytes become that are not UTF-8."""


def refuse_misdirected() -> None:
    """Refuse a request whose target is not a path, or that has no Host header (RFC 9112, 3.2).

    :raises HTTPException: 400
    """
    target = request.environ.get("RAW_URI") or "/"
    is_hostless = request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and "Host" not in request.headers
    if is_hostless or not target.startswith(("/", "*")):
        abort(400, "Request a path, and send the header Host")


def refuse_other_sites() -> None:
    """Refuse a request that a browser sends from another site.

    :raises HTTPException: 403
    """
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and origin.partition("://")[2] != request.host
    if is_foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403, "Other sites may not call this API from a browser")


def refuse_too_much() -> None:
    """Refuse a body that is too large, or a form with too many fields, before it is parsed.

    A body of unknown length is read up to the limit, where werkzeug would cut it silently.

    :raises HTTPException: 413
    """
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    if (request.content_length or 0) > limit:
        abort(413)
    if request.content_length is None and request.environ.get("wsgi.input_terminated"):
        body = request.environ["wsgi.input"].read(limit + 1)
        if len(body) > limit:
            abort(413)
        request.environ["wsgi.input"] = BytesIO(body)
    if request.mimetype == FORM and request.get_data().count(b"&") >= current_app.config["MAX_FORM_PARTS"]:
        abort(413, "The form has too many fields, nothing was saved")


def refuse_undecodable_query() -> None:
    """Refuse a query whose bytes are not UTF-8, which werkzeug would leave as they were sent: `Jos%E9`.

    :raises HTTPException: 400
    """
    if not _is_utf_8(request.query_string):
        raise _undecodable(
            BadRequest("This address is not written in UTF-8, so that some characters could not be read")
        )


def refuse_undecodable_form() -> None:
    """Refuse a form whose bytes are not UTF-8.

    :raises HTTPException: 422
    """
    if request.mimetype == FORM:
        is_readable = _is_utf_8(request.get_data())
    else:
        is_readable = not any(_REPLACEMENT in text for field in request.form.items(multi=True) for text in field)
    if not is_readable:
        message = "The form was not sent in UTF-8, so that some characters could not be read: nothing was saved"
        raise _undecodable(UnprocessableEntity(message))


def _is_utf_8(encoded: bytes) -> bool:
    """Return whether bytes are UTF-8; they are decoded only if that can matter, as it takes long."""
    if not _NOT_ASCII.search(encoded):
        return True
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return True


def _undecodable(error: HTTPException) -> HTTPException:
    error.data = {"code": "undecodable"}  # type: ignore[attr-defined]
    return error
