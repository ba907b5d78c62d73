"""What a request may be at the most: to this very host, from no other site's page, of a fair size."""

from io import BytesIO

from flask import abort, current_app, request

FORM = "application/x-www-form-urlencoded"


def refuse_misdirected() -> None:
    """Refuse what names its host in its first line, or nowhere (RFC 9112, 3.2).

    :raises HTTPException: 400
    """
    target = request.environ.get("RAW_URI") or "/"
    is_hostless = request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and "Host" not in request.headers
    if is_hostless or not target.startswith(("/", "*")):
        abort(400, "Ask for a path, and name the host in the header Host")


def refuse_other_sites() -> None:
    """Refuse what a browser sends from another site's page.

    :raises HTTPException: 403
    """
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and origin.partition("://")[2] != request.host
    if is_foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403, "Other sites may not call this API from a browser")


def refuse_too_much() -> None:
    """Refuse a body that is too large, or a form of too many fields, before anybody reads it.

    A body of unknown length is read up to the limit: werkzeug would cut it there and go on.

    :raises HTTPException: 413
    """
    most = current_app.config["MAX_CONTENT_LENGTH"]
    if (request.content_length or 0) > most:
        abort(413)
    if request.content_length is None and request.environ.get("wsgi.input_terminated"):
        body = request.environ["wsgi.input"].read(most + 1)
        if len(body) > most:
            abort(413)
        request.environ["wsgi.input"] = BytesIO(body)
    if request.mimetype == FORM and request.get_data().count(b"&") >= current_app.config["MAX_FORM_PARTS"]:
        abort(413, "These are more fields than are taken at once, nothing was saved")
