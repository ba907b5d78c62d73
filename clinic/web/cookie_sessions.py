"""The session in the browser's cookie, and what is said once: each message in a cookie of its own.

Flask keeps both in one cookie. An answer that comes late would then bring back the session of before, with the token of
a session that has ended since, and take along what another answer had said meanwhile.
"""

import secrets
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

SAID = "_flashes"
"""Under this name Flask keeps what is to be said."""

SECONDS = 300
MOST = 10


class _Salted(SecureCookieSessionInterface):
    """Signs messages so that none of them is taken for a session."""

    salt = "said"


class _Session(SecureCookieSession):
    """A session that knows with what it was opened."""

    opened_with: dict[str, Any]
    said: list[Any]
    cookies: list[str]


class Sessions(SecureCookieSessionInterface):
    """Reads the session and what is to be said from their cookies, and writes only what has changed."""

    session_class = _Session

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request, with everything that is to be said."""
        session = super().open_session(app, request)
        if isinstance(session, _Session):
            session.opened_with = dict(session)
            session.cookies = [name for name in request.cookies if name.startswith(_prefix(app))][:MOST]
            session.said = [one for name in session.cookies for one in _read(app, request.cookies[name])]
            if session.said:
                session[SAID] = list(session.said)
            session.accessed = session.modified = False
        return session

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Keep the session if it is another one, what is newly to be said, and forget what was said."""
        accessed, left = session.accessed, list(session.pop(SAID, []))
        still = bool(session.said) and left[: len(session.said)] == session.said
        session.modified, session.accessed = dict(session) != session.opened_with, accessed
        super().save_session(app, session, response)
        if new := left[len(session.said) :] if still else left:
            self._keep(app, response, new)
        for name in [] if still else session.cookies:
            response.delete_cookie(name, path="/", secure=self.get_cookie_secure(app), httponly=True)

    def _keep(self, app: Flask, response: Response, said: list[Any]) -> None:
        response.set_cookie(
            _prefix(app) + secrets.token_hex(4),
            _signed(app).dumps(said),
            max_age=SECONDS,
            path="/",
            secure=self.get_cookie_secure(app),
            httponly=True,
            samesite=self.get_cookie_samesite(app),
        )


def init_app(app: Flask) -> None:
    """Keep sessions and messages apart."""
    app.session_interface = Sessions()


def _prefix(app: Flask) -> str:
    return "__Host-said-" if app.config["SESSION_COOKIE_SECURE"] else "said-"


def _signed(app: Flask) -> Any:
    return _Salted().get_signing_serializer(app)


def _read(app: Flask, cookie: str) -> list[Any]:
    try:
        return [tuple(one) for one in _signed(app).loads(cookie, max_age=SECONDS)]
    except BadSignature:
        return []
