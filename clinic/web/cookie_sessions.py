"""The cookie session without flashed messages, each of which has a cookie of its own.

Flask stores both in one cookie. A late response would then restore an earlier session, with the token of a session that
has ended, and delete the messages that another response has flashed in the meantime.
"""

import secrets
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

FLASHES = "_flashes"
"""The key of flashed messages in a Flask session."""

SECONDS = 300
MAX_COOKIES = 10


class _MessageSigner(SecureCookieSessionInterface):
    """Signs messages with a salt of their own, so that none is accepted as a session."""

    salt = "said"


class _Session(SecureCookieSession):
    """A session that remembers its contents when it was opened."""

    opened_with: dict[str, Any]
    flashed: list[Any]
    cookies: list[str]


class Sessions(SecureCookieSessionInterface):
    """Reads the session and the flashed messages from their cookies, and writes only changes."""

    session_class = _Session

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request with its flashed messages."""
        session = super().open_session(app, request)
        if isinstance(session, _Session):
            session.opened_with = dict(session)
            session.cookies = [name for name in request.cookies if name.startswith(_prefix(app))][:MAX_COOKIES]
            flashed = (one for name in session.cookies for one in _read(app, request.cookies[name]))
            session.flashed = list(dict.fromkeys(flashed))  # a form sent twice has the same message in two cookies
            if session.flashed:
                session[FLASHES] = list(session.flashed)
            session.accessed = session.modified = False
        return session

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Save the session if it has changed, set cookies for new messages, and delete those that were shown."""
        accessed, left = session.accessed, list(session.pop(FLASHES, []))
        still = bool(session.flashed) and left[: len(session.flashed)] == session.flashed
        session.modified, session.accessed = dict(session) != session.opened_with, accessed
        super().save_session(app, session, response)
        if new := left[len(session.flashed) :] if still else left:
            self._set_messages(app, response, new)
        for name in [] if still else session.cookies:
            response.delete_cookie(name, path="/", secure=self.get_cookie_secure(app), httponly=True)

    def _set_messages(self, app: Flask, response: Response, messages: list[Any]) -> None:
        response.set_cookie(
            _prefix(app) + secrets.token_hex(4),
            _signed(app).dumps(messages),
            max_age=SECONDS,
            path="/",
            secure=self.get_cookie_secure(app),
            httponly=True,
            samesite=self.get_cookie_samesite(app),
        )


def init_app(app: Flask) -> None:
    """Store sessions and flashed messages in separate cookies."""
    app.session_interface = Sessions()


def _prefix(app: Flask) -> str:
    return "__Host-said-" if app.config["SESSION_COOKIE_SECURE"] else "said-"


def _signed(app: Flask) -> Any:
    return _MessageSigner().get_signing_serializer(app)


def _read(app: Flask, cookie: str) -> list[Any]:
    try:
        return [tuple(message) for message in _signed(app).loads(cookie, max_age=SECONDS)]
    except BadSignature:
        return []
