"""Devices on which a person has signed in before: they have their own limit of failed logins."""

import secrets
from hashlib import sha256
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from clinic.identity.accounts import email_key

MAX_ACCOUNTS = 20
COOKIE_SECONDS = 365 * 24 * 3600


def known_device(email: str) -> str | None:
    """Return the device's id if the account was used on it before, else None."""
    device, accounts = _read()
    return device if _account_hash(email) in accounts else None


def remember_device(response: Response, email: str) -> Response:
    """Store in the device's cookie that the account was used on it."""
    device, accounts = _read()
    account = _account_hash(email)
    known = [account, *(one for one in accounts if one != account)][:MAX_ACCOUNTS]
    response.set_cookie(
        _name(),
        _signer().dumps([device or secrets.token_hex(8), known]),
        max_age=COOKIE_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def _read() -> tuple[str | None, list[str]]:
    try:
        found: Any = _signer().loads(request.cookies.get(_name(), ""))
        return str(found[0]), list(found[1])
    except (BadSignature, IndexError, TypeError):
        return None, []


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _signer() -> URLSafeSerializer:
    config = current_app.config
    return URLSafeSerializer([*(config.get("SECRET_KEY_FALLBACKS") or []), config["SECRET_KEY"]], salt="device")


def _account_hash(email: str) -> str:
    return sha256(email_key(email).encode("utf-8", "surrogatepass")).hexdigest()[:16]
