"""Signed cursors: the sort key after which the next page of a list starts."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import abort, current_app
from itsdangerous import BadSignature, URLSafeSerializer

_READERS: dict[str, Callable[[str], Any]] = {
    "id": UUID,
    "at": datetime.fromisoformat,
    "day": date.fromisoformat,
}


def write_cursor(key: tuple[Any, ...] | None, *scope: str) -> str | None:
    """Return a cursor for a sort key, valid only for the list and filters `scope`, which it does not contain."""
    if key is None:
        return None
    written: str = _serializer(scope).dumps([_encoded(value) for value in key])
    return written


def read_cursor(cursor: str | None, *scope: str) -> tuple[Any, ...] | None:
    """Return the sort key of a cursor.

    :raises HTTPException: 400 if it was not written for this list and these filters
    """
    if not cursor:
        return None
    try:
        key = _serializer(scope).loads(cursor)
    except (BadSignature, ValueError, TypeError):
        abort(400, "This cursor is not one of this list")
    return tuple(_decoded(value) for value in key)


def _serializer(scope: tuple[str, ...]) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=json.dumps(["cursor", *scope]))


def _encoded(value: Any) -> Any:
    if isinstance(value, UUID):
        return {"id": str(value)}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        (kind, text), *_ = value.items()
        return _READERS[kind](text)
    return value
