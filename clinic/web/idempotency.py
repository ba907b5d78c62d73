"""Requests that are sent twice are carried out once: `@idempotent` for pages and JSON alike.

Put it on every view that creates or changes something, below `@requires`:

    @blueprint.post("/new")
    @requires("patients:write")
    @idempotent
    def create() -> ResponseReturnValue: ...

and in JSON `@blueprint.idempotent()`, which documents it as well. A program sends the key in the header
`Idempotency-Key`, a page in the hidden field that the macro `form_token` writes, made anew with each form. A key is
that of one clinic, actor and route. The view runs in one unit of work with its key and its answer
(`core/idempotency.py`): a second request with the same body gets the stored answer, one with another body 422, and a
failed request leaves no trace of its key.

The stored answer of a page is its redirect with the flashed messages. A view that returns a page instead, because it
shows something once, calls `replay_as`.
"""

import json
from collections.abc import Callable
from functools import wraps
from secrets import token_urlsafe
from typing import Any, TypeVar

from flask import Flask, Response, abort, flash, g, make_response, request, session
from flask.typing import ResponseReturnValue

from clinic.core.context import current_actor
from clinic.core.idempotency import (
    Answer,
    Claim,
    IdempotencyKeyReused,
    Replay,
    claim_key,
    find_answer,
    hash_of,
    is_key,
    store_answer,
)
from clinic.core.tenancy import current_clinic_id_or_none
from clinic.core.unit_of_work import enclosing_unit_of_work
from clinic.web.cookie_sessions import FLASHES
from clinic.web.json_parser import raise_invalid
from clinic.web.request_hooks import is_api

HEADER, FIELD, REPLAYED = "Idempotency-Key", "key", "Idempotency-Replayed"

BAD_KEY = "Enter a key of 16 to 255 printable ASCII characters"
FORM_WITHOUT_KEY = "This form was not complete: check what you typed, then send it again"
FORM_REUSED = "This form was sent before with other values: check what was saved, then send it again"

_STORED_HEADERS = ("Content-Type", "ETag", "Location")
_NEW_IN_EACH_FORM = {FIELD, "csrf_token", "_kept"}

View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Add the function that makes the key of a form to the templates."""
    app.jinja_env.globals["new_form_key"] = new_form_key


def idempotent(view: View) -> View:
    """Carry out a request once, however often it is sent with the same key; a request without a key as it is sent."""
    return _decorated(view, required=False)


def idempotent_with_key(view: View) -> View:
    """Carry out a request once, however often it is sent with the same key; refuse one without a key."""
    return _decorated(view, required=True)


def new_form_key() -> str:
    """Return a key for a form that is being rendered."""
    return token_urlsafe(24)


def sent_key() -> str | None:
    """Return the key of this request; None if it has none, or no valid one in a form."""
    key = request.headers.get(HEADER) if is_api() else request.form.get(FIELD)
    return key if key is not None and is_key(key) else None


def form_problem() -> str | None:
    """Return why the sent form may not be carried out with its key, to be shown with the form."""
    problem: str | None = g.get("form_problem")
    return problem


def replay_as(response: Response, *messages: str) -> None:
    """Set what a repeated request gets instead of the page that this one returns."""
    g.replayed_as = (response, [("message", message) for message in messages])


def _decorated(view: View, *, required: bool) -> View:
    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        claim = _sent_claim(required=required)
        try:
            if claim and (earlier := _find(claim)):
                return _replayed(earlier)
            return _carried_out(claim, lambda: view(*args, **kwargs))
        except Replay as replay:
            return _replayed(replay.answer)

    return answer  # type: ignore[return-value]


def _carried_out(claim: Claim | None, call: Callable[[], Any]) -> Response:
    """Call a view in one unit of work with the claim of its key and its answer."""
    flashed = len(session.get(FLASHES, ())) if not is_api() else 0
    with enclosing_unit_of_work(lambda: claim_key(claim) if claim else None) as unit:
        response = make_response(call())
        if claim and unit.is_open:
            store_answer(claim, _answer(response, flashed))
    return response


def _answer(response: Response, flashed: int) -> Answer:
    """Return what is stored of a response, with the messages flashed after the first `flashed` ones.

    :raises RuntimeError: if the view has changed something and returns an error, or a page without `replay_as`
    """
    messages = [] if is_api() else list(session.get(FLASHES, ()))[flashed:]
    response, messages = g.pop("replayed_as", (response, messages))
    if response.status_code >= 400 or (response.status_code < 300 and response.mimetype == "text/html"):  # noqa: PLR2004
        raise RuntimeError("a view that has changed something redirects, or sets by replay_as what is replayed")
    headers = [(name, response.headers[name]) for name in _STORED_HEADERS if name in response.headers]
    return Answer(response.status_code, headers, response.get_data(as_text=True), messages)


def _replayed(answer: Answer) -> Response:
    for category, message in answer.messages:
        flash(message, category)
    response = Response(answer.body, answer.status, [(name, value) for name, value in answer.headers])
    response.headers[REPLAYED] = "true"
    return response


def _sent_claim(*, required: bool) -> Claim | None:
    """Return the key of this request in its scope, None if it has none.

    :raises HTTPException: in JSON 400 if a required one is missing, 422 if it is not valid
    """
    key = sent_key()
    if key is None:
        _refuse_missing_key(required=required)
        return None
    clinic_id, actor = current_clinic_id_or_none(), current_actor().actor
    return Claim(hash_of(str(clinic_id), actor, request.endpoint, key), hash_of(request.path, _sent_body()))


def _refuse_missing_key(*, required: bool) -> None:
    if not is_api():
        g.form_problem = FORM_WITHOUT_KEY if required else None
    elif HEADER in request.headers:
        raise_invalid({HEADER: [BAD_KEY]})
    elif required:
        abort(
            400, f"Send {HEADER} with 16 to 255 characters that identify this request, so that it is carried out once"
        )


def _find(claim: Claim) -> Answer | None:
    """Return the answer to the first request with a key; a form that reuses it is shown again by its own view.

    :raises IdempotencyKeyReused: if a program reuses it
    """
    try:
        return find_answer(claim)
    except IdempotencyKeyReused:
        if is_api():
            raise
        g.form_problem = FORM_REUSED
        return None


def _sent_body() -> Any:
    """Return the body as JSON values: JSON as parsed, the fields of a form without those that each rendering renews."""
    if not is_api():
        return [pair for pair in request.form.items(multi=True) if pair[0] not in _NEW_IN_EACH_FORM]
    body = request.get_data()
    try:
        return json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return body.hex()
