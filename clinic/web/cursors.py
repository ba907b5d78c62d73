"""Cursors: where the next portion of a list starts, signed, so that nobody can make one up."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import abort, current_app
from itsdangerous import BadSignature, URLSafeSerializer


def write_cursor(key: tuple[Any, ...] | None, *about: str) -> str | None:
    """Return a cursor for a sort key; `about`, which it doesn't tell, is the list and filters it is good for."""
    if key is None:
        return None
    written: str = _serializer(about).dumps([_plain(value) for value in key])
    return written


def read_cursor(cursor: str | None, *about: str) -> tuple[Any, ...] | None:
    """Return the sort key of a cursor that was written for the same list.

    :raises HTTPException: 400 if it was not
    """
    if not cursor:
        return None
    try:
        key = _serializer(about).loads(cursor)
    except (BadSignature, ValueError, TypeError):
        abort(400, "This cursor is not one of this list")
    return tuple(_typed(value) for value in key)


def _serializer(about: tuple[str, ...]) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=json.dumps(["cursor", *about]))


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return {"id": str(value)}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return value


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return UUID(value["id"]) if "id" in value else datetime.fromisoformat(value["at"])
    return value
