"""Encrypted cursors: the sort key after which the next page of a list starts, which may hold words of names.

AES-SIV (RFC 5297) always gives the same cursor for the same place, so that equal pages have equal ETags.
"""

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from flask import abort, current_app

_READERS: dict[str, Callable[[str], Any]] = {
    "id": UUID,
    "at": datetime.fromisoformat,
    "day": date.fromisoformat,
}


def write_cursor(key: tuple[Any, ...] | None, *scope: str) -> str | None:
    """Return a cursor for a sort key, valid only for the list and filters `scope`; nobody can read what it holds."""
    if key is None:
        return None
    text = json.dumps([_encoded(value) for value in key], separators=(",", ":"))
    return urlsafe_b64encode(_cipher().encrypt(text.encode(), [_bound_to(scope)])).rstrip(b"=").decode()


def read_cursor(cursor: str | None, *scope: str) -> tuple[Any, ...] | None:
    """Return the sort key of a cursor.

    :raises HTTPException: 400 if it was not written for this list and these filters
    """
    if not cursor:
        return None
    try:
        sealed = b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        key = json.loads(_cipher().decrypt(sealed, [_bound_to(scope)]))
    except (InvalidTag, ValueError, TypeError):
        abort(400, "This cursor is not one of this list")
    return tuple(_decoded(value) for value in key)


def _cipher() -> AESSIV:
    return AESSIV(hmac.digest(current_app.config["SECRET_KEY"].encode(), b"cursor", "sha512"))


def _bound_to(scope: tuple[str, ...]) -> bytes:
    return json.dumps(["cursor", *scope]).encode()


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
